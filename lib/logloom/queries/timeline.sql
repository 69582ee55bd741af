-- Events by level in buckets of time (:bucket is minute, hour or day), for the levels asked for.
SELECT date_trunc(:bucket, "minute") AS bucket, log_level, sum(events) AS events
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN (:levels)
GROUP BY 1, 2
ORDER BY 1, 2
