"""What stands before rclone at the S3 endpoint: refuses what rclone would take for something else.

rclone passes over what it does not know: to it, a PUT of an object's tags is a PUT of the object. Here such
requests are answered as AWS answers what a bucket does not have, or refused as not implemented; conditional
PUTs are decided; requests of web pages, unsigned ones and ones of another time are refused in AWS's words.
Everything else goes on to rclone as it came, which checks its signature, and its bytes are moved by the
kernel (splice) where it can.

A process of its own, on the standard library alone, so that it stays small, and queries do not slow it down:
``python -m localaws.s3gate PORT RCLONE_PORT S3_FOLDER``.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import os
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote

LONGEST_HEAD = 128 * 1024
PIECE = 1 << 20
IDLE_SECONDS = 300
# rclone closes a connection that nobody used for a minute.
FRESH_SECONDS = 30
# What is read whole before the first byte of it goes to the client.
SMALL = 1 << 20
READ_ATTEMPTS = 4
WINDOW = timedelta(minutes=15)
_REASONS = {200: "OK", 403: "Forbidden", 404: "Not Found", 412: "Precondition Failed", 501: "Not Implemented"}

# Parts of a bucket or an object that rclone does not have, and what AWS says of a bucket that has none:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_ABSENT = {
    "cors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "encryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    "lifecycle": ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    "object-lock": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "ownershipControls": (
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
    "policy": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "policyStatus": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    "replication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "website": (
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
}
_NOT_HERE = {
    *("accelerate", "acl", "analytics", "attributes", "intelligent-tiering", "inventory", "legal-hold"),
    *("logging", "metrics", "notification", "requestPayment", "restore", "retention", "select", "torrent"),
    *("versions",),
}


@dataclass
class Head:
    """The head of a request or an answer.

    Attributes
    ----------
    raw
        Its bytes, the empty line at its end included.
    first
        Its first line, in three parts.
    headers
        By lower-case name; of a header that came twice the last value.
    """

    raw: bytes
    first: tuple[str, str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int | None:
        """The bytes that follow, None where the head does not say."""
        text = self.headers.get("content-length")
        return int(text) if text is not None and text.isdecimal() else None

    @property
    def chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower().endswith("chunked")

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close" or self.first[2] == "HTTP/1.0"


@dataclass(frozen=True)
class Refusal:
    """An answer that is given here: the status, AWS's code and words; or a whole body."""

    status: int
    code: str = ""
    message: str = ""
    body: str = ""


class BadMessage(Exception):
    """Something that is no HTTP/1.1 message, or too long a head."""


