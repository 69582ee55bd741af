"""Grok: regular expressions built from named patterns, in the dialect of AWS Glue's classifiers.

`%{PATTERN}` inserts a pattern, `%{PATTERN:field}` names what it matched, `%{PATTERN:field:type}` types it
(https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html). Everything between is a plain regular
expression. Custom patterns come one a line, `NAME regular expression`, and win over base patterns of the
name.

The module stands alone: it knows nothing of logs, and imports nothing of the package.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources

#: Types that a field may have in Glue's dialect, and the Hive type of each.
TYPES = {
    "string": "string",
    "byte": "tinyint",
    "short": "smallint",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
}

MAX_DEPTH = 20  # patterns inside patterns: more is a pattern that uses itself
_REFERENCE = re.compile(r"%\{([A-Za-z0-9_-]+)(?::([^:{}]+))?(?::([^:{}]+))?\}")
_NAMED_GROUP = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")


class GrokError(ValueError):
    """A grok pattern that cannot be compiled; the message says which part and why."""


@dataclass(frozen=True)
class Field:
    """A field that a grok pattern names.

    name
        As the pattern gives it; the same name twice is two fields, of which one line fills one.
    type
        One of `TYPES`.
    group
        The name of its group in the regular expression.
    """

    name: str
    type: str
    group: str


@dataclass(frozen=True)
class Grok:
    """A compiled grok pattern.

    fields
        In the order of their groups, which are named `f0`, `f1` …
    regex
        The whole line as one regular expression, anchored at both ends. Only its named groups capture. Rust's
        engine and RE2 take it where the custom patterns use neither look-around nor back-references.
    python
        The same for Python's `re`.
    """

    pattern: str
    fields: tuple[Field, ...]
    regex: str
    python: re.Pattern[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names, each once, in order."""
        return tuple(dict.fromkeys(f.name for f in self.fields))

    @property
    def types(self) -> dict[str, str]:
        """Type of each name (of `TYPES`)."""
        types: dict[str, str] = {}
        for field in self.fields:
            types.setdefault(field.name, field.type)
        return types

    def match(self, line: str) -> dict[str, str | None] | None:
        """The text of each field in `line` (None for one that took no part), or None without a match."""
        found = self.python.match(line)
        if found is None:
            return None
        values: dict[str, str | None] = dict.fromkeys(self.names)
        for field in self.fields:
            if (text := found.group(field.group)) is not None:
                values[field.name] = text
        return values


def parse_patterns(text: str) -> dict[str, str]:
    """Read patterns, one a line (`NAME regular expression`); empty lines and `#` comments are skipped."""
    patterns = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, regex = line.strip().partition(" ")
        if not regex or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise GrokError(
                f"A custom pattern is a name, a space and a regular expression; this is not: {line}"
            )
        patterns[name] = regex.strip()
    return patterns


@functools.cache
def base_patterns() -> dict[str, str]:
    """The base patterns by name (`data/base.grok`)."""
    text = resources.files("logformats").joinpath("data/base.grok").read_text(encoding="utf-8")
    return parse_patterns(text)


def references(pattern: str, custom: dict[str, str] | None = None) -> dict[str, str]:
    """All patterns that `pattern` uses, directly or through others, with their definitions."""
    known = base_patterns() | (custom or {})
    found: dict[str, str] = {}
    queue = [pattern]
    while queue:
        for name, _, _ in _REFERENCE.findall(queue.pop()):
            if name not in found and name in known:
                found[name] = known[name]
                queue.append(known[name])
    return found


def compile(pattern: str, custom_patterns: str | dict[str, str] | None = None) -> Grok:
    """Compile a grok pattern for one line.

    Parameters
    ----------
    pattern
        The grok pattern. It has to match the whole line (without its line ending).
    custom_patterns
        Patterns of its own, as Glue takes them (one a line) or by name.

    Raises
    ------
    GrokError
        For an unknown pattern or type, a pattern that uses itself, or a broken regular expression.
    """
    if isinstance(custom_patterns, str):
        custom_patterns = parse_patterns(custom_patterns)
    return _compile(pattern, tuple(sorted((custom_patterns or {}).items())))


@functools.lru_cache(maxsize=1024)
def _compile(pattern: str, custom: tuple[tuple[str, str], ...]) -> Grok:
    patterns = base_patterns() | dict(custom)
    fields: list[Field] = []

    def group(name: str, type_: str) -> str:
        if type_ not in TYPES:
            raise GrokError(
                f"The grok field {name!r} has the unknown type {type_!r}; types are {', '.join(TYPES)}."
            )
        fields.append(Field(name, type_, f"f{len(fields)}"))
        return f"(?P<{fields[-1].group}>"

    def expand(text: str, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise GrokError(f"A grok pattern uses itself: {text}")
        # Named groups of plain regular expressions are fields too. They are opened in the order in which they
        # stand, together with the references, so that fields come in the order of the line.
        out, at = [], 0
        for token in re.finditer(f"{_REFERENCE.pattern}|{_NAMED_GROUP.pattern}", text):
            out.append(_uncaptured(text[at : token.start()]))
            at = token.end()
            name, field, type_, plain = token.groups()
            if plain is not None:
                out.append(group(plain, "string"))
                continue
            if name not in patterns:
                raise GrokError(
                    f"The grok pattern uses %{{{name}}}, which is neither a base nor a custom pattern."
                )
            out.append(group(field, type_ or "string") if field else "(?:")
            out.append(expand(patterns[name], depth + 1) + ")")
        out.append(_uncaptured(text[at:]))
        return "".join(out)

    regex = f"^(?:{expand(pattern, 0)})$"
    # `$` also matches before a last newline in Python, where Rust's means the end.
    try:
        python = re.compile(f"{regex[:-1]}\\Z")
    except re.error as error:
        raise GrokError(
            f"The grok pattern is not a regular expression once expanded ({error}): {pattern}"
        ) from error
    return Grok(pattern, tuple(fields), regex, python)


def _uncaptured(text: str) -> str:
    """`text` with its bare groups made non-capturing: only fields capture, which keeps a match fast."""
    out, in_class, at = [], False, 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            out.append(text[at : at + 2])
            at += 2
            continue
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            # A `]` that comes first in a class stands for itself.
            first = re.match(r"\[\^?\]?", text[at:]).group()
            out.append(first)
            at += len(first)
            continue
        elif char == "(" and text[at + 1 : at + 2] != "?":
            out.append("(?:")
            at += 1
            continue
        out.append(char)
        at += 1
    return "".join(out)
