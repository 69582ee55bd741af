"""Reading objects: what becomes of every line, in whatever shape the bytes come."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import itertools
import lzma
import tarfile
import zipfile
from datetime import UTC, datetime

import logformats
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats.account import Account
from logformats.schema import polars_schema

MODIFIED = datetime(2026, 1, 20, tzinfo=UTC)
LINE = '192.0.2.7 - - [17/May/2015:10:05:{:02d} +0000] "GET /{} HTTP/1.1" {} 12 "-" "curl/8"'


class Stream(io.RawIOBase):
    """Bytes that cannot be sought, in pieces of any size, as from the network."""

    def __init__(self, data: bytes, piece: int = 1 << 16) -> None:
        self._data, self._piece = io.BytesIO(data), piece

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._piece) if size >= 0 else -1)


def read(data: bytes | io.IOBase, **options):
    """Events, rejects, counts and the account of an object."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    given = {"source": "test", "path": "s3://bucket/test/file.log", "last_modified": MODIFIED, **options}
    parsed = list(logformats.read(stream, **given))
    account = sum((p.account for p in parsed), Account())
    assert account.balanced
    tables = {
        "logs": pl.concat([pl.DataFrame(schema=polars_schema("logs")), *(p.events for p in parsed)]),
        "log_rejects": pl.concat(
            [pl.DataFrame(schema=polars_schema("log_rejects")), *(p.rejects for p in parsed)]
        ),
        "log_counts": pl.concat(
            [pl.DataFrame(schema=polars_schema("log_counts")), *(p.counts for p in parsed)]
        ),
    }
    assert len(tables["log_rejects"]) == account.lines_rejected
    keys = [c for c in tables["log_counts"].columns if c not in ("events", "bytes")]
    counts = tables["log_counts"].group_by(keys).agg(pl.col("events", "bytes").sum()).sort(keys)
    return tables["logs"], tables["log_rejects"], counts, account


def access_lines(number: int) -> bytes:
    statuses = (200, 404, 502)
    return "".join(LINE.format(i % 60, i, statuses[i % 3]) + "\n" for i in range(number)).encode()


def test_levels_that_are_dropped_are_counted():
    events, rejects, counts, account = read(access_lines(9), drop_levels=["INFO", "WARNING"])
    assert events["http_response_status_code"].to_list() == [502, 502, 502]
    assert events["log_file_line"].to_list() == [3, 6, 9]
    assert rejects.is_empty()
    assert dict(counts.group_by("log_level").agg(pl.col("events").sum()).iter_rows()) == {
        "INFO": 3,
        "WARNING": 3,
        "ERROR": 3,
    }
    assert counts["bytes"].sum() == 9 * 12
    assert (account.lines_read, account.lines_kept, account.lines_dropped) == (9, 3, 6)
    assert account.first_event == datetime(2015, 5, 17, 10, 5, 0, tzinfo=UTC)
    assert account.last_event == datetime(2015, 5, 17, 10, 5, 8, tzinfo=UTC)


def test_unknown_level_is_refused():
    with pytest.raises(ValueError, match="no level 'WARN'"):
        read(b"", drop_levels=["WARN"])


def test_empty_object():
    events, rejects, counts, account = read(b"")
    assert (len(events), len(rejects), len(counts)) == (0, 0, 0)
    assert account == Account()


