"""Answers of Athena that all processes of a dashboard share: on disk, or in Redis.

What is kept is Arrow's file format with the numbers of the query beside it, no pickle: whoever can write to
the Redis cannot run code here by it. The cache is a convenience: where it fails the query is run, and the log
says why.
"""

from __future__ import annotations

import io
import json
import logging
import os
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from logloom.errors import SettingsError
from logloom.queries import QueryResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logloom.settings import Settings

log = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
# A process that runs a query says so again and again; where it died, another takes over after so long.
LEASE_SECONDS = 10.0
# One answer may take up so much of the whole.
_LARGEST_SHARE = 0.25
_MAGIC = b"logloom1"


class Store(Protocol):
    """Bytes by key, bounded in size, and leases."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Take the lease, or keep it longer; False where another has it."""

    def is_leased(self, key: str) -> bool: ...

    def release(self, key: str, holder: str) -> None: ...


class Answers:
    """The shared answers.

    Parameters
    ----------
    store
        Where they are.
    limit_bytes
        How large all of them may be; one takes a quarter of it at most, larger ones are not kept.
    """

    def __init__(self, store: Store, limit_bytes: int) -> None:
        self._store = store
        self._largest = int(limit_bytes * _LARGEST_SHARE)

    def get(self, key: str) -> QueryResult | None:
        """The answer that is kept under `key`."""
        with _told("read"):
            if (data := self._store.get(key)) is not None:
                return decode(data)
        return None

    def put(self, key: str, result: QueryResult) -> None:
        """Keep an answer."""
        with _told("written"):
            data = encode(result)
            if len(data) <= self._largest:
                self._store.put(key, data)

    @contextmanager
    def running(self, key: str) -> Iterator[bool]:
        """Whether this process is the one to run the query while the block runs; then others wait for it."""
        holder, mine = uuid.uuid4().hex, True
        with _told("asked"):
            mine = self._store.lease(key, holder, LEASE_SECONDS)
        if not mine:
            yield False
            return
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(key, holder, over), daemon=True)
        keeper.start()
        try:
            yield True
        finally:
            over.set()
            keeper.join()
            with _told("asked"):
                self._store.release(key, holder)

    def is_running(self, key: str) -> bool:
        """Whether some process runs the query."""
        with _told("asked"):
            return self._store.is_leased(key)
        return False

    def _keep(self, key: str, holder: str, over: threading.Event) -> None:
        while not over.wait(LEASE_SECONDS / 3):
            with _told("asked"):
                self._store.lease(key, holder, LEASE_SECONDS)


def of(settings: Settings) -> Answers:
    """The shared answers that the settings name: in Redis, or in the dashboard's own folder.

    Raises
    ------
    SettingsError
        The address of Redis is none.
    LogloomError
        The folder cannot be used, or others may look into it.
    """
    limit = settings.dashboard_cache_mb << 20
    if settings.dashboard_redis:
        return Answers(RedisStore(settings.dashboard_redis, limit), limit)
    from logloom.dashboard.access import private

    return Answers(DiskStore(private.folder(settings) / "answers", limit), limit)


