"""Vectors of texts that were encoded before, on disk, for all collections and processes: nothing is paid for twice.

A SQLite file in WAL mode. A vector is found by the encoder's text form, the model's identity and the whole text with
its prefix, so another model, another prefix, another text never finds it. It has a checksum; what does not fit it is
not used. When the file is larger than its bound the vectors that were longest not asked for go.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rocchio._native import crc32c
from rocchio.errors import StorageFailure

CACHE_VARIABLE = "ROCCHIO_EMBEDDING_CACHE"
"""Environment variable: the path of the cache; "off" for none."""
DEFAULT_MAX_MB = 4096
VERSION = 1
_AT_ONCE = 500
"""Keys of one statement."""
_KEPT = 0.8
"""Share of the bound that is left when the oldest vectors have gone."""
_BUSY_S = 60.0
_SET_UP_ATTEMPTS = 100

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoders (
    number INTEGER PRIMARY KEY, value TEXT NOT NULL, identity TEXT NOT NULL, dim INTEGER NOT NULL,
    UNIQUE (value, identity, dim));
CREATE TABLE IF NOT EXISTS vectors (
    place INTEGER PRIMARY KEY, encoder INTEGER NOT NULL, text BLOB NOT NULL, used INTEGER NOT NULL,
    crc INTEGER NOT NULL, vector BLOB NOT NULL, UNIQUE (encoder, text));
"""


class EmbeddingCache:
    """The cache at `path`, at most about `max_mb` MiB. Any number of threads and processes may share a path."""

    def __init__(self, path: str | Path, max_mb: int = DEFAULT_MAX_MB) -> None:
        self.path, self._max_bytes = Path(path), max_mb << 20
        self._local = threading.local()

    def encoder(self, value: str, identity: str, dim: int) -> CachedEncoder:
        """The part of the cache that belongs to a model. Raises StorageFailure."""
        with self._transaction() as database:
            row = (value, identity, dim)
            database.execute("INSERT OR IGNORE INTO encoders (value, identity, dim) VALUES (?, ?, ?)", row)
            query = "SELECT number FROM encoders WHERE value = ? AND identity = ? AND dim = ?"
            (number,) = database.execute(query, row).fetchone()
        return CachedEncoder(self, int(number), dim)

    def identities(self, value: str) -> list[str]:
        """Identities of the models that were known by this text form."""
        with self._transaction() as database:
            found = database.execute("SELECT identity FROM encoders WHERE value = ?", (value,)).fetchall()
        return [identity for (identity,) in found]

    @property
    def size_bytes(self) -> int:
        """Bytes in use in the file."""
        with self._transaction() as database:
            return _used_bytes(database)

    def __len__(self) -> int:
        """Number of vectors."""
        with self._transaction() as database:
            (count,) = database.execute("SELECT count(*) FROM vectors").fetchone()
            return int(count)

    def close(self) -> None:
        """Close this thread's connection."""
        database = getattr(self._local, "database", None)
        if database is not None and self._local.process == os.getpid():
            database.close()
        self._local.database = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            database = self._connection()
            with database:
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageFailure(
                0,
                f"cannot use the embedding cache {self.path}: {error}; remove the file, or set {CACHE_VARIABLE} to "
                "another path or to off",
            ) from error

    def _connection(self) -> sqlite3.Connection:
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is not None and self._local.process == os.getpid():  # not one that a fork has inherited
            return database
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=_BUSY_S)
        try:
            self._set_up_patiently(database)
        except BaseException:
            database.close()
            raise
        self._local.database, self._local.process = database, os.getpid()
        return database

    def _set_up_patiently(self, database: sqlite3.Connection) -> None:
        # the change to WAL does not wait for others that do the same: SQLite's timeout is not for it
        for attempt in range(_SET_UP_ATTEMPTS):
            try:
                self._set_up(database)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt + 1 == _SET_UP_ATTEMPTS:
                    raise
                time.sleep(0.05)
            else:
                return

    def _set_up(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it has version {version}, this rocchio reads {VERSION}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {VERSION}")

    def make_room(self, database: sqlite3.Connection) -> None:
        """Drop the vectors that were longest not used if the file has outgrown its bound."""
        used = _used_bytes(database)
        if used <= self._max_bytes:
            return
        (count,) = database.execute("SELECT count(*) FROM vectors").fetchone()
        surplus = int(count * (1 - _KEPT * self._max_bytes / used)) + 1
        oldest = "SELECT place FROM vectors ORDER BY used, place LIMIT ?"
        database.execute(f"DELETE FROM vectors WHERE place IN ({oldest})", (surplus,))


class CachedEncoder:
    """The vectors of one model."""

    def __init__(self, cache: EmbeddingCache, number: int, dim: int) -> None:
        self._cache, self._number, self._dim = cache, number, dim

    def get(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Vectors (n, dim) of the texts, and the places of those that are not there. Raises StorageFailure."""
        vectors = np.zeros((len(texts), self._dim), np.float32)
        keys = [_key(text) for text in texts]
        places = {key: place for place, key in enumerate(keys)}
        there: set[int] = set()
        stale, today = [], _today()
        with self._cache._transaction() as database:
            for first in range(0, len(keys), _AT_ONCE):
                some = keys[first : first + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT place, text, used, crc, vector FROM vectors WHERE encoder = ? AND text IN ({marks})"
                for row, key, used, crc, content in database.execute(query, (self._number, *some)):
                    if self._is_sound(crc, content) and key in places:
                        vectors[places[key]] = np.frombuffer(content, "<f4")
                        there.add(places[key])
                        if used != today:
                            stale.append((today, row))
            if stale:  # a note that they were asked for: once a day is enough
                database.executemany("UPDATE vectors SET used = ? WHERE place = ?", stale)
        return vectors, [place for place in range(len(texts)) if place not in there]

    def put(self, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Keep the vectors (n, dim) of some texts, durably. Raises StorageFailure."""
        now = _today()
        rows = []
        for text, vector in zip(texts, vectors.astype("<f4"), strict=True):
            content = vector.tobytes()
            rows.append((self._number, _key(text), now, _crc(content), content))
        with self._cache._transaction() as database:
            insert = "INSERT OR REPLACE INTO vectors (encoder, text, used, crc, vector) VALUES (?, ?, ?, ?, ?)"
            database.executemany(insert, rows)
            self._cache.make_room(database)

    def _is_sound(self, crc: object, content: object) -> bool:
        return isinstance(content, bytes) and len(content) == 4 * self._dim and crc == _crc(content)


def default_cache() -> EmbeddingCache | None:
    """The cache that the environment names, or the user's; None if it is switched off."""
    named = os.environ.get(CACHE_VARIABLE, "")
    if named.lower() == "off":
        return None
    if named:
        return EmbeddingCache(named)
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME") or Path.home() / ".cache"
    return EmbeddingCache(Path(base) / "rocchio" / "embeddings.sqlite")


def _used_bytes(database: sqlite3.Connection) -> int:
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _crc(content: bytes) -> int:
    return crc32c(np.frombuffer(content, np.uint8))


def _today() -> int:
    return int(time.time() // 86_400)
