-- The most frequent values of one column, of all sources and of each, by bucket, source, level and class of status.
WITH chosen AS (
    SELECT
        CAST(/* column */ AS varchar) AS value,
        source,
        log_level,
        http_response_status_code / 100 AS status_class,
        date_add('minute', -((hour(minute) % :hour_step) * 60 + minute(minute) % :minute_step), minute) AS bucket,
        sum(events) AS events
    FROM /* counts */
    WHERE dt BETWEEN :first_day AND :last_day
        AND minute >= CAST(:start AS timestamp)
        AND minute < CAST(:end AS timestamp)
        AND /* column */ IS NOT NULL
        /* filters */
    GROUP BY 1, 2, 3, 4, 5
),
by_source AS (
    SELECT
        value,
        source,
        sum(sum(events)) OVER (PARTITION BY value) AS of_all,
        row_number() OVER (PARTITION BY source ORDER BY sum(events) DESC, value) AS place
    FROM chosen
    GROUP BY value, source
),
ranked AS (
    SELECT value, source, place, dense_rank() OVER (ORDER BY of_all DESC, value) AS place_of_all
    FROM by_source
),
frequent AS (
    SELECT value
    FROM ranked
    GROUP BY value
    HAVING min(place_of_all) <= :most OR min(place) <= :most_of_source
)
SELECT chosen.bucket, chosen.source, chosen.log_level, chosen.status_class, chosen.value, chosen.events
FROM chosen
JOIN frequent ON frequent.value = chosen.value
