-- Events by source and level, the least severe level first; all of them, also those that are not kept as rows.
SELECT source, log_level, sum(events) AS events
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
GROUP BY source, log_level
ORDER BY source, array_position(ARRAY['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'FATAL'], log_level)
