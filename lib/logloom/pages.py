"""Executed notebooks and runs as HTML pages: live figures, nothing fetched, hostile text stays text."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import html
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from logloom.show import ACCOUNTS, COUNTS

TEMPLATES = importlib.resources.files(__package__) / "templates"
PLOTLY = "application/vnd.plotly.v1+json"
# What a report shows of an output that comes in several forms: the first of these that it has.
_BEST = (PLOTLY, "text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_NUMBER = re.compile(r"[-+$]?[\d,]+(\.\d+)?(e[-+]?\d+)?( ?(%|s|B|[kMGT]B))?|NaN|<NA>|None", re.ASCII)
# Columns that count: their digits are grouped. Others may be names made of digits (codes, ports, years).
_COUNTED = {"bytes", "records", "rows", "events", "lines", "objects", "clients", "server_errors", "requests"}
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?|NaT")
# fmt: off
_TAGS = [
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details",
    "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
]
# fmt: on
_ATTRIBUTES = {
    "*": ["class", "id", "title", "dir", "lang", "aria-label", "role"],
    "a": lambda tag, name, value: (
        name == "href" and re.match(r"(https?:|mailto:|#|[\w./-]+$)", value) is not None
    ),
    "img": lambda tag, name, value: name in ("alt", "width", "height") or _is_picture(name, value),
    "td": ["colspan", "rowspan", "headers"],
    "th": ["colspan", "rowspan", "scope"],
    "ol": ["start"],
}


def _is_picture(name: str, value: str) -> bool:
    return name == "src" and re.match(r"data:image/[a-z.+-]+;base64,", value) is not None


@dataclass(frozen=True)
class Link:
    """A link in a report's head; without an address it is the page itself."""

    text: str
    href: str = ""


def render(
    notebook: Path | nbformat.NotebookNode, links: Sequence[Link] = (), facts: str = "", failure: str = ""
) -> str:
    """Render an executed notebook as one self-contained HTML page.

    Parameters
    ----------
    notebook
        The notebook or its path. Code is folded; the cell tagged `parameters` is left out where papermill
        injected another.
    links
        What the head leads to: the other reports of the run.
    facts
        One line of text below the title: when, how long.
    failure
        What went wrong, in a sentence, where no cell says it (a time-out, a dead kernel).

    Returns
    -------
    str
        The page. Its Content-Security-Policy names the hashes of the two scripts that it has, and allows
        no fetch; with figures in it, it carries plotly.js (4.8 MB), once.
    """
    if not isinstance(notebook, nbformat.NotebookNode):
        notebook = nbformat.read(notebook, as_version=4)
    notebook = _without_error_markers(notebook)
    plotly, figures = _scripts() if _has_figures(notebook) else ("", "")
    exporter = _exporter_class()(
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
        preprocessors=["nbconvert.preprocessors.CoalesceStreamsPreprocessor"],
        filters={"tame": tame, "align": _align, "best_type": _best_type, "json_for_script": _json_for_script},
    )
    exporter.exclude_anchor_links = True
    page, _ = exporter.from_notebook_node(
        notebook,
        resources={
            "report": {
                "title": title(notebook),
                "style": style(code=True),
                "policy": _policy([plotly, figures] if plotly else []),
                "plotly": plotly,
                "figures": figures,
                "links": links,
                "facts": html.escape(facts),
                "failure": failure or failure_of(notebook),
                "injected": any("injected-parameters" in _cell_tags(cell) for cell in notebook.cells),
            }
        },
    )
    return page


def title(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook's first heading as plain text."""
    for cell in notebook.cells:
        prose = cell.cell_type == "markdown" and "papermill-error-cell-tag" not in _cell_tags(cell)
        if prose and (found := re.search(r"^#+\s+(.+?)\s*$", cell.source, flags=re.MULTILINE)):
            return found[1].replace("`", "")
    return "Report"


def failure_of(notebook: nbformat.NotebookNode) -> str:
    """Say in one line what failed in the notebook; "" when nothing did."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                value = re.sub(r"\x1b\[[0-9;]*m", "", output.evalue).strip().split("\n")[0]
                return f"{output.ename}: {value}" if value else output.ename
    return ""


def accounts(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """Return the accounts that `show.accounts` left in an executed notebook, the last ones; [] if none."""
    found: list[dict[str, Any]] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(ACCOUNTS, found)
    return found


def render_run(run: Mapping[str, Any]) -> str:
    """Render the page of a run from what `run.json` holds: steps, accounts, settings, links."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "seconds": lambda value: (
            f"{value:.1f} s" if value < 60 else f"{value // 60:.0f} min {value % 60:02.0f} s"
        ),
        "count": lambda value: f"{value:,}",
        "moment": lambda value: f"{datetime.datetime.fromisoformat(value):%d %B %Y, %H:%M} UTC",
    }
    return environment.get_template("run/index.html.j2").render(
        run=run,
        accounts=[balanced(row) for row in run["accounts"]],
        columns=COUNTS,
        longest=max([step["seconds"] for step in run["steps"]] + [0.001]),
        notebooks=[step["notebook"] for step in run["steps"] if step["report"]],
        policy=_policy([]),
        style=style(),
    )


