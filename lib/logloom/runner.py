"""Runs the notebooks one after another, each in a kernel of its own, and leaves the reports of the run."""

from __future__ import annotations

import ast
import contextlib
import datetime
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from logloom import aws, pages, project, settings, show
from logloom.errors import InputError, LogloomError, SettingsError
from logloom.settings import Settings, nearest

KERNEL_START_TIMEOUT = 120  # seconds; a laptop that is busy with Spark is slow to start one


@dataclass
class Step:
    """One notebook of a run: status is waiting, running, succeeded, failed, interrupted or skipped."""

    name: str
    title: str
    status: str = "waiting"
    seconds: float = 0.0
    notebook: str = ""
    report: str = ""
    error: str = ""


@dataclass
class Run:
    """A run as `run.json` has it; times are UTC in ISO 8601."""

    run_id: str
    status: str
    started_at: str
    seconds: float
    settings: dict[str, Any]
    steps: list[Step]
    accounts: list[dict[str, Any]] = field(default_factory=list)
    finished_at: str = ""
    report: str = ""
    """The report in one file, if a notebook left it beside its own page."""

    @property
    def failed(self) -> Step | None:
        return next((step for step in self.steps if step.status in ("failed", "interrupted")), None)


def notebooks(folder: Path | None = None) -> list[Path]:
    """Return the project's notebooks in the order in which they run: those named by a number."""
    folder = folder or project.root() / "notebooks"
    found = sorted(path for path in folder.glob("[0-9]*.ipynb"))
    if not found:
        raise InputError(f"there are no notebooks in {folder}: run this inside Logloom's checkout")
    return found


def choose(found: Sequence[Path], wanted: Sequence[str] = (), first: str = "") -> list[Path]:
    """Choose notebooks by their number or name, in the order of `found`; all from `first` on, where given.

    Raises
    ------
    InputError
        No notebook is called that; the nearest that is stands in the sentence.
    """
    chosen = {_find(found, name) for name in wanted} or set(found)
    start = found.index(_find(found, first)) if first else 0
    return [path for index, path in enumerate(found) if path in chosen and index >= start]


def _find(found: Sequence[Path], name: str) -> Path:
    for path in found:
        number, _, word = path.stem.partition("_")
        if name in (path.stem, path.name, number, word) or (name.isdigit() and int(name) == int(number)):
            return path
    hint = nearest(name, [path.stem for path in found] + [path.stem.partition("_")[2] for path in found], 0.5)
    known = ", ".join(path.stem for path in found)
    raise InputError(
        f"there is no notebook {name!r}; " + (f"did you mean {hint!r}?" if hint else f"there are {known}")
    )


def declared(notebook: Path) -> dict[str, Any]:
    """Return the names that the cell tagged `parameters` assigns, with their values where they are plain."""
    values: dict[str, Any] = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            for statement in ast.parse(cell.source).body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                for target in targets:
                    if isinstance(target, ast.Name):
                        with contextlib.suppress(ValueError):
                            values[target.id] = None
                            values[target.id] = ast.literal_eval(statement.value)
    return values


def split(values: Mapping[str, Any], chosen: Sequence[Path]) -> tuple[Settings, dict[str, Any]]:
    """Check values against the settings and what the chosen notebooks declare besides.

    Returns
    -------
    tuple
        The settings, and the values of parameters that are the notebooks' own.

    Raises
    ------
    SettingsError
        A name that neither knows, with the nearest that is known; or a value that is wrong.
    """
    own_names = {name for path in chosen for name in declared(path)} - set(Settings.model_fields)
    known = [*Settings.model_fields, *sorted(own_names)]
    for name in values:
        if name not in known:
            hint = nearest(name, known)
            raise SettingsError(
                f"there is no setting {name!r}; "
                + (f"did you mean {hint!r}?" if hint else f"the settings are {', '.join(known)}")
            )
    own = {name: _plain(value) for name, value in values.items() if name in own_names}
    return settings.load({name: value for name, value in values.items() if name not in own_names}), own


