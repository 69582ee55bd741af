-- The job runs that read something, the newest first.
SELECT
  job_run_id,
  max(committed_at) AS committed_at,
  count(*) AS objects,
  sum(object_size) AS bytes,
  sum(lines_read) AS lines_read,
  sum(lines_rejected) AS lines_rejected
FROM log_audit
GROUP BY job_run_id
ORDER BY committed_at DESC
LIMIT :limit