class DiskStore:
    """A folder of diskcache (SQLite and files), for its owner alone."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        import diskcache

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cache = diskcache.Cache(
            str(folder),
            size_limit=limit_bytes,
            eviction_policy="least-recently-used",
            sqlite_synchronous=0,
            sqlite_journal_mode="wal",
        )

    def get(self, key: str) -> bytes | None:
        return self._cache.get(f"answer {key}")

    def put(self, key: str, value: bytes) -> None:
        self._cache.set(f"answer {key}", value, expire=KEPT_SECONDS)

    def lease(self, key: str, holder: str, seconds: float) -> bool:
        name = f"lease {key}"
        with self._cache.transact():
            found = self._cache.get(name)
            if found not in (None, holder):
                return False
            return self._cache.set(name, holder, expire=seconds)

    def is_leased(self, key: str) -> bool:
        return self._cache.get(f"lease {key}") is not None

    def release(self, key: str, holder: str) -> None:
        with self._cache.transact():
            if self._cache.get(f"lease {key}") == holder:
                self._cache.delete(f"lease {key}")


# The least recently used go until all fit; what Redis itself let expire counts until it is its turn to go.
_PUT = """
local old = tonumber(redis.call('HGET', KEYS[3], KEYS[1]) or '0')
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('HSET', KEYS[3], KEYS[1], #ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])
local total = redis.call('INCRBY', KEYS[4], #ARGV[1] - old)
while total > tonumber(ARGV[4]) do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not oldest then break end
  local size = tonumber(redis.call('HGET', KEYS[3], oldest) or '0')
  redis.call('DEL', oldest)
  redis.call('ZREM', KEYS[2], oldest)
  redis.call('HDEL', KEYS[3], oldest)
  total = redis.call('DECRBY', KEYS[4], size)
end
"""
_LEASE = """
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisStore:
    """A Redis server; its password is in the environment (LOGLOOM_REDIS_PASSWORD), never in a setting."""

    def __init__(self, address: str, limit_bytes: int, prefix: str = "logloom:") -> None:
        import redis

        try:
            self._redis = redis.Redis.from_url(
                address,
                password=os.environ.get("LOGLOOM_REDIS_PASSWORD") or None,
                socket_timeout=2,
                socket_connect_timeout=2,
            )
        except ValueError as error:
            raise SettingsError(f"dashboard_redis: {error}") from None
        self._prefix, self._limit = prefix, limit_bytes

    def get(self, key: str) -> bytes | None:
        name = self._answer(key)
        value = self._redis.get(name)
        if value is not None:
            self._redis.zadd(f"{self._prefix}order", {name: time.time()}, xx=True)
        return value

    def put(self, key: str, value: bytes) -> None:
        names = [self._answer(key), *(f"{self._prefix}{part}" for part in ("order", "sizes", "total"))]
        self._redis.eval(_PUT, 4, *names, value, KEPT_SECONDS, time.time(), self._limit)

    def lease(self, key: str, holder: str, seconds: float) -> bool:
        return bool(self._redis.eval(_LEASE, 1, self._lease(key), holder, round(seconds * 1000)))

    def is_leased(self, key: str) -> bool:
        return bool(self._redis.exists(self._lease(key)))

    def release(self, key: str, holder: str) -> None:
        self._redis.eval(_RELEASE, 1, self._lease(key), holder)

    def _answer(self, key: str) -> str:
        return f"{self._prefix}answer:{key}"

    def _lease(self, key: str) -> str:
        return f"{self._prefix}lease:{key}"


def encode(result: QueryResult) -> bytes:
    """An answer as bytes: its numbers as JSON, its rows as an Arrow file."""
    import pyarrow as pa
    from pyarrow import feather

    told = {
        "sql": result.sql,
        "parameters": list(result.parameters),
        "data_scanned_bytes": result.data_scanned_bytes,
        "engine_ms": result.engine_ms,
        "query_execution_id": result.query_execution_id,
    }
    head = json.dumps(told).encode()
    rows = io.BytesIO()
    feather.write_feather(pa.Table.from_pandas(result.frame, preserve_index=False), rows, compression="lz4")
    return _MAGIC + len(head).to_bytes(4, "big") + head + rows.getvalue()


def decode(data: bytes) -> QueryResult:
    """The answer that `encode` made bytes of.

    Raises
    ------
    ValueError
        It did not.
    """
    from pyarrow import feather

    if not data.startswith(_MAGIC):
        raise ValueError("this is no answer of the dashboard's")
    start = len(_MAGIC) + 4
    end = start + int.from_bytes(data[len(_MAGIC) : start], "big")
    told = json.loads(data[start:end])
    frame = feather.read_table(io.BytesIO(data[end:])).to_pandas()
    return QueryResult(frame, **{**told, "parameters": tuple(told["parameters"])})


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the query is run instead
        log.warning("the shared answers could not be %s: %s: %s", what, type(error).__name__, error)
