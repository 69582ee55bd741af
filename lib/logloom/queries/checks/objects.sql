-- The newest row of the audit of each raw object.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
)
SELECT log_file_path, etag, object_size, formats, lines_read, last_modified, committed_at
FROM newest
WHERE age = 1
  AND etag <> ''
  AND (:source = '' OR source = :source)
ORDER BY log_file_path
