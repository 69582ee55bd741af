-- Events kept that cannot be right: of a level that does not exist, without a value that every event has, filed under
-- another date than their own, or later than :latest. Their ends are text, since pandas knows no time after 2262.
SELECT
  count(*) AS events,
  count_if(coalesce(log_level, '') NOT IN (:levels)) AS unknown_levels,
  count_if(
    "timestamp" IS NULL OR source IS NULL OR format IS NULL OR log_file_path IS NULL OR log_file_line IS NULL
  ) AS missing_values,
  count_if(dt <> CAST(CAST("timestamp" AS date) AS varchar)) AS wrong_dates,
  count_if("timestamp" > CAST(:latest AS timestamp)) AS future_events,
  CAST(min("timestamp") AS varchar) AS first_event,
  CAST(max("timestamp") AS varchar) AS last_event
FROM logs
WHERE dt BETWEEN :start_date AND :end_date
  AND (:source = '' OR source = :source)
