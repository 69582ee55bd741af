-- The URL paths with the most events among those kept (usually warnings and errors).
SELECT
  url_path,
  count(*) AS events,
  count_if(http_response_status_code >= 500) AS server_errors,
  count(DISTINCT client_address) AS clients
FROM logs
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN (:levels)
  AND url_path IS NOT NULL
GROUP BY url_path
ORDER BY events DESC, url_path
LIMIT :limit
