"""Lines of containers: whole again, and read by the format of what the container wrote."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import logformats
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

TIME = "2024-02-03T10:11:12.345678901Z"
ACCESS = '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 500 5 "-" "curl"'


def read(lines: list[str], **options) -> tuple[pl.DataFrame, logformats.Account]:
    data = "\n".join(lines).encode() + b"\n"
    parsed = list(
        logformats.read(
            io.BytesIO(data),
            source="pods",
            path="s3://bucket/pods/0.log",
            last_modified=datetime(2024, 3, 1, tzinfo=UTC),
            **options,
        )
    )
    account = sum((p.account for p in parsed), logformats.Account())
    assert account.balanced
    assert account.lines_read == len(lines)
    return pl.concat([p.events for p in parsed]), account


def cri(text: str, *, stream: str = "stdout", flag: str = "F") -> str:
    return f"{TIME} {stream} {flag} {text}"


def docker(text: str, stream: str = "stdout") -> str:
    return json.dumps({"log": text, "stream": stream, "time": TIME})


def test_parts_of_a_line_are_one_event():
    events, account = read(
        [cri("one, ", flag="P"), cri("two, ", flag="P"), cri("three"), cri("four"), cri("open", flag="P")]
    )
    assert events.select("message", "log_file_line").rows() == [
        ("one, two, three", 1),
        ("four", 4),
        ("open", 5),
    ]
    assert (account.lines_kept, account.lines_joined) == (3, 2)
    assert account.formats == {"kubernetes_cri": 3}
    assert "log.partial" not in str(events["attributes"].to_list())


def test_parts_of_other_streams_stay_apart():
    events, _ = read([cri("a", flag="P"), cri("b", stream="stderr", flag="P"), cri("c"), cri("d")])
    assert events["message"].to_list() == ["a", "b", "c", "d"]


def test_dockers_parts_are_known_by_their_length():
    events, account = read([docker("x" * 16_384), docker("y\n"), docker("no line feed"), docker("z\n")])
    assert events["message"].to_list() == ["x" * 16_384 + "y", "no line feed", "z"]
    assert account.lines_joined == 1


def test_what_the_container_wrote_is_read_by_its_own_format():
    inside = {
        "plain words": ("INFO", "plain words"),
        '{"level":"error","msg":"boom","time":"2001-01-01T00:00:00Z","n":5}': ("ERROR", "boom"),
        '{"level":"warn","msg":"no time"}': ("WARNING", "no time"),
        'level=error msg="no time either" n=6': ("ERROR", "no time either"),
        ACCESS: ("ERROR", None),
        "E0203 10:11:12.345678       1 leader.go:330] lost": ("ERROR", "lost"),
    }
    for wrap, name in ((cri, "kubernetes_cri"), (lambda text: docker(text + "\n"), "docker_json")):
        events, account = read([wrap(text) for text in inside])
        assert account.formats == {name: 6}
        assert events["format"].unique().to_list() == [name]
        assert events.select("log_level", "message").rows() == list(inside.values())
        assert events["url_path"].to_list()[4] == "/a"
        assert events["timestamp"].unique().to_list() == [
            datetime(2024, 2, 3, 10, 11, 12, 345678, tzinfo=UTC)
        ]
        for attributes in events["attributes"]:
            assert {"key": "log.iostream", "value": "stdout"} in attributes.to_list()


def test_stack_traces_within_stay_with_their_event():
    trace = [
        "2024-02-03 10:11:12,345 ERROR [main] app.Farm - no",
        "java.lang.X: y",
        "\tat a.B.c(B.java:1)",
        "",
    ]
    lines = [cri(text) for text in trace] + [
        cri("Caused by: z"),
        cri("  other", stream="stderr"),
        cri("again"),
    ]
    events, account = read(lines)
    assert events["message"].to_list()[0] == "no\njava.lang.X: y\n\tat a.B.c(B.java:1)\n\nCaused by: z"
    assert events["message"].to_list()[1:] == ["  other", "again"]
    assert account.lines_joined == 4


def test_container_logs_are_not_cut_into_ranges():
    assert not logformats.splittable("\n".join([cri("a"), cri("b")]).encode())


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.builds(
            cri,
            st.sampled_from(
                ["a", "", "\tat x.Y", "2024-02-03 10:11:12,345 ERROR [main] app.Farm - no", ACCESS]
            ),
            stream=st.sampled_from(["stdout", "stdout", "stderr"]),
            flag=st.sampled_from("FFP"),
        )
        | st.sampled_from(["junk", "", f"{TIME} stdout Q x"]),
        min_size=1,
        max_size=40,
    ),
    chunk_bytes=st.integers(1, 400),
)
def test_chunks_of_any_size_give_the_same(lines, chunk_bytes):
    whole, account = read(lines)
    chunked, again = read(lines, chunk_bytes=chunk_bytes)
    assert chunked.equals(whole)
    assert again == account
