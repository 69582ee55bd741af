-- A page of events, newest first, by key: the page after the row (timestamp, log_file_path, log_file_line).
SELECT
    "timestamp",
    log_level,
    source,
    message,
    http_request_method,
    url_path,
    url_query,
    http_response_status_code,
    client_address,
    http_response_body_size,
    service_name,
    user_agent_original,
    http_request_header_referer,
    format,
    log_file_path,
    log_file_line
FROM logs
WHERE dt BETWEEN :first_day AND :last_day
    AND "timestamp" >= CAST(:start AS timestamp)
    AND "timestamp" < CAST(:end AS timestamp)
    /* filters */
    /* after */
ORDER BY "timestamp" DESC, log_file_path DESC, log_file_line DESC
LIMIT :rows
