-- One page of the events kept, the newest first. A page begins after the last row of the page before it: :before_time,
-- :before_path and :before_line are that row's timestamp, log_file_path and log_file_line, which OFFSET would have to
-- read its way to.
SELECT
  "timestamp", log_level, source, message, client_address, http_request_method, url_path,
  http_response_status_code, log_file_path, log_file_line
FROM logs
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
  AND log_level IN (:levels)
  AND (:text = '' OR strpos(lower(message), lower(:text)) > 0 OR strpos(lower(url_path), lower(:text)) > 0)
  AND (
    "timestamp" < CAST(:before_time AS timestamp)
    OR "timestamp" = CAST(:before_time AS timestamp)
    AND (log_file_path < :before_path OR log_file_path = :before_path AND log_file_line < :before_line)
  )
ORDER BY "timestamp" DESC, log_file_path DESC, log_file_line DESC
LIMIT :limit
