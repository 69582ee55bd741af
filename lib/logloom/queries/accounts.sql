-- What became of every line, by source: read = kept + dropped + rejected + joined + blank. Of each raw object the newest
-- row of the audit counts; one without an ETag says that the object was taken out. All dates of the audit are read,
-- since its dates are those of the runs.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
)
SELECT
  source,
  count(*) AS objects,
  sum(object_size) AS bytes,
  sum(lines_read) AS lines_read,
  sum(lines_kept) AS lines_kept,
  sum(lines_dropped) AS lines_dropped,
  sum(lines_rejected) AS lines_rejected,
  sum(lines_joined) AS lines_joined,
  sum(lines_blank) AS lines_blank,
  min(first_event) AS first_event,
  max(last_event) AS last_event,
  max(committed_at) AS committed_at
FROM newest
WHERE age = 1
  AND etag <> ''
  AND (:source = '' OR source = :source)
GROUP BY source
ORDER BY source
