-- What there is: sources, the time from their first to their last event, when each was loaded last.
SELECT
    source,
    min(first_event) AS first_event,
    max(last_event) AS last_event,
    max(committed_at) AS committed_at,
    sum(lines_kept + lines_dropped) AS events
FROM log_audit
GROUP BY 1
ORDER BY 1
