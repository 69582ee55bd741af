-- The messages that occur most among the events kept that are no HTTP requests.
SELECT source, log_level, message, count(*) AS events, max("timestamp") AS last_event
FROM logs
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN (:levels)
  AND http_request_method IS NULL
  AND message IS NOT NULL
GROUP BY source, log_level, message
ORDER BY events DESC, source, message
LIMIT :limit