class Stream:
    """A connected socket, with what was read from it already."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def head(self) -> Head | None:
        """Read the next head; None where the other side has closed."""
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if len(self._read) > LONGEST_HEAD:
                raise BadMessage
            more = self.socket.recv(65536)
            if not more:
                if self._read:
                    raise BadMessage
                return None
            self._read += more
        raw, self._read = self._read[: end + 4], self._read[end + 4 :]
        first, *lines = raw[:-4].decode("latin-1").split("\r\n")
        parts = first.split(" ", 2)
        if len(parts) < 2:
            raise BadMessage
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadMessage
            headers[name.strip().lower()] = value.strip()
        return Head(raw, (parts[0], parts[1], parts[2] if len(parts) > 2 else ""), headers)

    def line(self) -> bytes:
        """Read a line, its end included."""
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > LONGEST_HEAD:
                raise BadMessage
            more = self.socket.recv(65536)
            if not more:
                raise BadMessage
            self._read += more
        line, self._read = self._read[: end + 1], self._read[end + 1 :]
        return line

    def pieces(self, length: int | None) -> Iterator[bytes]:
        """Read so many bytes, or, without a length, all until the other side closes."""
        while length is None or length > 0:
            if self._read:
                piece = self._read if length is None else self._read[:length]
                self._read = self._read[len(piece) :]
            else:
                piece = self.socket.recv(PIECE if length is None else min(PIECE, length))
                if not piece:
                    if length is None:
                        return
                    raise BadMessage
            if length is not None:
                length -= len(piece)
            yield piece

    def copy(self, other: Stream, length: int | None) -> None:
        """Hand on so many bytes, or all until the other side closes."""
        if length is not None and length > PIECE and hasattr(os, "splice"):
            for piece in self.pieces(min(length, len(self._read))):
                other.socket.sendall(piece)
                length -= len(piece)
            self._splice(other, length)
            return
        for piece in self.pieces(length):
            other.socket.sendall(piece)

    def _splice(self, other: Stream, length: int) -> None:
        reader, writer = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIECE)
        try:
            # A time-out makes a socket non-blocking for splice: here both sides block.
            self.socket.settimeout(None)
            other.socket.settimeout(None)
            while length > 0:
                taken = os.splice(self.socket.fileno(), writer, min(length, PIECE))
                if taken == 0:
                    raise BadMessage
                length -= taken
                while taken > 0:
                    taken -= os.splice(reader, other.socket.fileno(), taken)
        finally:
            os.close(reader)
            os.close(writer)
            self.socket.settimeout(IDLE_SECONDS)
            other.socket.settimeout(IDLE_SECONDS)

    def chunks(self) -> Iterator[tuple[bytes, bytes]]:
        """Read a chunked body: each chunk as it came, and its bytes alone; trailers are with the last."""
        while True:
            line = self.line()
            size = int(line.split(b";")[0].strip() or b"x", 16)
            if size == 0:
                trailer = line
                while (more := self.line()).strip():
                    trailer += more
                yield trailer + more, b""
                return
            data = b"".join(self.pieces(size))
            yield line + data + self.line(), data

    @property
    def has_read(self) -> bool:
        """Whether something was read that nobody has asked for yet."""
        return bool(self._read)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()


class Gate:
    """Listens for S3's clients, and speaks to rclone for them.

    Parameters
    ----------
    rclone_port
        Where rclone listens, on 127.0.0.1.
    folder
        The folder of the buckets.
    """

    def __init__(self, rclone_port: int, folder: Path) -> None:
        self._rclone_port = rclone_port
        self._folder = folder
        # Of objects that are written on a condition: one at a time each.
        self._locks = [threading.Lock() for _ in range(64)]

    def serve(self, listening: socket.socket) -> None:
        """Serve for ever."""
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE_SECONDS)
        client, rclone, used = Stream(connection), None, 0.0
        try:
            while (request := client.head()) is not None:
                refusal = judge(request, self._folder)
                if refusal is not None:
                    refuse(client, request, refusal)
                    if request.closes:
                        return
                    continue
                if rclone is None or time.monotonic() - used > FRESH_SECONDS:
                    if rclone is not None:
                        rclone.close()
                    rclone = Stream(self._connect())
                with self._alone(request):
                    # Looked at again: another may have written it while this one waited.
                    refusal = condition(request, self._folder)
                    if refusal is not None:
                        refuse(client, request, refusal)
                        continue
                    if is_small_read(request):
                        rclone = self._read_small(client, rclone, request)
                    elif not hand_on(client, rclone, request):
                        return
                used = time.monotonic()
        except (OSError, ValueError, BadMessage):
            return  # either side has gone, or speaks no HTTP: there is nobody to tell
        finally:
            client.close()
            if rclone is not None:
                rclone.close()

    def _read_small(self, client: Stream, rclone: Stream, request: Head) -> Stream:
        """Hand on an answer that is whole: where an object is replaced while rclone reads it, ask again."""
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                rclone.socket.sendall(request.raw)
                answer = rclone.head()
                if answer is None:
                    raise BadMessage
                small = answer.length is not None and answer.length <= SMALL
                body = b"".join(rclone.pieces(answer.length)) if small else b""
            except (OSError, BadMessage):
                if attempt == READ_ATTEMPTS:
                    raise
                rclone.close()
                rclone = Stream(self._connect())
                continue
            break
        answer = partial(request, answer)
        if small:
            client.socket.sendall(answer.raw + body)
        else:
            send(client, rclone, request, answer)
        if request.closes or answer.closes:
            raise BadMessage  # nothing more comes
        return rclone

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._rclone_port), timeout=10)
        made.settimeout(IDLE_SECONDS)
        return made

    @contextlib.contextmanager
    def _alone(self, request: Head) -> Iterator[None]:
        if not {"if-none-match", "if-match"} & request.headers.keys() or request.first[0] != "PUT":
            yield
            return
        with self._locks[hash(request.first[1].partition("?")[0]) % len(self._locks)]:
            yield


def judge(request: Head, folder: Path, now: datetime | None = None) -> Refusal | None:
    """Say what is answered here, and how; None for what rclone is to answer."""
    method, target, _ = request.first
    path, _, query = target.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if method == "OPTIONS" or "origin" in request.headers:
        return Refusal(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    if "authorization" not in request.headers and "X-Amz-Signature" not in given:
        return Refusal(403, "AccessDenied", "Access Denied")
    if skewed(request.headers.get("x-amz-date", ""), now or datetime.now(UTC)):
        words = "The difference between the request time and the current time is too large."
        return Refusal(403, "RequestTimeTooSkewed", words)
    if "tagging" in given and method == "GET":
        if "/" not in path.strip("/"):
            return Refusal(404, "NoSuchTagSet", "The TagSet does not exist")
        if not place(folder, path).is_file():
            return Refusal(404, "NoSuchKey", "The specified key does not exist.")
        return Refusal(200, body="<Tagging><TagSet></TagSet></Tagging>")
    for name, (code, message) in _ABSENT.items():
        if name in given and method in ("GET", "HEAD"):
            return Refusal(404, code, message)
    for name in given.keys() & (_NOT_HERE | _ABSENT.keys() | {"tagging"}):
        return not_here(f"{method} ?{name}")
    if "versioning" in given and method != "GET":
        return not_here(f"{method} ?versioning")
    if "uploadId" in given and "x-amz-copy-source" in request.headers:
        return not_here("UploadPartCopy")
    return None


def not_here(what: str) -> Refusal:
    """Refuse what the local S3 does not have."""
    return Refusal(501, "NotImplemented", f"The local S3 does not have {what}.")


def condition(request: Head, folder: Path) -> Refusal | None:
    """Decide a PUT that is to take place only where there is no such object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    if request.first[0] != "PUT":
        return None
    if "if-match" in request.headers:
        return not_here("PUT with If-Match")
    wanted = request.headers.get("if-none-match")
    if wanted is None:
        return None
    if wanted != "*":
        return not_here("PUT with If-None-Match of an ETag")
    if place(folder, request.first[1].partition("?")[0]).exists():
        words = "At least one of the pre-conditions you specified did not hold"
        return Refusal(412, "PreconditionFailed", words)
    return None


