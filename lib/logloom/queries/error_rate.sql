-- The share of HTTP requests of each day that the server failed to answer (5xx).
SELECT
  dt,
  source,
  sum(events) AS requests,
  sum(IF(http_response_status_code >= 500, events, 0)) AS server_errors,
  CAST(sum(IF(http_response_status_code >= 500, events, 0)) AS double) / sum(events) AS error_rate
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND http_response_status_code IS NOT NULL
GROUP BY dt, source
ORDER BY dt, source