def test_last_line_without_newline_and_blank_lines():
    events, _, _, account = read(b"\n" + access_lines(2).rstrip(b"\n").replace(b"\n", b"\n  \n"))
    assert events["log_file_line"].to_list() == [2, 4]
    assert (account.lines_read, account.lines_blank) == (4, 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda d: codecs.BOM_UTF8 + d, id="BOM"),
        pytest.param(lambda d: d.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda d: codecs.BOM_UTF16_BE + d.decode().encode("utf-16-be"), id="UTF-16-BE"),
        pytest.param(lambda d: d.replace(b"192.0.2.7", b"\x1b[31;1m192.0.2.7\x1b[0m"), id="ANSI"),
        pytest.param(lambda d: d.decode().encode("utf-16-le"), id="UTF-16-LE-without-BOM"),
        pytest.param(lambda d: d.decode().encode("utf-16-be"), id="UTF-16-BE-without-BOM"),
        pytest.param(lambda d: d.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lzma.compress, id="xz"),
        pytest.param(lambda d: lzma.compress(d[:700]) + b"\0" * 4 + lzma.compress(d[700:]), id="xz-streams"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(
            lambda d: gzip.compress(d[:700]) + gzip.compress(d[700:]) + b"\0" * 512, id="gzip-members"
        ),
        pytest.param(bz2.compress, id="bzip2"),
        pytest.param(lambda d: bz2.compress(d[:700]) + bz2.compress(d[700:]), id="bzip2-streams"),
        pytest.param(lambda d: zstandard.compress(d), id="zstd"),
        pytest.param(lambda d: zstandard.compress(d[:700]) + zstandard.compress(d[700:]), id="zstd-frames"),
        pytest.param(lambda d: gzip.compress(d.decode().encode("utf-16")), id="gzip-UTF-16"),
    ],
)
def test_the_same_lines_in_any_encoding(change):
    data = access_lines(50)
    expected, *_ = read(data)
    for stream in (io.BytesIO(change(data)), Stream(change(data), 7), Stream(change(data))):
        events, rejects, _, account = read(stream)
        assert rejects.is_empty()
        assert events.equals(expected)
        assert account.lines_read == 50


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress, lzma.compress])
def test_compressed_object_that_is_cut_off(compress):
    data = b"".join(
        LINE.format(i % 60, f"{i * 2654435761 % 2**32:x}" * 3, 200).encode() + b"\n" for i in range(60_000)
    )
    packed = compress(data)
    events, rejects, _, account = read(packed[: len(packed) // 2])
    assert 0 < len(events) < 60_000
    assert events["log_file_line"].to_list() == list(range(1, len(events) + 1))
    (reject,) = rejects.iter_rows(named=True)
    assert "cut off" in reject["reason"]
    assert reject["log_file_line"] == account.lines_read == len(events) + 1
    assert data.split(b"\n")[len(events)].startswith(reject["raw_line"].encode())


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("a.log")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.log", access_lines(2))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(_tar(), "it is a tar archive", id="tar"),
        pytest.param(gzip.compress(_tar()), "gzip data holds a tar archive", id="tar.gz"),
        pytest.param(_zip(), "it is a ZIP archive", id="zip"),
        pytest.param(b"PAR1" + bytes(100), "a Parquet file", id="parquet"),
        pytest.param(b"\x04\x22\x4d\x18" + bytes(100), "LZ4", id="lz4"),
    ],
)
def test_what_is_no_text_is_one_reject_with_the_reason(data, reason):
    events, rejects, _, account = read(data)
    assert events.is_empty()
    assert reason in rejects["reason"].item()
    assert account.lines_read == account.lines_rejected == 1


def test_damaged_gzip():
    packed = bytearray(gzip.compress(access_lines(5000)))
    packed[-6] ^= 0xFF  # the checksum
    events, rejects, _, account = read(bytes(packed))
    assert len(events) == 5000
    assert account.lines_rejected == 1
    assert "damaged" in rejects["reason"][0]
    events, rejects, _, _ = read(gzip.compress(access_lines(5)) + b"not gzip")
    assert len(events) == 5
    assert "not gzip" in rejects["reason"][0]


def test_bytes_that_are_no_text_are_kept():
    line = LINE.format(1, "x", 500).encode().replace(b"curl/8", b"caf\xe9 \x00 \xf0\x9f\x98\x80")
    events, *_ = read(line + b"\n\xff\xfe\x00 junk\n")
    assert events["user_agent_original"].to_list() == ["caf\\xe9 \\x00 \U0001f600"]
    _, rejects, _, _ = read(line + b"\n\xff\xfe\x00 junk\n")
    assert rejects["raw_line"].to_list() == ["\\xff\\xfe\\x00 junk"]


def test_colours_go_from_fields_but_not_from_rejects():
    data = b"2022-06-22T10:20:33Z \x1b[0;31mERROR\x1b[0m it \x1b[1mfailed\x1b[0m\n"
    events, *_ = read(data)
    assert events.select("log_level", "message").rows() == [("ERROR", "it failed")]
    _, rejects, *_ = read(b"\x1b[31mwhat is this\x1b[0m\n")
    assert rejects["raw_line"].to_list() == ["\x1b[31mwhat is this\x1b[0m"]


def test_line_of_ten_megabytes():
    long = LINE.format(2, "x" * 10_000_000, 500).encode()
    events, rejects, _, account = read(
        access_lines(3) + long + b"\n" + b"y" * 10_000_000 + b"\n" + access_lines(3)
    )
    assert account.lines_read == 8
    assert events["url_path"].str.len_bytes().max() == 10_000_001
    assert rejects["raw_line"].str.len_bytes().to_list() == [10_000_000]


