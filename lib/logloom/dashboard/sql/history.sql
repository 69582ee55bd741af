-- Events by bucket of time (hour_step hours), with the days before: what the same hours usually have.
SELECT
    date_add('minute', -((hour(minute) % :hour_step) * 60 + minute(minute)), minute) AS bucket,
    sum(events) AS events,
    sum(CASE WHEN log_level IN ('ERROR', 'FATAL') THEN events ELSE 0 END) AS errors
FROM /* counts */
WHERE dt BETWEEN :history_day AND :last_day
    AND minute >= CAST(:history AS timestamp)
    AND minute < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1
ORDER BY 1
