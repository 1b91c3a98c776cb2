"""The click log: what was shown for a query and what was clicked, one JSON object a line, in `clicks.jsonl`.

The file only grows. The manifest says how many of its bytes are committed and their checksum; bytes behind these are
what a crash left of an interrupted call, and the next one cuts them off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rocchio._native import crc32c
from rocchio.errors import Corruption, NotFound
from rocchio.storage.checked import as_bytes
from rocchio.storage.directory import Bytes, Directory
from rocchio.storage.manifest import ClickLogEntry

CLICK_LOG = "clicks.jsonl"
MOST_SHOWN = 10_000
_NOTHING = ClickLogEntry()
LONGEST_TEXT = 10_000
"""Characters of a query or an identifier."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One list of documents as one user saw it.

    `session` names whose it was; `shown` are doc_ids from rank 1 on; `clicked` are ranks, each once, ascending; `time`
    is in UTC, as ISO 8601 with milliseconds.
    """

    session: str
    query: str
    shown: tuple[str, ...]
    clicked: tuple[int, ...]
    time: str

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def impression_of(record: Any, now: str | None = None) -> Impression:
    """The impression that a record describes; `now` stands for a time that is not given.

    Raises ValueError with the reason for a record that cannot be: impossible ranks, repeated documents, empty texts.
    """
    if not isinstance(record, Mapping):
        found = type(record).__name__
        raise ValueError(f"expected an object with session, query, shown and clicked, found {found}")  # noqa: TRY004
    unknown = sorted(map(str, record.keys() - {"session", "query", "shown", "clicked", "time"}))
    if unknown:
        raise ValueError(f"expected session, query, shown, clicked and time, found {unknown[0]!r}")
    shown, clicked = _listed(record, "shown"), _listed(record, "clicked")
    if not 1 <= len(shown) <= MOST_SHOWN:
        raise ValueError(f"expected from 1 to {MOST_SHOWN:,} documents shown, found {len(shown):,}")
    documents = _documents(shown)
    if len(set(documents)) < len(documents):
        raise ValueError("expected each document shown once, found one twice")
    for rank in clicked:
        if type(rank) is not int or not 1 <= rank <= len(documents):
            raise ValueError(f"expected clicked ranks from 1 to {len(documents)}, the documents shown, found {rank!r}")
    if len(set(clicked)) < len(clicked):
        raise ValueError("expected each clicked rank once, found one twice")
    query = _text(record.get("query"), "query")
    if query.isspace():
        raise ValueError("expected a query, found white space")
    time = _time(record.get("time", now))
    return Impression(_text(record.get("session"), "session"), query, documents, tuple(sorted(clicked)), time)


def now() -> str:
    """The time of an impression that is made now."""
    return _written(datetime.now(UTC))


def _listed(record: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = record.get(name)
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected {name} as a list, found {value!r}"[:200])  # noqa: TRY004  # one kind for all reasons
    return value


def _documents(shown: Sequence[Any]) -> tuple[str, ...]:
    """Doc_ids, all checked at once; one by one only where that fails, to name the wrong one."""
    try:
        "".join(shown).encode()
        sound = min(map(len, shown)) >= 1 and max(map(len, shown)) <= LONGEST_TEXT
    except (TypeError, UnicodeEncodeError):
        sound = False
    return tuple(shown) if sound else tuple(_text(doc_id, "doc_ids") for doc_id in shown)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_TEXT:
        raise ValueError(f"expected {name} of 1 to {LONGEST_TEXT:,} characters, found {value!r}"[:200])
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"expected {name} as text, found half of a surrogate pair") from error
    return value


def _time(value: Any) -> str:
    """As it is stored; a time without a zone is in UTC, a number is in seconds since 1970."""
    try:
        seconds: Any = None if isinstance(value, bool) else value
        found = datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(seconds, UTC)
        return _written(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"expected time as ISO 8601, like 2026-11-25T17:30:00Z, or in seconds, found {value!r}"[:200]
        ) from error


def _written(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def append_clicks(directory: Directory, committed: ClickLogEntry, impressions: Sequence[Impression]) -> ClickLogEntry:
    """Write impressions behind what is committed, durably; they count when a manifest has what is returned.

    Raises Corruption for a log that is shorter than the manifest says, StorageFailure.
    """
    if committed.size and stored_size(directory) < committed.size:
        raise _shortened(directory, committed.size)
    data = b"".join(impression.line for impression in impressions)
    file = directory.append(CLICK_LOG, committed.size)
    try:
        file.write(data)
        file.sync()
    finally:
        file.close()
    size, entries = committed.size + len(data), committed.entries + len(impressions)
    return ClickLogEntry(size, entries, crc32c(as_bytes(data), committed.crc))


def stored_size(directory: Directory) -> int:
    """Bytes of the file, also those of an interrupted call; 0 if there is none."""
    try:
        return len(directory.map(CLICK_LOG))
    except NotFound:
        return 0


def read_clicks(directory: Directory, entry: ClickLogEntry, known: ClickLogEntry = _NOTHING) -> list[Impression]:
    """The impressions of `entry` behind those of `known`, which is an older state of the same log.

    Raises Corruption.
    """
    if entry.size == known.size:
        return []
    path = directory.path(CLICK_LOG)
    data = _mapped(directory, entry.size)[known.size : entry.size]
    if crc32c(data, known.crc) != entry.crc:
        raise Corruption(path, known.size, "checksum mismatch")
    found, offset = [], known.size
    for line in data.tobytes().splitlines(keepends=True):
        try:
            found.append(impression_of(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise Corruption(path, offset, f"an impression cannot be read: {error}") from error
        offset += len(line)
    if len(found) != entry.entries - known.entries:
        raise Corruption(path, None, f"expected {entry.entries - known.entries} impressions, found {len(found)}")
    return found


def _mapped(directory: Directory, size: int) -> Bytes:
    try:
        data = directory.map(CLICK_LOG)
    except NotFound as error:
        raise Corruption(directory.path(CLICK_LOG), None, "the file is missing") from error
    if len(data) < size:
        raise _shortened(directory, size)
    return data


def _shortened(directory: Directory, size: int) -> Corruption:
    return Corruption(
        directory.path(CLICK_LOG), None, f"expected at least {size} bytes, found {stored_size(directory)}"
    )
