"""The runner, on tiny notebooks each named for the one odd thing about it; no AWS is needed for any."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from logloom import runner, settings
from logloom.errors import InputError, SettingsError

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.fixture(autouse=True)
def no_aws(monkeypatch):
    monkeypatch.setattr(runner.aws, "session", lambda chosen: None)


def run(tmp_path, *names, own=None, cell_timeout=None, **values):
    chosen = settings.load({"input": ""} | values)
    paths = [NOTEBOOKS / f"{name}.ipynb" for name in names]
    return runner.run(chosen, paths, own=own, output=tmp_path / "runs", cell_timeout=cell_timeout)


def text_of(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def test_run_leaves_notebooks_reports_and_record(tmp_path):
    done, folder = run(tmp_path, "plain", "no_parameters", bucket="mine", drop_levels="DEBUG,INFO")
    assert done.status == "succeeded"
    assert sorted(file.name for file in folder.iterdir()) == [
        *("index.html", "no_parameters.html", "no_parameters.ipynb", "plain.html", "plain.ipynb", "run.json")
    ]
    assert "bucket is mine ['DEBUG', 'INFO']" in text_of(folder / "plain.ipynb")
    assert (tmp_path / "runs" / "latest").resolve() == folder.resolve()
    record = json.loads((folder / "run.json").read_text())
    assert [step["status"] for step in record["steps"]] == ["succeeded", "succeeded"]
    assert record["settings"]["bucket"] == "mine"
    assert 0 < record["steps"][0]["seconds"] <= record["seconds"]
    assert record["finished_at"] >= record["started_at"]


def test_only_declared_parameters_are_injected(tmp_path):
    _, folder = run(tmp_path, "plain", "no_parameters", database="other")
    cells = nbformat.read(folder / "plain.ipynb", as_version=4).cells
    injected = next(cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert "bucket" in injected.source
    assert "database" not in injected.source
    assert len(nbformat.read(folder / "no_parameters.ipynb", as_version=4).cells) == 2


def test_broken_notebook_stops_the_run_and_has_a_report(tmp_path):
    done, folder = run(tmp_path, "broken", "plain")
    assert [step.status for step in done.steps] == ["failed", "skipped"]
    assert (done.status, done.failed.error) == ("failed", "ValueError: the second cell")
    assert "ValueError" in (folder / "broken.html").read_text()
    assert not (folder / "plain.ipynb").exists()
    assert "ValueError: the second cell" in (folder / "index.html").read_text()


def test_reports_lead_to_those_that_are_there(tmp_path):
    _, folder = run(tmp_path, "plain", "no_parameters")
    assert '<a href="no_parameters.html">' in (folder / "plain.html").read_text()
    _, folder = run(tmp_path, "no_parameters", "broken", "plain")
    for name, other in (("no_parameters", "broken"), ("broken", "no_parameters")):
        page = (folder / f"{name}.html").read_text()
        assert f'<a href="{other}.html">' in page
        assert "plain.html" not in page


def test_whatever_stops_a_notebook_is_in_the_record(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("Kernel didn't respond in 120 seconds")

    monkeypatch.setattr("papermill.execute_notebook", fail)
    done, folder = run(tmp_path, "plain")
    assert done.failed.error == "it could not be run: RuntimeError: Kernel didn't respond in 120 seconds"
    assert "respond in 120 seconds" in (folder / "plain.html").read_text()


def test_slow_cell_is_stopped(tmp_path):
    done, folder = run(tmp_path, "slow", cell_timeout=1)
    assert done.failed.error == "a cell took longer than 1 s (see --timeout)"
    assert "a cell took longer than 1 s" in (folder / "slow.html").read_text()


def test_dead_kernel_is_a_failure(tmp_path):
    done, folder = run(tmp_path, "dies")
    assert "its kernel died" in done.failed.error
    assert "its kernel died" in (folder / "dies.html").read_text()


def test_kernel_is_this_python_whatever_is_installed(tmp_path, monkeypatch):
    spec = tmp_path / "data" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/bin/false"], "display_name": "wrong", "language": "python"}))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("LOGLOOM_PARAMETERS", "some.yaml")
    before = dict(os.environ)
    done, folder = run(tmp_path, "environment")
    assert done.status == "succeeded"
    assert f"python {sys.executable}" in text_of(folder / "environment.ipynb")
    assert "renderer plotly_mimetype files None" in text_of(folder / "environment.ipynb")
    assert dict(os.environ) == before


def test_executed_notebooks_name_no_folder_of_this_machine(tmp_path):
    _, folder = run(tmp_path, "plain")
    about = nbformat.read(folder / "plain.ipynb", as_version=4).metadata.papermill
    assert (about.input_path, about.output_path) == ("plain.ipynb", "plain.ipynb")
    assert str(tmp_path) not in (folder / "plain.ipynb").read_text()
    assert str(NOTEBOOKS) not in (folder / "plain.ipynb").read_text()


def test_two_runs_in_one_second_have_a_folder_each(tmp_path):
    first, second = runner._new_folder(tmp_path / "runs"), runner._new_folder(tmp_path / "runs")
    assert first != second
    assert first.is_dir() and second.is_dir()


def test_output_that_is_a_file(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(InputError, match=r"the output .* cannot be written|is a file"):
        run(tmp_path, "plain")


def test_input_is_checked_before_anything_starts(tmp_path):
    with pytest.raises(InputError, match="the input /nowhere is not there"):
        runner.run(
            settings.load({"input": "/nowhere"}), [NOTEBOOKS / "input.ipynb"], output=tmp_path / "runs"
        )
    assert not (tmp_path / "runs").exists()


def test_parameters_of_a_notebooks_own(tmp_path):
    path = NOTEBOOKS / "own_parameter.ipynb"
    chosen, own = runner.split({"top_n": "5", "bucket": "mine"}, [path])
    assert (chosen.bucket, own) == ("mine", {"top_n": 5})
    _, folder = run(tmp_path, "own_parameter", own=own)
    assert "top 6" in text_of(folder / "own_parameter.ipynb")


def test_unknown_parameter_with_the_nearest_right_name():
    path = NOTEBOOKS / "own_parameter.ipynb"
    for wrong, right in (("topn", "top_n"), ("bukcet", "bucket")):
        with pytest.raises(SettingsError, match=f"no setting '{wrong}'; did you mean '{right}'"):
            runner.split({wrong: "x"}, [path])
    with pytest.raises(SettingsError, match="there is no setting 'top_n'; the settings are profile"):
        runner.split({"top_n": "5"}, [NOTEBOOKS / "plain.ipynb"])


def test_choosing_notebooks():
    found = [Path(f"{name}.ipynb") for name in ("01_land", "02_crawl", "03_transform")]
    assert runner.choose(found) == found
    assert runner.choose(found, ["03", "1"]) == [found[0], found[2]]
    assert runner.choose(found, ["crawl", "02_crawl.ipynb"]) == [found[1]]
    assert runner.choose(found, first="02") == found[1:]
    with pytest.raises(InputError, match="there is no notebook 'transfrom'; did you mean 'transform'"):
        runner.choose(found, ["transfrom"])
    with pytest.raises(InputError, match="there is no notebook '9'; there are 01_land, 02_crawl"):
        runner.choose(found, first="9")


def test_no_notebooks(tmp_path):
    with pytest.raises(InputError, match="there are no notebooks"):
        runner.notebooks(tmp_path)


def test_interrupted_run_ends_its_kernel_and_leaves_a_report(tmp_path):
    program = (
        "import sys; from pathlib import Path; from logloom import cli, runner\n"
        "runner.aws.session = lambda chosen: None\n"
        f"runner.notebooks = lambda: [Path({str(NOTEBOOKS / 'slow.ipynb')!r})]\n"
        f"cli.main(['run', '-p', 'input', '', '--output', {str(tmp_path / 'runs')!r}])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    kernel = None
    while kernel is None and child.poll() is None:
        kernels = psutil.Process(child.pid).children(recursive=True)
        # A kernel that only starts up would die of the signal before it can be asked to stop.
        kernel = next((each for each in kernels if each.num_threads() > 4), None)
        time.sleep(0.1)
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "slow interrupted" in err
    assert json.loads((tmp_path / "runs" / "latest" / "run.json").read_text())["status"] == "interrupted"
    assert (tmp_path / "runs" / "latest" / "slow.html").exists()
    assert not kernel.is_running()
