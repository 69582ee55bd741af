"""A grok line for lines that no format matches, to be put into the parameters.

What all the lines have alike at their start becomes fields, one for each thing with a shape (time, level,
address, quoted text, number …); the rest is the message. A proposal is only given once it has matched the
lines that it was made from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from logformats import grok as grok_module
from logformats import levels
from logformats.definitions import FormatError
from logformats.events import REQUEST
from logformats.grok import GrokError
from logformats.own import user_format
from logformats.times import Clock, parse

MAX_LINES = 2_000
MAX_LENGTH = 4_000
#: Fewer than this of the lines may have no time, and are left out of the proposal.
NEEDED = 0.9
_CLOCK = Clock(datetime(2099, 12, 31, tzinfo=UTC))

_D2, _CLOCKTIME, _FRACTION = r"[0-9]{2}", r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", r"(?:[.,][0-9]{1,9})?"
_ZONE = r"(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?"
_MONTH_NAME = r"[A-Za-zéûäÄ]{3,9}\.?"
#: Ways to write a time, the surest first. Each is a regular expression without groups that capture.
TIMES = (
    rf"[0-9]{{4}}-{_D2}-{_D2}[T ]{_D2}:{_D2}:{_D2}{_FRACTION}{_ZONE}",
    rf"[0-9]{{4}}[/.]{_D2}[/.]{_D2}[ T]{_D2}:{_D2}:{_D2}{_FRACTION}{_ZONE}",
    rf"[0-9]{{1,2}}/{_MONTH_NAME}/[0-9]{{4}}[: ]{_CLOCKTIME}{_FRACTION}(?: [+-][0-9]{{4}})?",
    rf"[0-9]{{1,2}}[ .-]{_MONTH_NAME}[ .-][0-9]{{4}}[ :T]{_CLOCKTIME}{_FRACTION}{_ZONE}",
    rf"(?:[A-Z][a-z]{{2}} )?{_MONTH_NAME} +[0-9]{{1,2}} {_CLOCKTIME}{_FRACTION}(?: [0-9]{{4}})?",
    rf"[0-9]{{1,2}}\.[0-9]{{1,2}}\.[0-9]{{4}},? {_CLOCKTIME}{_FRACTION}",
    rf"[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}},? {_CLOCKTIME}{_FRACTION}(?: [AP]M)?",
    rf"[0-9]{{8}}[T _-]?[0-9]{{2}}:?[0-9]{{2}}:?[0-9]{{2}}{_FRACTION}Z?",
    rf"[0-9]{{2}}/{_D2}/{_D2} {_CLOCKTIME}{_FRACTION}",
    r"[0-9]{6} [0-9]{6}",
    r"1[0-9]{9}(?:\.[0-9]{1,9})?|1[0-9]{12}",
)
#: Base patterns for some of these: shorter to read than their expression.
_KNOWN_TIMES = ("TIMESTAMP_ISO8601", "HTTPDATE", "SYSLOGTIMESTAMP")

_HEX = "[0-9A-Fa-f]{1,4}"
#: Things with a shape, in the order in which they are looked for: name, expression, grok pattern.
SHAPES = (
    ("quoted", r'"(?:[^"\\]|\\.)*"', "QUOTED"),
    ("uuid", r"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}", "UUID"),
    ("address", r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])", "IP"),
    (
        "address",
        rf"(?<![\w:])(?:(?:{_HEX}:){{7}}{_HEX}|{_HEX}(?::{_HEX})*::(?:{_HEX}(?::{_HEX})*)?)(?![\w:])",
        "IP",
    ),
    ("address", rf"(?<![\w:])::{_HEX}(?::{_HEX})*(?![\w:])", "IP"),
    ("number", r"[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_])", "NUMBER"),
    ("word", r"[A-Za-z_][A-Za-z0-9_.$/@-]*", "NOTSPACE"),
    ("path", r"/[^ \t\"\]\[(),;|]*", "NOTSPACE"),
    ("space", r"[ \t]+", ""),
    ("other", r".", ""),
)
_TOKEN = re.compile("|".join(f"(?P<s{n}>{regex})" for n, (_, regex, _) in enumerate(SHAPES)), re.DOTALL)
_REQUEST = re.compile(REQUEST)


@dataclass(frozen=True)
class Proposal:
    """A grok line for a group of lines.

    grok
        To be put into the parameters; empty if there is none.
    matched, lines
        How many of the lines it matches with a time that can be read, of how many.
    reason
        Why there is none.
    """

    grok: str
    matched: int
    lines: int
    reason: str = ""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def propose(lines: Sequence[str]) -> Proposal:
    """Propose a grok line for lines of one kind.

    Parameters
    ----------
    lines
        Raw lines, without their line endings; of more than 2,000, some spread over all are looked at.
    """
    texts = [line for line in lines if line.strip()]
    if not texts:
        return Proposal("", 0, 0, "there are no lines")
    sample = texts[:: max(1, len(texts) // MAX_LINES)][:MAX_LINES]
    parted = _parted([text[:MAX_LENGTH] for text in sample])
    if len(parted) < NEEDED * len(sample):
        return Proposal(
            "", 0, len(texts), "most of these lines hold no time, so they cannot be events by themselves"
        )
    for grok in _candidates(parted):
        matched = _matched(grok, texts)
        if matched >= len(parted) / len(sample) * len(texts) - 0.5:
            return Proposal(grok, matched, len(texts))
    return Proposal("", 0, len(texts), "these lines have too little in common")


def _parted(texts: list[str]) -> list[tuple[str, str, str]]:
    """What stands before the time, the time, and what stands after it."""
    for regex in TIMES:
        pattern = re.compile(rf"(?<![0-9A-Za-z.])(?<![0-9]:)(?:{regex})(?![0-9A-Za-z])")
        found = [(text, pattern.search(text)) for text in texts]
        parted = [(text, match) for text, match in found if match]
        if len(parted) < NEEDED * len(texts):
            continue
        times = pl.Series([match[0] for _, match in parted], dtype=pl.String)
        read = parse(times, (), _CLOCK).is_not_null().to_list()
        good = [(t[: m.start()], m[0], t[m.end() :]) for (t, m), ok in zip(parted, read, strict=True) if ok]
        if len(good) >= NEEDED * len(texts):
            return good
    return []


def _candidates(parted: list[tuple[str, str, str]]) -> Iterator[str]:
    """Grok lines to try, the most telling first."""
    before = [_tokens(text) for text, _, _ in parted]
    after = [_tokens(text) for _, _, text in parted]
    time = _time([text for _, text, _ in parted])
    for head in (_Fields(before).whole(), _Fields(before).whole(plain=True)):
        if head is None:
            continue
        for most in (len(after[0]), 12, 6, 3, 0):
            fields = _Fields(after, used=head.names, most=most)
            yield head.grok + time + fields.until_message()
    yield f"%{{DATA:prefix}}{time}%{{GREEDYDATA:message}}"


def _time(texts: list[str]) -> str:
    """The grok of times: a base pattern if there is one, else their regular expression."""
    for name in _KNOWN_TIMES:
        regex = grok_module.compile(f"%{{{name}}}").python
        if all(map(regex.match, texts)):
            return f"%{{{name}:timestamp}}"
    regex = next(regex for regex in TIMES if all(re.fullmatch(regex, text) for text in texts))
    return f"(?<timestamp>{regex})"


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(SHAPES[int(match.lastgroup[1:])][0], match[0])
        for match in _TOKEN.finditer(text)
        if match.lastgroup is not None
    ]


class _Fields:
    """Fields for what token lists have alike, from their start."""

    def __init__(
        self, lists: list[list[_Token]], *, used: Counter[str] | None = None, most: int = 1_000
    ) -> None:
        self._lists = lists
        self._most = most
        self.names: Counter[str] = Counter(used or {})
        self._requested = False
        self.grok = ""

    def whole(self, *, plain: bool = False) -> _Fields | None:
        """The grok of the lists as wholes; None if they are not alike to their ends."""
        if len({len(tokens) for tokens in self._lists}) > 1:
            return None
        for place in range(len(self._lists[0])):
            part = self._part([tokens[place] for tokens in self._lists], place)
            if part is None or (plain and "%{" in part):
                return None
            self.grok += part
        return self

    def until_message(self) -> str:
        """The grok of the lists up to where they differ or plain words begin, and the message."""
        alike = min(self._most, *(len(tokens) for tokens in self._lists))
        parts: list[str] = []
        safe = 0  # how many parts stay, whatever comes after: a message begins after a space
        ended = True
        for place in range(alike):
            column = [tokens[place] for tokens in self._lists]
            if self._is_prose(place) or (part := self._part(column, place)) is None:
                ended = False
                break
            parts.append(part)
            if column[0].kind in ("space", "other"):
                safe = len(parts)
        if ended and len({len(tokens) for tokens in self._lists}) == 1 and alike == len(self._lists[0]):
            return "".join(parts)
        return "".join(parts[:safe]) + "%{GREEDYDATA:message}"

    def _is_prose(self, place: int) -> bool:
        """Whether words with blanks between them begin here: a message, in most of the lines."""

        def prose(tokens: list[_Token]) -> bool:
            kinds = [token.kind for token in tokens[place : place + 5]]
            return kinds in (["word", "space"] * 2 + ["word"], ["word", "space", "word"])

        first = self._lists[0][place]
        if first.kind != "word" or ("log_level" not in self.names and _level(first.text)):
            return False
        if place + 1 < len(self._lists[0]) and self._lists[0][place + 1].text in "=:[":
            return False
        return sum(map(prose, self._lists)) > len(self._lists) / 2

    def _part(self, column: list[_Token], place: int) -> str | None:
        """The grok of one place of all lists; None if they differ there."""
        kind = column[0].kind
        if any(token.kind != kind for token in column):
            return None
        texts = {token.text for token in column}
        if kind == "space":
            return escaped(column[0].text) if len(texts) == 1 else "[ \\t]+"
        if kind == "other":
            return escaped(column[0].text) if len(texts) == 1 else None
        if kind == "word" and "log_level" not in self.names and all(map(_level, texts)):
            return f"%{{WORD:{self._name('log_level')}}}"
        if kind == "word" and len(texts) == 1:
            return escaped(column[0].text)
        name = self._name(self._meaning(kind, column, place))
        if kind == "quoted":
            return f'"%{{QUOTED:{name}}}"'
        pattern = {"number": "NUMBER", "uuid": "UUID", "address": "IP"}.get(kind, "NOTSPACE")
        if pattern != "NOTSPACE":
            return f"%{{{pattern}:{name}}}"
        regex = SHAPES[[shape[0] for shape in SHAPES].index(kind)][1]
        return f"(?<{name}>{regex})"

    def _meaning(self, kind: str, column: list[_Token], place: int) -> str:
        before = [tokens[place - 1].text if place else "" for tokens in self._lists]
        if set(before) == {"="} and place >= 2:
            keys = {tokens[place - 2].text for tokens in self._lists}
            if len(keys) == 1 and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key := keys.pop()):
                return key.lower()
        if kind == "address":
            return "client_address"
        if kind == "quoted" and all(_REQUEST.match(token.text[1:-1]) for token in column):
            self._requested = True
            return "request"
        if kind == "number" and self._requested:
            if "http_response_status_code" not in self.names and all(
                re.fullmatch("[1-5][0-9]{2}", token.text) for token in column
            ):
                return "http_response_status_code"
            if self.names["http_response_status_code"] and "http_response_body_size" not in self.names:
                return "http_response_body_size"
        if set(before) == {"["} and kind == "number":
            return "pid"
        return {"uuid": "id", "quoted": "text", "path": "url_path"}.get(kind, kind)

    def _name(self, wanted: str) -> str:
        """The name, with a number where it was given before."""
        self.names[wanted] += 1
        count = self.names[wanted]
        return wanted if count == 1 and wanted not in ("timestamp", "message") else f"{wanted}_{count}"


def _level(text: str) -> bool:
    return len(text) > 2 and text.lower() in levels.words() and text.lower() not in _NOT_LEVELS


#: Level words that are more often plain words.
_NOT_LEVELS = frozenset(
    {"log", "system", "statement", "hint", "detail", "context", "query", "success", "normal"}
)
_NOT_LEVELS |= {"unknown", "any", "fail", "failure", "exception", "abort", "config", "note", "audit", "fine"}


def escaped(text: str) -> str:
    """Text as a regular expression that matches it and nothing else."""
    return re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", text).replace("\t", "\\t")


def _matched(grok: str, texts: Sequence[str]) -> int:
    """How many of the lines a grok line matches with a time that can be read; 0 if it cannot be one."""
    try:
        definition = user_format("proposed", grok)
    except (FormatError, GrokError):
        return 0
    groups = definition.compiled
    at = next(field.group for field in groups.fields if field.name == "timestamp")
    times = pl.Series("text", texts, dtype=pl.String).str.extract_groups(groups.regex).struct.field(at)
    return int(parse(times, (), _CLOCK).is_not_null().sum())
