-- Lines that no format matched, with where they stand and why.
SELECT source, reason, raw_line, log_file_path, log_file_line
FROM log_rejects
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
ORDER BY source, log_file_path, log_file_line
LIMIT :limit