def _plain(value: Any) -> Any:
    """Read a value of the command line as YAML, as papermill does: 5 is a number, true a truth value."""
    import yaml

    return yaml.safe_load(value) if isinstance(value, str) and value.strip() else value


def run(
    chosen_settings: Settings,
    chosen: Sequence[Path] | None = None,
    *,
    own: Mapping[str, Any] | None = None,
    output: Path | None = None,
    cell_timeout: float | None = None,
    progress: bool | None = None,
) -> tuple[Run, Path]:
    """Run notebooks with papermill, in their order; the first that fails is the last.

    Parameters
    ----------
    chosen_settings
        Each notebook gets those of them that its `parameters` cell declares.
    chosen
        The notebooks; all of the project when None.
    own
        Values of parameters that are not settings.
    output
        Where the folder of the run comes to be; `runs/` in the project when None.
    cell_timeout
        Seconds that one cell may take; the job's timeout and ten minutes when None.
    progress
        Show a bar a notebook on stderr; when None, on a terminal only.

    Returns
    -------
    tuple
        What happened, and the folder `runs/<run_id>` with the executed notebooks, their reports,
        `index.html` and `run.json`. A notebook that fails is in it, and nothing is raised.

    Raises
    ------
    LogloomError
        Before anything starts: the input is not there, AWS cannot be reached.
    """
    chosen = list(chosen or notebooks())
    if chosen_settings.input.rstrip("/") not in ("", settings.SAMPLE_FOLDER) and any(
        "input" in declared(path) for path in chosen
    ):
        project.input_path(chosen_settings.input)
    aws.session(chosen_settings)

    folder = _new_folder(Path(output) if output else project.root() / "runs")
    started = datetime.datetime.now(datetime.UTC)
    done = Run(
        folder.name, "running", _iso(started), 0.0, chosen_settings.model_dump(mode="json"),
        [Step(path.stem, pages.title(nbformat.read(path, as_version=4))) for path in chosen],
    )  # fmt: skip
    values = {**done.settings, **(own or {})}
    cell_timeout = cell_timeout or (chosen_settings.job_timeout_minutes + 10) * 60
    clock = time.monotonic()
    _link_latest(folder)
    with _kernels(folder):
        for path, step in zip(chosen, done.steps, strict=True):
            _write(folder, done)
            given = {name: values[name] for name in declared(path) if name in values}
            _execute(
                path, step, given, folder, cell_timeout, sys.stderr.isatty() if progress is None else progress
            )
            executed = nbformat.read(folder / step.notebook, as_version=4)
            done.accounts = pages.accounts(executed) or done.accounts
            done.seconds = round(time.monotonic() - clock, 2)
            done.report = "report.html" if (folder / "report.html").exists() else ""
            _report(step, done, folder)
            if step.status != "succeeded":
                break
    _skip_the_rest(done, folder)
    done.status = done.failed.status if done.failed else "succeeded"
    done.finished_at = _iso(datetime.datetime.now(datetime.UTC))
    _write(folder, done)
    return done, folder


