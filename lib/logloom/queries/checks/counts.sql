-- Counts that cannot be right: of a level that does not exist, of no event, of no whole minute, filed under another date.
SELECT
  count(*) AS counts,
  count_if(
    coalesce(log_level, '') NOT IN (:levels)
    OR events IS NULL
    OR events < 1
    OR "minute" <> date_trunc('minute', "minute")
    OR dt <> CAST(CAST("minute" AS date) AS varchar)
  ) AS wrong
FROM log_counts
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
