-- The same as overview.sql for filters that the rollup does not know (text, path, client …), from the events.
-- Levels that the transform dropped are not there.
SELECT
    CASE
        WHEN "timestamp" >= CAST(:start AS timestamp)
        THEN date_add(
            'minute',
            -((hour("timestamp") % :hour_step) * 60 + minute("timestamp") % :minute_step),
            date_trunc('minute', "timestamp")
        )
    END AS bucket,
    log_level,
    count(*) AS events,
    sum(http_response_body_size) AS bytes
FROM logs
WHERE dt BETWEEN :first_day AND :last_day
    AND "timestamp" >= CAST(:before AS timestamp)
    AND "timestamp" < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1, 2
ORDER BY 1, 2
