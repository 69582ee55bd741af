-- Events and bytes by bucket of time, source, level and class of status (2 for 2xx; null without a status).
-- A bucket is hour_step hours or minute_step minutes wide and starts at a multiple of it, UTC.
SELECT
    date_add('minute', -((hour(minute) % :hour_step) * 60 + minute(minute) % :minute_step), minute) AS bucket,
    source,
    log_level,
    http_response_status_code / 100 AS status_class,
    sum(events) AS events,
    sum(bytes) AS bytes
FROM /* counts */
WHERE dt BETWEEN :first_day AND :last_day
    AND minute >= CAST(:start AS timestamp)
    AND minute < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1, 2, 3, 4
