"""In a notebook: a dashboard in the cell's output, or figures where nobody can click."""

import socket

import nbformat
import pytest
from fake_athena import END, FakeAthena
from logloom.dashboard import show_inline, static_figures
from logloom.dashboard.data import Trouble
from logloom.errors import LogloomError
from logloom.settings import Settings
from nbclient import NotebookClient


def drawn(figure) -> int:
    return int(sum(sum(trace.x if trace.orientation == "h" else trace.y) for trace in figure.data))


def test_static_figures_show_all_of_it(athena, frames):
    made = static_figures(Settings(), queries=athena)
    events = int(frames["log_counts"]["events"].sum())
    assert list(made) == ["Events by level", "Errors per day", "Events by source", "Status codes"]
    assert drawn(made["Events by level"]) == events
    assert drawn(made["Events by source"]) == events
    assert made["Events by level"].layout.title.text == "Events by level"


def test_static_figures_keep_to_the_settings(athena, frames):
    settings = Settings(start_date="2026-03-10", end_date="2026-03-10", source="api_access")
    made = static_figures(settings, queries=athena)
    counts = frames["log_counts"]
    wanted = counts[(counts["dt"] == "2026-03-10") & (counts["source"] == "api_access")]["events"].sum()
    assert drawn(made["Events by level"]) == wanted


def test_static_figures_of_nothing_say_so(frames):
    empty = FakeAthena({name: frame.iloc[:0] for name, frame in frames.items()})
    with pytest.raises(Trouble, match="notebook 03_transform"):
        static_figures(Settings(), queries=empty)
    with pytest.raises(Trouble, match="there are events from 2026-03-01"):
        static_figures(Settings(start_date=str(END.date())), queries=FakeAthena(frames))


def test_a_taken_port_is_refused(athena):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LogloomError, match="cannot be used"):
        show_inline(Settings(), port=taken.getsockname()[1], queries=athena)


CELLS = [
    "import sys; sys.path.insert(0, {folder!r})",
    "from fake_athena import FakeAthena; from logloom.dashboard import show_inline; "
    "from logloom.settings import Settings; import urllib.request",
    "first = show_inline(Settings(), queries=FakeAthena())",
    "second = show_inline(Settings(database='other'), queries=FakeAthena())",
    "titles = [urllib.request.urlopen(url).read().decode().split('<title>')[1].split('<')[0] "
    "for url in (first, second)]; print(titles)",
    "port = int(first.rsplit(':', 1)[1].strip('/'))\n"
    "try:\n    show_inline(Settings(), port=port, queries=FakeAthena())\n"
    "except Exception as error:\n    print(type(error).__name__, error)",
]


def test_two_dashboards_in_one_notebook(request):
    folder = str(request.path.parent)
    cells = [nbformat.v4.new_code_cell(cell.format(folder=folder)) for cell in CELLS[:1]]
    cells += [nbformat.v4.new_code_cell(cell) for cell in CELLS[1:]]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [str(output) for output in notebook.cells[2].outputs]
    assert any("iframe" in output and "http://127.0.0.1:" in output for output in shown)
    assert "['Logloom · logloom', 'Logloom · other']" in notebook.cells[4].outputs[0].text
    assert "another dashboard of this notebook has port" in notebook.cells[5].outputs[0].text
