-- Events, errors and bytes by source.
SELECT
    source,
    sum(events) AS events,
    sum(CASE WHEN log_level IN ('ERROR', 'FATAL') THEN events ELSE 0 END) AS errors,
    sum(bytes) AS bytes
FROM /* counts */
WHERE dt BETWEEN :first_day AND :last_day
    AND minute >= CAST(:start AS timestamp)
    AND minute < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1
ORDER BY 1
