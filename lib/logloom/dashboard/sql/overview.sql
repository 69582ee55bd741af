-- Events by level and bucket of time; the period before, of the same length, in one row a level (bucket is null).
-- A bucket is hour_step hours or minute_step minutes wide and starts at a multiple of it, UTC.
SELECT
    CASE
        WHEN minute >= CAST(:start AS timestamp)
        THEN date_add('minute', -((hour(minute) % :hour_step) * 60 + minute(minute) % :minute_step), minute)
    END AS bucket,
    log_level,
    sum(events) AS events,
    sum(bytes) AS bytes
FROM /* counts */
WHERE dt BETWEEN :first_day AND :last_day
    AND minute >= CAST(:before AS timestamp)
    AND minute < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1, 2
ORDER BY 1, 2
