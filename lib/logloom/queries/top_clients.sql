-- The clients with the most events among those kept, and when they came.
SELECT
  client_address,
  count(*) AS events,
  count(DISTINCT url_path) AS paths,
  min("timestamp") AS first_event,
  max("timestamp") AS last_event
FROM logs
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN (:levels)
  AND client_address IS NOT NULL
GROUP BY client_address
ORDER BY events DESC, client_address
LIMIT :limit
