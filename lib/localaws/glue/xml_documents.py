"""XML in an object: the elements that a classifier's row tag names, and the columns that they make.

A row's attributes and child elements are its columns: an attribute's name begins with ``_``, an element that
comes several times is an array, one with elements or attributes of its own a struct. As in Glue, a row that
is written as one empty tag (``<row a="1"/>``) is not read
(https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-xml).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from localaws.glue.hive_types import UNSEEN, Columns, Type, merge, merge_columns, of_text
from localaws.glue.samples import Sample

ATTRIBUTE = "_"
VALUE = "_VALUE"  # the text of an element that has attributes
MAX_ROWS = 1000  # that the columns are inferred from
MAX_DEPTH = 64
_INT = range(-(2**31), 2**31)


@dataclass(frozen=True)
class XmlRows:
    """The rows of an object: their columns, and how many the object holds."""

    columns: Columns
    records: int


class _Refused(Exception):
    """A document that is not read further."""


@dataclass
class _Element:
    """An element that is open: the types of what it has held so far."""

    name: str
    attributes: Columns
    children: Columns = field(default_factory=dict)
    text: str = ""

    def add(self, name: str, type_: Type) -> None:
        if name not in self.children:
            self.children[name] = type_
        elif isinstance(known := self.children[name], list):
            self.children[name] = ["array", merge(known[1], type_)]
        else:
            self.children[name] = ["array", merge(known, type_)]

    def columns(self) -> Columns:
        text = {VALUE: _of_text(self.text)} if self.text.strip() else {}
        return {**self.attributes, **self.children, **text}

    def type(self) -> Type:
        if not self.attributes and not self.children:
            return _of_text(self.text)
        return self.columns()


class _Rows:
    """Gathers the rows that a parser comes by."""

    def __init__(self, row_tag: str, data: bytes) -> None:
        self.row_tag = row_tag
        self.data = data
        self.open: list[_Element] = []  # from the row down
        self.depth = 0
        self.columns: Columns = {}
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        # Entities could unfold to any size; no data that is made for tables has its own.
        self.parser.EntityDeclHandler = self._refuse

    def _refuse(self, *_) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused
        if self.open or name == self.row_tag:
            types = {f"{ATTRIBUTE}{key}": _of_text(value) for key, value in attributes.items()}
            self.open.append(_Element(name, types))

    def _end(self, name: str) -> None:
        self.depth -= 1
        if not self.open:
            return
        element = self.open.pop()
        if self.open:
            self.open[-1].add(name, element.type())
        elif element.children or element.text or not self._one_tag():
            self.count += 1
            if self.count <= MAX_ROWS:
                self.columns = merge_columns(self.columns, element.columns())

    def _one_tag(self) -> bool:
        """Tell whether the empty element that ends here was written as one tag."""
        at = self.parser.CurrentByteIndex
        return self.data[max(0, at - 4) : at].replace(b"\0", b"").endswith(b"/>")

    def _text(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text


def read(sample: Sample, row_tag: str) -> XmlRows | None:
    """Read the rows of an object; None when it is no XML, or has no such rows where it is looked at."""
    if b"<" not in sample.head.replace(b"\0", b"")[:100].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")[:1]:
        return None
    rows = _Rows(row_tag, sample.head)
    try:
        rows.parser.Parse(rows.data, sample.complete and sample.problem is None)
    except (expat.ExpatError, _Refused, ValueError):
        return None
    if not rows.count or not rows.columns:
        return None
    return XmlRows(rows.columns, sample.estimated_records(rows.count))


def _of_text(value: str) -> Type:
    value = value.strip()
    if not value:
        return UNSEEN
    type_ = of_text(value)
    return "int" if type_ == "bigint" and int(value) in _INT else type_
