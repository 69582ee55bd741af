-- How many lines were rejected in each source, and why.
SELECT source, reason, count(*) AS lines, count(DISTINCT log_file_path) AS objects
FROM log_rejects
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
GROUP BY source, reason
ORDER BY lines DESC, source, reason
