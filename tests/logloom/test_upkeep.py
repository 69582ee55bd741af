"""Compaction and retention as commands: run by Glue on the tables of the local AWS."""

from __future__ import annotations

import pytest
from logloom import cli, crawler, job, landing, queries, settings, upkeep

ACCESS = '203.0.113.9 - - [0{day}/Dec/2025:10:00:00 +0000] "GET /{n} HTTP/1.1" 500 12 "-" "curl/8.5.0"\n'


@pytest.mark.spark
@pytest.mark.timeout(600)
def test_small_files_become_few_and_old_dates_go(local_aws, unique, tmp_path, capsys):
    folder = tmp_path / "input"
    (folder / "web").mkdir(parents=True)
    given = {"input": str(folder), "bucket": unique, "database": unique}
    chosen = settings.load(given)
    for number in range(2):
        lines = [ACCESS.format(day=1 + n % 3, n=n) for n in range(6)]
        (folder / "web" / f"{number}.log").write_text("".join(lines))
        landing.land(chosen)
        if number == 0:
            crawler.create(chosen)
            crawler.run(chosen)
            job.deploy(chosen)
        job.run(chosen)

    def rows() -> int:
        return int(queries.run_sql(chosen, "SELECT count(*) AS n FROM logs").frame["n"][0])

    def command(*arguments: str) -> str:
        options = [part for name, value in given.items() for part in ("-p", name, value)]
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, *options])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert rows() == 12
    told = command("compact", "--dry-run")
    assert "a dry run: nothing was changed" in told
    done = upkeep.compact(chosen)
    assert rows() == 12
    logs = done.tables.set_index("table").loc["logs"]
    assert (logs["dates"], logs["files_before"], logs["files_after"]) == (3, 6, 3)
    assert "there is nothing to compact" in command("compact")
    (paths,) = queries.run_sql(chosen, 'SELECT count(DISTINCT "$path") AS n FROM logs').frame["n"]
    assert paths == 3

    assert "there is nothing so old" in command("retention", "--before", "2025-12-01")
    told = command("retention", "--before", "2025-12-03", "--dry-run")
    assert "2025-12-01" in told and rows() == 12
    told = command("retention", "--before", "2025-12-03")
    assert "the first job run after" in told
    assert rows() == 4
