-- HTTP requests by status code, with the bytes that were sent; all of them, also those that are not kept as rows.
SELECT source, http_response_status_code, sum(events) AS requests, sum(bytes) AS response_bytes
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND http_response_status_code IS NOT NULL
GROUP BY source, http_response_status_code
ORDER BY source, http_response_status_code
