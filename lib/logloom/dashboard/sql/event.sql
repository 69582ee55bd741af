-- All of one event, and its neighbours in the same file.
SELECT *
FROM logs
WHERE dt BETWEEN :day_before AND :day_after
    AND log_file_path = :path
    AND log_file_line BETWEEN :first_line AND :last_line
ORDER BY log_file_line
