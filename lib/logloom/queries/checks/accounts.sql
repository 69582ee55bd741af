-- Raw objects whose lines do not add up.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
)
SELECT
  count_if(lines_read <> lines_kept + lines_dropped + lines_rejected + lines_joined + lines_blank) AS wrong,
  coalesce(sum(lines_read), 0) AS lines
FROM newest
WHERE age = 1
  AND etag <> ''
  AND (:source = '' OR source = :source)
