-- The newest row of the audit of each raw object.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
)
SELECT
  log_file_path,
  etag,
  object_size,
  formats,
  lines_read,
  last_modified,
  committed_at,
  CAST(CAST(coalesce(first_event, last_modified) AS date) AS varchar) AS first_date,
  CAST(CAST(coalesce(last_event, last_modified) AS date) AS varchar) AS last_date
FROM newest
WHERE age = 1
  AND etag <> ''
  AND (:source = '' OR source = :source)
ORDER BY log_file_path