def _execute(
    path: Path, step: Step, values: Mapping[str, Any], folder: Path, cell_timeout: float, progress: bool
) -> None:
    """Run one notebook and write down how that went."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").addFilter(_is_news)
    step.status, step.notebook = "running", path.name
    bar = {"desc": f"{path.stem:<14}", "unit": "cell", "leave": False}
    clock = time.monotonic()
    try:
        papermill.execute_notebook(
            str(path),
            str(folder / path.name),
            parameters=dict(values),
            kernel_name="python3",
            cwd=str(path.parent),
            progress_bar=bar if progress else False,
            start_timeout=KERNEL_START_TIMEOUT,
            execution_timeout=cell_timeout,
        )
        step.status = "succeeded"
    except PapermillExecutionError as error:
        step.status, step.error = "failed", f"{error.ename}: {error.evalue}".strip().split("\n")[0]
    except CellTimeoutError:
        step.status, step.error = "failed", f"a cell took longer than {cell_timeout:.0f} s (see --timeout)"
    except DeadKernelError:
        step.status, step.error = "failed", "its kernel died: too little memory, most often"
    except KeyboardInterrupt:
        step.status, step.error = "interrupted", "interrupted from the keyboard"
    except Exception as error:  # noqa: BLE001 - whatever stops a notebook is told in the record of the run
        step.status, step.error = "failed", f"it could not be run: {type(error).__name__}: {error}"
    step.seconds = round(time.monotonic() - clock, 2)
    _tidy(path, folder / path.name)


def _tidy(source: Path, executed: Path) -> None:
    """Take this machine's paths out of papermill's metadata; where nothing was executed, leave the source."""
    notebook = nbformat.read(executed if executed.exists() else source, as_version=4)
    if about := notebook.metadata.get("papermill"):
        about.input_path = about.output_path = source.name
        about.pop("environment_variables", None)
    nbformat.write(notebook, executed)


def _skip_the_rest(done: Run, folder: Path) -> None:
    """Mark what no longer runs, and take the links to it out of the reports that are there."""
    waiting = [step for step in done.steps if step.status == "waiting"]
    for step in waiting:
        step.status = "skipped"
    for step in done.steps if waiting else ():
        if step.report:
            _report(step, done, folder)


def _report(step: Step, done: Run, folder: Path) -> None:
    links = [pages.Link("Run", "index.html")]
    links += [
        pages.Link(each.name, "" if each is step else f"{each.name}.html")
        for each in done.steps
        if each.status != "skipped"
    ]
    at = datetime.datetime.fromisoformat(done.started_at)
    facts = f"Run {done.run_id} · {at:%d %B %Y, %H:%M} UTC · {step.status} in {step.seconds:.1f} s"
    step.report = f"{step.name}.html"
    page = pages.render(folder / step.notebook, links, facts, failure=step.error)
    (folder / step.report).write_text(page, encoding="utf-8")


def _write(folder: Path, done: Run) -> None:
    """Write the run's page and `run.json`, each whole or not at all: people reload them while it runs."""
    for name, text in (
        ("run.json", json.dumps(asdict(done), indent=2) + "\n"),
        ("index.html", pages.render_run(asdict(done))),
    ):
        unfinished = folder / f".{name}"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(folder / name)


def _new_folder(output: Path) -> Path:
    """Make the folder of a new run, called by the time."""
    name = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    for number in range(1, 1000):
        folder = output / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if not folder.is_dir() or not output.is_dir():
                raise InputError(f"the output {output} is a file: name a folder for the runs") from None
        except OSError as error:
            raise InputError(f"the output folder {output} cannot be written: {error.strerror}") from None
    raise LogloomError(f"too many runs at once in {output}")


def _link_latest(folder: Path) -> None:
    """Point `latest` at the run from its start, so that it can be watched."""
    link = folder.parent / f".latest.{os.getpid()}"
    with contextlib.suppress(OSError):  # a file system without links has none
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name, target_is_directory=True)
        link.replace(folder.parent / "latest")


def _is_news(record: logging.LogRecord) -> bool:
    """Tell papermill's warnings from what is no news: Dash, imported, asks for a JupyterLab to talk to."""
    return "comm target 'dash'" not in record.getMessage()


@contextlib.contextmanager
def _kernels(folder_of_run: Path) -> Iterator[None]:
    """Make `python3` this very Python, whatever kernels the user has installed, and figures data not HTML."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="logloom-kernel-") as folder:
        spec = Path(folder) / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
        os.environ["JUPYTER_PATH"] = os.pathsep.join([folder, *filter(None, [before.get("JUPYTER_PATH")])])
        os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"
        os.environ["LOGLOOM_HOME"] = str(project.root())
        os.environ["LOGLOOM_HEADLESS"] = "1"
        os.environ[show.RUN_FOLDER_VARIABLE] = str(folder_of_run.resolve())
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        # What it names is among the settings already; in a kernel it would win over them.
        os.environ.pop(settings.PARAMETERS_VARIABLE, None)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _iso(at: datetime.datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
