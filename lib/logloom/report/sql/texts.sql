-- Messages of warnings and errors, and paths of requests that failed (5xx), by source and level: with most events first.
SELECT
    source,
    log_level,
    IF(message IS NULL, 'path', 'message') AS kind,
    substr(coalesce(message, url_path), 1, 2000) AS text,
    date_add('minute', -((hour(minute) % :hour_step) * 60 + minute(minute) % :minute_step), minute) AS bucket,
    sum(events) AS events
FROM /* counts */
WHERE dt BETWEEN :first_day AND :last_day
    AND minute >= CAST(:start AS timestamp)
    AND minute < CAST(:end AS timestamp)
    AND (
        message IS NOT NULL AND log_level IN ('WARNING', 'ERROR', 'FATAL')
        OR message IS NULL AND url_path IS NOT NULL AND log_level IN ('ERROR', 'FATAL')
    )
    /* filters */
GROUP BY 1, 2, 3, 4, 5
ORDER BY 6 DESC, 1, 4, 5
LIMIT :rows
