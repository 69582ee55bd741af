-- Texts that differ in digits alone as one, with how often they occur in the range, in the period before, and in
-- each twelfth of the range; most frequent first. `all_events` is of all texts, also of those beyond the limit.
SELECT
    min(text) AS example,
    count_if(slot >= 0) AS events,
    count_if(slot < 0) AS events_before,
    array_join(
        ARRAY[
            count_if(slot = 0), count_if(slot = 1), count_if(slot = 2), count_if(slot = 3),
            count_if(slot = 4), count_if(slot = 5), count_if(slot = 6), count_if(slot = 7),
            count_if(slot = 8), count_if(slot = 9), count_if(slot = 10), count_if(slot >= 11)
        ],
        ' '
    ) AS trend,
    sum(count_if(slot >= 0)) OVER () AS all_events
FROM (
    SELECT
        substr(/* column */, 1, 500) AS text,
        CASE
            WHEN "timestamp" < CAST(:start AS timestamp) THEN -1
            ELSE CAST(
                floor(date_diff('millisecond', CAST(:start AS timestamp), "timestamp") * 12.0e0 / :milliseconds)
                AS integer
            )
        END AS slot
    FROM logs
    WHERE dt BETWEEN :first_day AND :last_day
        AND "timestamp" >= CAST(:before AS timestamp)
        AND "timestamp" < CAST(:end AS timestamp)
        AND /* column */ <> ''
        /* filters */
) AS texts
GROUP BY translate(text, '123456789', '000000000')
ORDER BY count(*) DESC, 1
LIMIT :rows
