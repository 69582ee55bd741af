(
    -- The kept events in the rollup's shape, for what the rollup does not know. Dropped levels are not there.
    SELECT
        date_trunc('minute', "timestamp") AS minute,
        1 AS events,
        http_response_body_size AS bytes,
        dt,
        source,
        log_level,
        http_response_status_code,
        http_request_method,
        message,
        url_path,
        url_query,
        client_address,
        user_agent_original,
        http_request_header_referer,
        service_name,
        format,
        log_file_path
    FROM logs
) AS kept