def place(folder: Path, path: str) -> Path:
    """The file of an object; of a key that leads out of the folder, one that is not there."""
    found = Path(os.path.normpath(folder / unquote(path).lstrip("/")))
    return found if found.is_relative_to(folder) else folder / "\N{REPLACEMENT CHARACTER}"


def skewed(date: str, now: datetime) -> bool:
    """Whether a request was signed for another time than this quarter of an hour."""
    try:
        moment = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False  # a presigned one, or one that rclone refuses
    return abs(now - moment) > WINDOW


def refuse(client: Stream, request: Head, refusal: Refusal) -> None:
    """Answer a request here; its body, if it comes, is read and dropped."""
    if request.headers.get("expect", "").lower() != "100-continue":
        if request.chunked:
            for _ in client.chunks():
                pass
        else:
            for _ in client.pieces(request.length or 0):
                pass
    body = refusal.body or (
        f"<Error><Code>{refusal.code}</Code><Message>{html.escape(refusal.message)}</Message>"
        f"<Resource>{html.escape(request.first[1].partition('?')[0])}</Resource></Error>"
    )
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
    head = (
        f"HTTP/1.1 {refusal.status} {_REASONS[refusal.status]}\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    client.socket.sendall(head.encode() + (b"" if request.first[0] == "HEAD" else data))


def hand_on(client: Stream, rclone: Stream, request: Head) -> bool:
    """Have rclone answer a request; tell whether the connections are good for another."""
    rclone.socket.sendall(request.raw)
    waits = request.headers.get("expect", "").lower() == "100-continue"
    answer = None
    # Who waits for "100 Continue" sends its body after a while without it, too: then that comes first.
    waits = waits and rclone_speaks(client, rclone)
    if waits:
        answer = rclone.head()
        if answer is not None and answer.first[1] == "100":
            client.socket.sendall(answer.raw)
            waits, answer = False, None
    if not waits:
        if request.chunked:
            for chunk, _ in client.chunks():
                rclone.socket.sendall(chunk)
        else:
            client.copy(rclone, request.length or 0)
    answer = answer or rclone.head()
    while answer is not None and answer.first[1] == "100":
        answer = rclone.head()
    if answer is None:
        raise BadMessage
    known = send(client, rclone, request, answer)
    # Whoever was told before its body was read may send it or not: nobody knows what would come next.
    return known and not (waits or request.closes or answer.closes)


def partial(request: Head, answer: Head) -> Head:
    """Call a part a part: rclone answers a range with 200, as if it were the whole (RFC 9110, 15.3.7)."""
    if "range" not in request.headers or answer.first[1] != "200" or "content-range" not in answer.headers:
        return answer
    _, rest = answer.raw.split(b"\r\n", 1)
    return Head(b"HTTP/1.1 206 Partial Content\r\n" + rest, ("HTTP/1.1", "206", ""), answer.headers)


def is_small_read(request: Head) -> bool:
    """Whether a request reads an object, or a part of one; how large it is the answer tells."""
    return request.first[0] == "GET" and "list-type=2" not in request.first[1] and not request.length


def send(client: Stream, rclone: Stream, request: Head, answer: Head) -> bool:
    """Hand on an answer; tell whether its end is known without the connection's."""
    lists = request.first[0] == "GET" and "list-type=2" in request.first[1]
    if lists and answer.first[1] == "200":
        send_listing(client, rclone, answer)
    else:
        client.socket.sendall(answer.raw)
        if request.first[0] != "HEAD" and answer.first[1] not in ("204", "304"):
            if answer.chunked:
                for chunk, _ in rclone.chunks():
                    client.socket.sendall(chunk)
            else:
                rclone.copy(client, answer.length)
                return answer.length is not None
    return True


def rclone_speaks(client: Stream, rclone: Stream) -> bool:
    """Wait until either has something to say; tell whether it is rclone, and the client nothing."""
    if client.has_read:
        return False
    found, _, _ = select.select([client.socket, rclone.socket], [], [], IDLE_SECONDS)
    return rclone.socket in found


def send_listing(client: Stream, rclone: Stream, answer: Head) -> None:
    """Hand on a listing with the number of its keys, which AWS's has and rclone's lacks."""
    if answer.chunked:
        body = b"".join(data for _, data in rclone.chunks())
    else:
        body = b"".join(rclone.pieces(answer.length))
    if b"<KeyCount>" not in body:
        count = body.count(b"<Contents>") + body.count(b"<CommonPrefixes>")
        body = re.sub(rb"(<ListBucketResult[^>]*>)", rb"\1<KeyCount>%d</KeyCount>" % count, body, count=1)
    lines = [
        line
        for line in answer.raw[:-4].decode("latin-1").split("\r\n")
        if not line.lower().startswith(("content-length:", "transfer-encoding:"))
    ]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    client.socket.sendall(head.encode("latin-1") + body)


def main(arguments: list[str]) -> None:
    """Listen on the port, and serve until ended."""
    port, rclone_port, folder = int(arguments[0]), int(arguments[1]), Path(arguments[2])
    with socket.create_server(("127.0.0.1", port), backlog=256) as listening:
        Gate(rclone_port, folder).serve(listening)


if __name__ == "__main__":
    main(sys.argv[1:])
