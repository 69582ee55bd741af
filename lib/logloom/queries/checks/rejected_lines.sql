-- Raw objects of which `log_rejects` does not hold as many lines as the audit says were rejected. Objects with dates before :kept_from
-- ('' if all is kept) are passed over: what retention took is missed by no one.
WITH newest AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY log_file_path ORDER BY committed_at DESC, batch_id DESC) AS age
  FROM log_audit
  WHERE (:source = '' OR source = :source)
),
audited AS (
  SELECT
    log_file_path,
    lines_rejected AS lines,
    CAST(CAST(least(coalesce(first_event, last_modified), last_modified) AS date) AS varchar) < :kept_from AS partly_gone
  FROM newest
  WHERE age = 1 AND etag <> ''
),
found AS (
  SELECT log_file_path, count(*) AS lines
  FROM log_rejects
  WHERE (:source = '' OR source = :source)
  GROUP BY log_file_path
)
SELECT
  count_if(
    coalesce(audited.lines, 0) <> coalesce(found.lines, 0) AND NOT coalesce(audited.partly_gone, false)
  ) AS wrong,
  coalesce(sum(found.lines), 0) AS lines
FROM audited
FULL JOIN found ON audited.log_file_path = found.log_file_path
