-- Raw objects and levels of which `logs` holds another number of events than `log_counts` counts. Levels that were
-- dropped are counted only, so what `logs` lacks altogether is right.
WITH found AS (
  SELECT log_file_path, log_level, count(*) AS events
  FROM logs
  WHERE (:source = '' OR source = :source)
  GROUP BY log_file_path, log_level
),
counted AS (
  SELECT log_file_path, log_level, sum(events) AS events
  FROM log_counts
  WHERE (:source = '' OR source = :source)
  GROUP BY log_file_path, log_level
)
SELECT
  count_if(found.events <> coalesce(counted.events, 0)) AS wrong,
  coalesce(sum(found.events), 0) AS events
FROM found
LEFT JOIN counted ON found.log_file_path = counted.log_file_path AND found.log_level = counted.log_level
