-- Events by each value of one column of the kept events, most frequent first.
SELECT
    CAST(/* column */ AS varchar) AS value,
    count(*) AS events,
    sum(CASE WHEN log_level IN ('ERROR', 'FATAL') THEN 1 ELSE 0 END) AS errors
FROM logs
WHERE dt BETWEEN :first_day AND :last_day
    AND "timestamp" >= CAST(:start AS timestamp)
    AND "timestamp" < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :rows
