-- Events by weekday (1 is Monday) and hour of the day, UTC.
SELECT
    day_of_week(minute) AS weekday,
    hour(minute) AS hour,
    sum(events) AS events
FROM /* counts */
WHERE dt BETWEEN :first_day AND :last_day
    AND minute >= CAST(:start AS timestamp)
    AND minute < CAST(:end AS timestamp)
    /* filters */
GROUP BY 1, 2
ORDER BY 1, 2
