"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from logloom import aws, cli, queries, runner
from logloom.errors import LogloomError, QueryFailed

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.fixture
def call(capsys):
    """Run the command line in this process: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture
def refused(call):
    """Run it, see it refused with exit code 2 and one line on stderr, nothing on stdout; give the line."""

    def run(*arguments: str) -> str:
        code, out, err = call(*arguments)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        return err

    return run


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project of two of the tiny notebooks, whose runs need no AWS."""
    for folder in ("notebooks", "parameters"):
        (tmp_path / folder).mkdir()
    (tmp_path / "parameters" / "local.yaml").write_text("bucket: from-file\ninput: ''\n")
    for number, name in enumerate(("plain", "own_parameter"), 1):
        content = (NOTEBOOKS / f"{name}.ipynb").read_text()
        (tmp_path / "notebooks" / f"0{number}_{name}.ipynb").write_text(content)
    monkeypatch.setenv("LOGLOOM_HOME", str(tmp_path))
    monkeypatch.delenv("LOGLOOM_PARAMETERS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(aws, "session", lambda chosen: None)
    return tmp_path


def test_help_lists_the_commands_without_importing_them():
    program = (
        "import sys\nfrom logloom import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        "heavy = {'pandas', 'numpy', 'boto3', 'pydantic', 'papermill', 'plotly', 'polars', 'nbformat'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in cli.COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help(call, name):
    code, out, err = call(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: logloom {name} ")


def test_version(call):
    code, out, _ = call("--version")
    assert code == 0
    assert out.startswith("logloom 0.")


def test_no_command_shows_the_help(call):
    code, out, _ = call()
    assert code == 0
    assert out.startswith("Usage: logloom")


def test_python_m_logloom_is_the_same():
    command = [sys.executable, "-m", "logloom", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("logloom 0.")


def test_misspelt_command(refused):
    assert refused("dashbord") == "logloom: there is no command 'dashbord'; did you mean 'dashboard'?\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "-p", "bukcet", "x"], "there is no setting 'bukcet'; did you mean 'bucket'?"),
        (["run", "-p", "bucket", "No_Good"], "is no bucket name that S3 accepts"),
        (["run", "-p", "drop_levels", "INFOO"], "did you mean INFO?"),
        (["run", "--parameters", "nowhere.yaml"], "the parameter file nowhere.yaml cannot be read"),
        (["run", "--notebooks", "07"], "there is no notebook '07'"),
        (["run", "--start-at", "plane"], "did you mean 'plain'?"),
        (["run", "--input", ""], "the input is empty"),
        (["run", "--timeout", "0"], "logloom run: Invalid value for '--timeout'"),
        (["run", "--frm", "01"], "No such option '--frm'"),
        (["run", "surplus"], "Got unexpected extra argument (surplus)"),
        (["run", "--reprocess", "22.12.2025"], "'22.12.2025' is not a date: write it as YYYY-MM-DD"),
        (["run", "--from", "2025-12-02", "--to", "2025-12-01"], "read_to (2025-12-01) is before read_from"),
        (["run", "-p", "replay_rejects", "perhaps"], "replay_rejects"),
        (["compact", "--from", "2025-12-02", "--to", "2025-12-01"], "--from (2025-12-02) is after --to"),
        (["compact", "-p", "compact_target_mb", "1000"], "is too large: at most 512"),
        (["retention"], "retention_days is 0, which keeps all"),
        (["retention", "--older-than", "3", "--before", "2025-12-01"], "not both"),
        (["retention", "--before", "yesterday"], "'yesterday' is not a date"),
        (["query", ""], "there is no statement"),
        (["query", "SELECT 1", "--format", "xml"], "Invalid value for '--format'"),
        (["query"], "Missing argument 'SQL'"),
        (["query", "SELECT 1", "-p", "databse", "x"], "did you mean 'database'?"),
        (["dashboard", "--port", "70000"], "Invalid value for '--port'"),
        (["local", "restart"], "Invalid value for"),
        (["sample", "x", "--days", "0"], "Invalid value for '--days'"),
        (["sample", "x", "--until", "22.11.2025"], "Invalid value for '--until'"),
        (["sample", "x", "--truth", "x/truth.json"], "the truth may not lie among the logs"),
    ],
)
def test_bad_input_is_one_line(refused, checkout, arguments, said):
    assert said in refused(*arguments)
    assert not (checkout / "runs").exists()
    assert not (checkout / "x").exists()


def test_input_that_is_not_there_or_empty(refused, checkout):
    content = (NOTEBOOKS / "input.ipynb").read_text()
    (checkout / "notebooks" / "03_input.ipynb").write_text(content)
    assert "the input nowhere is not there" in refused("run", "--input", "nowhere")
    (checkout / "hollow").mkdir()
    assert "the input folder hollow is empty" in refused("run", "--input", "hollow")
    assert not (checkout / "runs").exists()


def test_run_reports_its_steps(call, checkout):
    code, out, err = call("run", "-p", "bucket", "from-line", "-p", "top_n", "7", "--output", "out")
    assert (code, err) == (0, "")
    assert "01_plain" in out and "succeeded" in out
    assert "Reports: out/latest/index.html" in out
    record = json.loads((checkout / "out" / "latest" / "run.json").read_text())
    assert record["settings"]["bucket"] == "from-line"
    assert "top 8" in (checkout / "out" / "latest" / "02_own_parameter.ipynb").read_text()


def test_parameters_come_from_file_line_and_environment(call, checkout, monkeypatch):
    (checkout / "other.yaml").write_text("bucket: from-environment\n")
    seen = []
    done = runner.Run("id", "succeeded", "2025-01-01T00:00:00Z", 0.0, {}, [])
    monkeypatch.setattr(
        runner, "run", lambda chosen, *_, **__: (seen.append(chosen.bucket), (done, checkout))[1]
    )
    call("run")
    monkeypatch.setenv("LOGLOOM_PARAMETERS", str(checkout / "other.yaml"))
    call("run")
    call("run", "--parameters", "parameters/local.yaml", "-p", "bucket", "from-line")
    assert seen == ["from-file", "from-environment", "from-line"]


def test_failing_notebook_is_exit_code_1(call, checkout):
    (checkout / "notebooks" / "01_plain.ipynb").write_text((NOTEBOOKS / "broken.ipynb").read_text())
    code, out, err = call("run")
    assert code == 1
    assert "skipped" in out
    assert err == "logloom run: 01_plain failed: ValueError: the second cell\n"
    assert (checkout / "runs" / "latest" / "01_plain.html").exists()


def test_input_is_the_same_file_from_any_folder(checkout, monkeypatch):
    from logloom.commands.run import from_root

    (checkout / "deep").mkdir()
    monkeypatch.chdir(checkout / "deep")
    assert from_root("logs") == "deep/logs"
    assert from_root("../../else") == "../else"
    assert from_root("/var/log") == "/var/log"


@pytest.fixture
def answered(monkeypatch, checkout):
    """Athena's answer, made up: a hostile text, a null, a number, a time."""
    frame = pd.DataFrame(
        {
            "message": ["\x1b[31mred\x1b[0m\n<b>", None],
            "n": pd.array([1, None], dtype="Int64"),
            "at": pd.to_datetime(["2025-12-22 10:00:00.123456", None]),
        }
    )
    asked = []

    def run_sql(chosen, sql, parameters=()):
        asked.append((chosen.database, sql))
        return queries.QueryResult(frame, sql, (), 1_500_000, 1234, "id")

    monkeypatch.setattr(queries, "run_sql", run_sql)
    return asked


def test_query_as_table_cannot_steer_the_terminal(call, answered):
    code, out, err = call("query", "SELECT 1", "-p", "database", "mine")
    assert code == 0
    assert answered == [("mine", "SELECT 1")]
    assert "\x1b" not in out
    assert "\\x1b[31mred\\x1b[0m\\x0a<b>" in out
    assert err == "2 rows · 1.5 MB scanned · $0.000048 · 1.23 s\n"


def test_query_as_csv_and_json(call, answered):
    _, out, _ = call("query", "SELECT 1", "--format", "csv")
    assert pd.read_csv(io.StringIO(out))["n"].tolist()[0] == 1
    _, out, _ = call("query", "SELECT 1", "--format", "json")
    assert json.loads(out) == [
        {"message": "\x1b[31mred\x1b[0m\n<b>", "n": 1, "at": "2025-12-22T10:00:00.123456"},
        {"message": None, "n": None, "at": None},
    ]


def test_query_reads_stdin(call, answered, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 2\n"))
    call("query", "-")
    assert answered[0][1] == "SELECT 2\n"


def test_sql_error_is_one_line_and_exit_code_1(call, checkout, monkeypatch):
    def refuse(*_):
        raise QueryFailed("SYNTAX_ERROR: line 1:8:\n Column 'x' cannot be resolved")

    monkeypatch.setattr(queries, "run_sql", refuse)
    code, out, err = call("query", "SELECT x")
    assert (code, out) == (1, "")
    assert err == "logloom: SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved\n"


def test_sample_writes_logs_and_truth(call, tmp_path):
    code, out, _ = call(
        *("sample", str(tmp_path / "logs"), "--days", "2", "--lines", "200", "--until", "2025-11-22"),
        *("--truth", str(tmp_path / "truth.json")),
    )
    assert code == 0
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert truth["last_day"] == "2025-11-22"
    assert "2025-11-21 to 2025-11-22" in out
    assert (tmp_path / "logs" / "shop_access" / "access.log").exists()


def test_sample_where_nothing_can_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written: Not a directory" in refused("sample", str(tmp_path / "file" / "logs"))


def test_formats_lists_them_all(call):
    import logformats

    _, out, _ = call("formats")
    assert [line.split()[0] for line in out.splitlines()] == [each.name for each in logformats.formats()]


def test_local_hands_on_its_exit_code(call, checkout):
    code, _, _ = call("local", "status", "--root", str(checkout / "none"))
    assert code == 3


def test_dashboard_gets_settings_and_address(call, checkout, monkeypatch):
    from logloom import dashboard

    seen = []
    monkeypatch.setattr(dashboard, "serve", lambda *given: seen.append(given))
    assert call("dashboard", "--port", "8123", "--workers", "3", "--prefix", "/logs/")[0] == 0
    (chosen, serving) = seen.pop()
    assert (chosen.bucket, chosen.dashboard_prefix) == ("from-file", "/logs/")
    assert serving == dashboard.Serving(port=8123, workers=3)
    assert call("dashboard", "--behind-jupyter")[0] == 0
    (chosen, serving) = seen.pop()
    assert (chosen.dashboard_prefix, serving.jupyter) == ("/proxy/{port}/", True)


def test_dashboard_users(call, checkout, tmp_path, monkeypatch):
    def users(*arguments, password=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(password))
        return call("dashboard", "-p", "dashboard_folder", str(tmp_path / "door"), *arguments)

    assert users("list-users")[0] == 0
    assert users("add-user", "ann", password="short\n") == (
        2,
        "",
        "logloom: a password has 10 to 1024 characters\n",
    )
    assert users("add-user", "a b", password="long enough, this\n")[0] == 2
    assert users("add-user", "ann", "--role", "boss", password="long enough, this\n")[0] == 2
    assert users("list-users")[1] == ""
    assert users("add-user", "ann", "--role", "analyst", password="long enough, this\n")[0] == 0
    assert users("add-user", "ann", password="long enough, that\n")[0] == 2
    assert users("list-users")[1] == "ann\tanalyst\n"
    assert users("set-role", "ann", "viewer")[0] == 0
    assert users("list-users")[1] == "ann\tviewer\n"
    code, _, said = users("remove-user", "bob")
    assert (code, said) == (2, "logloom: there is no user 'bob': there are ann\n")
    assert users("set-password", "ann", password="something else\n")[0] == 0
    assert users("remove-user", "ann")[0] == 0
    assert users("list-users")[1] == ""


def test_interrupt_is_130(call, checkout, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(queries, "run_sql", interrupt)
    assert call("query", "SELECT 1")[0] == 130


def test_an_error_of_ours_has_its_own_exit_code(call, checkout, monkeypatch):
    class Odd(LogloomError):
        exit_code = 1

    def fail(*_):
        raise Odd("one\ntwo")

    monkeypatch.setattr(queries, "run_sql", fail)
    assert call("query", "SELECT 1") == (1, "", "logloom: one two\n")


def test_formats_tells_what_the_lines_of_a_file_are(call, tmp_path):
    file = tmp_path / "shop.log"
    lines = ['{"time":"2025-01-13T09:58:13Z","level":"error","msg":"no"}', "no time at all \x1b[2J"]
    lines += [f"till;WARN;2025-01-13 09:58:{n:02};bob" for n in range(5)]
    file.write_text("\n".join(lines))
    _, out, _ = call("formats", str(file))
    assert "7 lines = 1 events + 0 joined + 6 rejected + 0 blank" in out
    assert "slog_json: 1" in out
    assert "\x1b" not in out
    own = out.split("_lines: '")[1].split("'")[0]
    code, out, _ = call("formats", str(file), "-p", "formats", f"{{till: {json.dumps(own)}}}")
    assert code == 0
    assert "till: 5" in out