def test_line_that_has_no_end(monkeypatch):
    monkeypatch.setattr("logformats.lines.MAX_LINE_BYTES", 5000)
    monkeypatch.setattr("logformats.lines.SHOWN_BYTES", 100)
    monkeypatch.setattr("logformats.decompress.READ_BYTES", 700)
    monkeypatch.setattr("logformats.decompress.HEAD_BYTES", 700)
    data = access_lines(3) + b"x" * 20_000 + b"\n" + access_lines(3)
    events, rejects, _, account = read(Stream(data, 777), chunk_bytes=1000)
    assert events["log_file_line"].to_list() == [1, 2, 3, 5, 6, 7]
    assert rejects.select("raw_line", "log_file_line").rows() == [("x" * 100, 4)]
    assert "longer" in rejects["reason"][0]
    assert account.lines_read == 7


TRACE = """2025-01-24 07:00:30,139 ERROR [main] app.Farm - It failed
java.lang.IllegalStateException: no

\tat app.Farm.run(Farm.java:12)
Caused by: java.io.IOException
\t... 3 more

2025-01-24 07:00:31,000 INFO [main] app.Farm - Going on
"""


def test_lines_join_the_event_before():
    events, rejects, counts, account = read(TRACE.encode())
    assert rejects.is_empty()
    assert events["log_file_line"].to_list() == [1, 8]
    message = events["message"][0]
    assert message.endswith(
        "no\n\n\tat app.Farm.run(Farm.java:12)\nCaused by: java.io.IOException\n\t... 3 more"
    )
    assert (account.lines_kept, account.lines_joined, account.lines_blank) == (2, 5, 1)
    assert counts["events"].sum() == 2


def test_lines_joined_to_a_dropped_event_count_as_joined():
    events, _, _, account = read(TRACE.encode(), drop_levels=["ERROR"])
    assert events["log_file_line"].to_list() == [8]
    assert (account.lines_kept, account.lines_dropped, account.lines_joined) == (1, 1, 5)


def test_lines_before_the_first_event_are_rejects():
    events, rejects, _, _ = read(b"Header1: abc\nHeader2: def\n" + TRACE.encode())
    assert rejects["log_file_line"].to_list() == [1, 2]
    assert rejects["dt"].to_list() == ["2025-01-24", "2025-01-24"]
    assert len(events) == 2


def test_rejects_take_the_date_of_the_event_before_them():
    day = LINE.replace("17/May", "18/May")
    data = f"junk 1\n{LINE.format(1, 'a', 200)}\njunk 2\n{day.format(1, 'b', 200)}\njunk 3\n"
    _, rejects, *_ = read(data.encode())
    assert rejects["dt"].to_list() == ["2015-05-17", "2015-05-17", "2015-05-18"]
    _, rejects, *_ = read(b"only junk\n")
    assert rejects["dt"].to_list() == ["2026-01-20"]


def test_an_event_has_a_longest():
    more = b"  more\n" * 10_050
    events, rejects, _, account = read(TRACE.encode() + more + TRACE.encode(), chunk_bytes=4096)
    assert account.lines_joined == 10_000 + 2 * 5
    assert account.lines_rejected == 50
    assert "10,000 lines" in rejects["reason"][0]
    assert len(events) == 4


def test_time_that_cannot_be_read_is_a_reason():
    bad = LINE.format(1, "a", 200).replace("17/May", "31/Jun")
    _, rejects, _, account = read(access_lines(2) + bad.encode() + b"\n")
    assert rejects["reason"].to_list() == ["the time cannot be read: 31/Jun/2015:10:05:01 +0000"]
    assert account.lines_kept == 2


def test_formats_mixed_in_one_object():
    lines = [
        LINE.format(1, "a", 200),
        '{"time":"2025-01-13T09:58:13Z","level":"error","msg":"no"}',
        "2025/12/21 00:07:40 [warn] 735#735: *4387 slow",
        "Dec 31 23:59:58 host-1 systemd[1]: Started.",
    ] * 3
    events, rejects, _, account = read("\n".join(lines).encode())
    assert rejects.is_empty()
    assert account.formats == {"access_combined": 3, "slog_json": 3, "nginx_error": 3, "syslog_rfc3164": 3}
    assert events["log_file_line"].to_list() == list(range(1, 13))


