"""XML in an object."""

import pytest
from localaws.glue import samples, xml_documents


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, row_tag="row"):
        path = tmp_path / "object"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return xml_documents.read(samples.take(path), row_tag)

    return write_and_read


def test_attributes_elements_and_text_are_columns(read):
    found = read(
        '<?xml version="1.0"?>\n<rows>\n'
        '<row id="1"><name>a</name><price>1.5</price><big>9999999999</big><ok>true</ok></row>\n'
        '<row id="2"><name>7</name><price>2</price><tag>x</tag><tag>y</tag></row>\n'
        '<row id="3"><place lat="1.0">home</place><none/></row></rows>'
    )
    assert found.records == 3
    assert found.columns == {
        "_id": "int",
        "name": "string",
        "price": "double",
        "big": "bigint",
        "ok": "boolean",
        "tag": ["array", "string"],
        "place": {"_lat": "double", "_VALUE": "string"},
        "none": "null",
    }


def test_a_row_that_is_one_empty_tag_is_not_read(read):
    assert read('<rows><row a="1"/></rows>') is None
    assert read('<rows><row a="1"></row></rows>').columns == {"_a": "int"}


def test_the_encoding_is_the_documents_own(read):
    assert read("<rows><row><a>é</a></row></rows>".encode("utf-16")).columns == {"a": "string"}
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    assert read(f"{head}<rows><row><a>é</a></row></rows>".encode("latin-1")).columns == {"a": "string"}


def test_a_large_document_is_looked_at_and_estimated(read):
    found = read("<rows>" + "<row><a>1</a></row>\n" * 40_000 + "</rows>")
    assert found.columns == {"a": "int"}
    assert found.records == pytest.approx(40_000, rel=0.01)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        '{"row": 1}',
        "<rows><line>a</line></rows>",
        "<rows><row>a</rows>",
        "<a>" * 100 + "<row><b>1</b></row>" + "</a>" * 100,
        '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rows><row><x>&b;</x></row></rows>',
        b"\x00\x01\x02<row>",
    ],
)
def test_what_has_no_rows_is_not_xml_of_this_kind(read, text):
    assert read(text) is None
