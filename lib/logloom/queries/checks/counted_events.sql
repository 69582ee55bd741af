-- Raw objects of which `log_counts` does not count as many events as the audit says there were. :several matches formats
-- whose lines can hold several events each. Objects with dates before :kept_from ('' if all is kept) are passed over.
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
    lines_kept + lines_dropped AS lines,
    regexp_like(formats, :several) AS several,
    CAST(CAST(least(coalesce(first_event, last_modified), last_modified) AS date) AS varchar) < :kept_from AS partly_gone
  FROM newest
  WHERE age = 1 AND etag <> ''
),
found AS (
  SELECT log_file_path, sum(events) AS events
  FROM log_counts
  WHERE (:source = '' OR source = :source)
  GROUP BY log_file_path
)
SELECT
  count_if(
    NOT coalesce(audited.partly_gone, false)
    AND (
      coalesce(audited.lines, 0) > coalesce(found.events, 0)
      OR coalesce(audited.lines, 0) < coalesce(found.events, 0) AND NOT coalesce(audited.several, false)
    )
  ) AS wrong,
  coalesce(sum(found.events), 0) AS events
FROM audited
FULL JOIN found ON audited.log_file_path = found.log_file_path
