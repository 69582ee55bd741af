"""Bytes to lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from logformats import lines


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"a", b"\n", b"\r", b"\xc3\xa9", b"\xff", b"\0", b" ", b"\xe2\x80\xa8", b"\x0b"])
    )
)
def test_small_and_large_data_have_the_same_lines(parts):
    data = b"".join(parts)
    small = lines.decoded(data).to_list()
    large = lines.decoded(
        data + b"\n" * (data[-1:] not in (b"\n", b"")) + b"x\n" * lines.SMALL_BYTES
    ).to_list()
    assert small == large[: len(small)]
    assert large[len(small)] == "x"
    assert len(small) == data.count(b"\n") + (data[-1:] not in (b"\n", b""))


def test_colours_go_alike_from_one_line_and_from_many():
    text = "\x1b[2K\x1b[31m\x1b[1mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b(B end"
    assert lines.without_colour(text) == "red link \x1b(B end"
    series = lines.decoded(text.encode() + b"\nplain\n")
    assert lines.without_colours(series).to_list() == ["red link \x1b(B end", "plain"]
