-- What became of the lines of each raw object, by the newest row of the audit; the worst (most rejected lines) first.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
)
SELECT
  source, log_file_path, etag, object_size, formats, lines_read, lines_kept, lines_dropped, lines_rejected,
  lines_joined, lines_blank, first_event, last_event, last_modified, committed_at
FROM newest
WHERE age = 1
  AND etag <> ''
  AND (:source = '' OR source = :source)
ORDER BY lines_rejected DESC, log_file_path
LIMIT :limit