def test_a_format_that_comes_after_the_head_is_found():
    head = access_lines(3000)
    data = head + b"2025/12/21 00:07:40 [warn] 735#735: *4387 slow\n"
    _, rejects, _, account = read(data)
    assert rejects.is_empty()
    assert account.formats == {"access_combined": 3000, "nginx_error": 1}


def test_words_with_commas_are_a_header_at_the_head_only():
    rows = "a,1,2025-01-24T07:00:30Z\nb,2,2025-01-24T07:00:31Z\n"
    _, rejects, _, account = read(("\n" + "name,count,time\n" + rows + "name,count,time\n" + rows).encode())
    assert account.formats == {"csv_header": 4}
    assert account.lines_blank == 3
    assert rejects.is_empty()
    _, rejects, _, account = read(access_lines(2) + b"name,count,time\n" + rows.encode())
    assert account.formats == {"access_combined": 2}
    assert len(rejects) == 3


def test_fields_of_a_w3c_log_change_with_its_directive():
    data = (
        b"#Fields: date time c-ip sc-status\n2025-01-24 07:00:30 192.0.2.1 500\n"
        b"#Fields: date time sc-status c-ip\n2025-01-24 07:00:31 404 192.0.2.2\n192.0.2.3 wrong\n"
    )
    events, rejects, _, account = read(data, chunk_bytes=40)
    assert events["client_address"].to_list() == ["192.0.2.1", "192.0.2.2"]
    assert events["log_level"].to_list() == ["ERROR", "WARNING"]
    assert (account.lines_blank, len(rejects)) == (2, 1)


def test_years_of_yearless_times_come_from_the_file():
    data = b"Dec 31 23:59:58 h app[1]: old\nJan  1 00:00:02 h app[1]: new\n"
    modified = datetime(2024, 1, 1, 3, tzinfo=UTC)
    events, *_ = read(data, last_modified=modified)
    assert [t.year for t in events["timestamp"]] == [2023, 2024]
    for path in ("s3://b/app/messages-20220101", "s3://b/app/2021/12/31/messages.gz"):
        events, *_ = read(data, path=path)
        assert [t.year for t in events["timestamp"]] == [2021, 2022]


def test_times_without_a_zone_are_in_the_zone_given():
    data = b"2025-03-30 01:30:00 ERROR a\n2025-03-30 02:30:00 ERROR gap\n2025-10-26 02:30:00 ERROR twice\n"
    events, *_ = read(data, time_zone="Europe/Berlin")
    assert [t.strftime("%H:%M") for t in events["timestamp"]] == ["00:30", "01:30", "00:30"]


def test_users_own_format():
    own = logformats.user_format(
        "shop", r"%{NOTSPACE:ts} <%{WORD:level}> %{WORD:verb} %{NUMBER:price}: %{DATA:msg}"
    )
    data = b"2025-01-24T07:00:30Z <warn> BUY 12.5: two apples\nnot that\n"
    events, _, _, account = read(data, formats=[own, *logformats.formats()])
    row = events.row(0, named=True)
    assert (row["log_level"], row["http_request_method"], row["format"]) == ("WARNING", "BUY", "shop")
    assert row["attributes"] == [{"key": "price", "value": "12.5"}]
    assert row["message"] == "two apples\nnot that"
    assert account.lines_joined == 1


MIXED = (
    "junk before\n"
    + TRACE
    + LINE.format(1, "ä", 404)
    + "\n\nno format\r\n"
    + TRACE
    + '{"time":"2025-01-13T09:58:13Z","msg":"é"}\nrejected\n'
    + "2025-01-24 07:61:30,139 ERROR bad time\n"
    + TRACE
    + "  tail\n"
).encode()


def read_ranges(data: bytes, cuts: list[int], **options):
    edges = [0, *cuts, len(data)]
    parts = []
    for start, end in itertools.pairwise(edges):
        body = data[max(start - 1, 0) :]
        first = 1 + data[:start].count(b"\n")
        parts.append(read(Stream(body), start=start, end=end, head=data, first_line=first, **options))
    events, rejects, counts = (pl.concat([part[i] for part in parts]) for i in range(3))
    keys = [c for c in counts.columns if c not in ("events", "bytes")]
    counts = counts.group_by(keys).agg(pl.col("events", "bytes").sum()).sort(keys)
    return events, rejects, counts, sum((part[3] for part in parts), Account())


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, len(MIXED)), max_size=6).map(sorted),
    chunk_bytes=st.sampled_from([100, 1 << 20]),
    drop=st.sampled_from([(), ("INFO",), ("ERROR",)]),
)
def test_ranges_give_together_what_one_read_gives(cuts, chunk_bytes, drop):
    whole = read(MIXED, drop_levels=drop)
    ranges = read_ranges(MIXED, cuts, drop_levels=drop, chunk_bytes=chunk_bytes)
    for expected, found in zip(whole, ranges, strict=True):
        assert found.equals(expected) if isinstance(found, pl.DataFrame) else found == expected


