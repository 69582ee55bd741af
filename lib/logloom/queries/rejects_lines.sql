-- The different lines that no format matched, cut to their first 4,000 characters, the most frequent first.
SELECT source, substr(raw_line, 1, 4000) AS raw_line, count(*) AS lines
FROM log_rejects
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND reason LIKE 'no format matches%'
GROUP BY source, substr(raw_line, 1, 4000)
ORDER BY lines DESC, source, raw_line
LIMIT :limit