def balanced(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source's account with short names, and how many lines are not accounted for."""
    short = {name: int(row[f"lines_{name}"] or 0) for name in COUNTS}
    return {"source": row["source"], **short, "missing": 2 * short["read"] - sum(short.values())}


def tame(markup: str) -> str:
    """Return HTML without anything that could run or fetch: what is not known to be harmless is text."""
    import bleach

    # What stands in these is no text to read: bleach would leave it as such.
    markup = re.sub(r"<(style|script)\b.*?</\1\s*>", "", markup, flags=re.IGNORECASE | re.DOTALL)
    return bleach.clean(
        markup, tags=_TAGS, attributes=_ATTRIBUTES, protocols=["http", "https", "mailto", "data"], strip=False
    )


@functools.cache
def _exporter_class() -> type:
    """Make nbconvert's HTML exporter leave the page as the template wrote it.

    nbconvert parses the finished page once more and writes it anew, for the sake of its own templates: with
    plotly.js in it that takes seconds, and it would be free to break the hashes in the policy.
    """
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML

    class Exporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **options):
            self.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=self))
            return TemplateExporter.from_notebook_node(self, nb, resources, **options)

    return Exporter


@functools.cache
def style(code: bool = False) -> str:
    """Return the style sheet of the pages, with that of highlighted code where `code` is asked for."""
    sheet = TEMPLATES.joinpath("style.css").read_text(encoding="utf-8")
    if code:
        from pygments.formatters import HtmlFormatter

        light = HtmlFormatter(style="friendly", nobackground=True).get_style_defs(".highlight")
        dark = HtmlFormatter(style="native", nobackground=True).get_style_defs(".highlight")
        sheet += f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
    return sheet


@functools.cache
def _scripts() -> tuple[str, str]:
    """Read plotly.js, and what draws a report's figures with it."""
    from plotly.offline import get_plotlyjs

    figures = TEMPLATES.joinpath("notebook", "figures.js").read_text(encoding="utf-8")
    # An HTML parser ends a script at the first `</script`, wherever it stands.
    return re.sub(r"</(script)", r"<\\/\1", get_plotlyjs(), flags=re.IGNORECASE), figures


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes or repr('none')}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _has_figures(notebook: nbformat.NotebookNode) -> bool:
    return any(
        _best_type(output.get("data", {})) == PLOTLY
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def _kind_of(texts: Sequence[str]) -> str:
    """Tell a column of numbers or of times; some of its cells may be empty, but not all."""
    told = [text for text in texts if text]
    for kind, pattern in (("number", _NUMBER), ("time", _TIME)):
        if told and all(pattern.fullmatch(text) for text in told):
            return kind
    return ""


def _are_row_numbers(rows: Sequence[Sequence[Any]]) -> bool:
    return all(row[0].name == "th" and row[0].get_text() == str(number) for number, row in enumerate(rows))


def _without_error_markers(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out the cells with which papermill points at an error: the report's head says it."""
    cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in _cell_tags(cell)]
    return nbformat.NotebookNode(notebook | {"cells": cells})


def _align(markup: str) -> str:
    """Mark columns of numbers and of times in tables for the style sheet; leave out pandas' row numbers."""
    if "<table" not in markup:
        return markup
    from bs4 import BeautifulSoup

    page = BeautifulSoup(markup, "html.parser")
    for table in page.select("table"):
        rows = [row.find_all(["td", "th"]) for row in table.select("tbody tr")]
        widths = {len(row) for row in rows}
        if len(widths) != 1 or any(cell.has_attr("rowspan") for row in rows for cell in row):
            continue
        heads = [row.find_all(["td", "th"]) for row in table.select("thead tr")]
        if len(heads) == 1 and heads[0] and not heads[0][0].get_text() and _are_row_numbers(rows):
            for row in [*heads, *rows]:
                row.pop(0).decompose()
            widths = {len(rows[0])}
        for cell in (cell for head in heads for cell in head if "_" in cell.get_text()):
            _let_break(page, cell)
        for column in range(widths.pop()):
            cells = [row[column] for row in rows]
            if kind := _kind_of([cell.get_text().strip() for cell in cells if cell.name == "td"]):
                named = [head[column] for head in heads if column < len(head)]
                for cell in cells + named:
                    cell["class"] = kind
                if {cell.get_text().strip() for cell in named} & _COUNTED:
                    for cell in cells:
                        _group_digits(cell)
    return str(page)


def _group_digits(cell: Any) -> None:
    """12345 → 12,345, in a cell that counts something."""
    if re.fullmatch(r"\d{4,}", text := cell.get_text().strip()):
        cell.string = f"{int(text):,}"


def _let_break(page: Any, cell: Any) -> None:
    """Let the long name of a column break after its underscores, or it makes the column as wide as itself."""
    words = cell.get_text().split("_")
    cell.clear()
    for word in words[:-1]:
        cell.append(f"{word}_")
        cell.append(page.new_tag("wbr"))
    cell.append(words[-1])


def _best_type(data: Mapping[str, Any]) -> str:
    if "application/vnd.jupyter.widget-view+json" in data:
        return ""  # a widget is dead without its kernel, and its text is of no use
    return next((each for each in _BEST if each in data), "")


def _json_for_script(value: Any) -> str:
    # https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    return json.dumps(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _cell_tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])
