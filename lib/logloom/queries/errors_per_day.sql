-- Errors (ERROR and FATAL) of each day and source.
SELECT dt, source, sum(events) AS errors
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN ('ERROR', 'FATAL')
GROUP BY dt, source
ORDER BY dt, source