#: Formats whose samples have events of several lines: traces of Java, Python, Go, Ruby, .NET, PHP, SQL …
SEVERAL_LINES = [
    definition
    for definition in logformats.formats()
    if definition.multiline and any(len(sample.lines) > 1 for sample in definition.samples)
]


@pytest.mark.parametrize("definition", SEVERAL_LINES, ids=lambda d: d.name)
def test_events_of_several_lines_stay_whole_wherever_the_bytes_are_cut(definition):
    lines = [line for sample in definition.samples if sample.becomes for line in sample.lines]
    data = "\n".join(lines * 2).encode()
    path = "s3://bucket/test/app-2025-01-24.log"  # for times of day without a date
    whole = read(data, path=path)
    assert whole[3].lines_joined > 0

    @settings(max_examples=5, deadline=None, database=None)
    @given(cuts=st.lists(st.integers(0, len(data)), min_size=1, max_size=4).map(sorted))
    def run(cuts):
        for expected, found in zip(whole, read_ranges(data, cuts, chunk_bytes=200, path=path), strict=True):
            assert found.equals(expected) if isinstance(found, pl.DataFrame) else found == expected

    run()


@settings(max_examples=25, deadline=None)
@given(chunk_bytes=st.integers(1, 3000), piece=st.integers(1, 3000))
def test_chunks_of_any_size_give_the_same(chunk_bytes, piece):
    whole = read(MIXED)
    chunked = read(Stream(MIXED, piece), chunk_bytes=chunk_bytes)
    for expected, found in zip(whole, chunked, strict=True):
        assert found.equals(expected) if isinstance(found, pl.DataFrame) else found == expected


@st.composite
def objects(draw) -> bytes:
    """Bytes of all kinds: noise, lines of logs with noise in them, packed, recoded and cut anywhere."""
    pieces = st.sampled_from(
        [*MIXED.splitlines(keepends=True), b"\r", b"\n", b"\xef\xbb\xbf", b"\x00", b"\x1b[31m"]
    )
    data = b"".join(draw(st.lists(pieces | st.binary(max_size=60), max_size=30)))
    change = draw(st.sampled_from(["", "", "gzip", "bzip2", "zstd", "xz", "utf-16", "utf-16-le"]))
    pack = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstandard.compress, "xz": lzma.compress}
    if change in pack:
        data = pack[change](data)
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(data) - 1))
            data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    elif change:
        data = data.decode("utf-8", "replace").encode(change)
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@settings(max_examples=200, deadline=None)
@given(data=objects() | st.binary(max_size=2000), chunk_bytes=st.sampled_from([50, 1000, 1 << 20]))
def test_any_bytes_are_accounted_for(data, chunk_bytes):
    _, rejects, _, account = read(data, chunk_bytes=chunk_bytes)
    assert account == read(Stream(data, 97))[-1]
    assert rejects["reason"].null_count() == rejects["dt"].null_count() == 0


def test_ranges_of_a_seekable_file_and_the_need_of_a_head():
    data = access_lines(100)
    cut = len(data) // 3
    first, *_ = read(io.BytesIO(data), end=cut)
    second, *_ = read(io.BytesIO(data), start=cut, first_line=1 + data[:cut].count(b"\n"))
    assert pl.concat([first, second]).equals(read(data)[0])
    with pytest.raises(ValueError, match="head"):
        read(Stream(data[cut - 1 :]), start=cut)


def test_splittable():
    assert logformats.splittable(access_lines(2))
    assert not logformats.splittable(gzip.compress(access_lines(2)))
    assert not logformats.splittable("é".encode("utf-16"))
    assert not logformats.splittable(b"time,level,message\n2025-01-24T07:00:30Z,info,x\n")


def test_count_newlines():
    data = access_lines(7)
    assert logformats.count_newlines(Stream(data, 5)) == 7
    assert logformats.count_newlines(io.BytesIO(data), data.index(b"\n")) == 0
    assert logformats.count_newlines(io.BytesIO(data), data.index(b"\n") + 1) == 1
    assert logformats.count_newlines(io.BytesIO(b"")) == 0
