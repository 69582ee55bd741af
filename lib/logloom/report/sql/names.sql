-- Names of users that the kept events have among their attributes.
SELECT DISTINCT user_name
FROM (
    SELECT coalesce(
        element_at(attributes, 'user.name'),
        element_at(attributes, 'user'),
        element_at(attributes, 'username'),
        element_at(attributes, 'user_name'),
        element_at(attributes, 'user.id'),
        element_at(attributes, '_user_id')
    ) AS user_name
    FROM logs
    WHERE dt BETWEEN :first_day AND :last_day
) AS named
WHERE user_name IS NOT NULL
LIMIT 20000
