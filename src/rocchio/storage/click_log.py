"""The click log: what was shown for a query and what was clicked, one JSON object a line, in `clicks.jsonl`.

The file only grows; see `append_log`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rocchio.storage.append_log import LogEntry, append_lines, read_lines, stored_bytes
from rocchio.storage.directory import Directory
from rocchio.storage.tenancy import check_tenant

CLICK_LOG = "clicks.jsonl"
MOST_SHOWN = 10_000
_NOTHING = LogEntry()
LONGEST_TEXT = 10_000
"""Characters of a query or an identifier."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One list of documents as one user saw it.

    `session` names whose it was; `shown` are doc_ids from rank 1 on; `clicked` are ranks, each once, ascending; `time`
    is in UTC, as ISO 8601 with milliseconds. `tenant` is whose user saw it, None in a collection without tenants.
    """

    session: str
    query: str
    shown: tuple[str, ...]
    clicked: tuple[int, ...]
    time: str
    tenant: str | None = None

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        values = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
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


def click_file(entry: LogEntry) -> str:
    """The file of a click log: it changes when a tenant is deleted, whose clicks go too."""
    return entry.name or CLICK_LOG


def is_click_file(name: str) -> bool:
    """Whether a file of a collection is one of its click logs."""
    return name == CLICK_LOG or (name.startswith("clicks-") and name.endswith(".jsonl"))


def append_clicks(directory: Directory, committed: LogEntry, impressions: Sequence[Impression]) -> LogEntry:
    """Write impressions behind what is committed, durably; see `append_lines`."""
    return append_lines(directory, click_file(committed), committed, [impression.line for impression in impressions])


def stored_size(directory: Directory, entry: LogEntry) -> int:
    """Bytes of the file, also those of an interrupted call; 0 if there is none."""
    return stored_bytes(directory, click_file(entry))


def read_clicks(directory: Directory, entry: LogEntry, known: LogEntry = _NOTHING) -> list[Impression]:
    """The impressions of `entry` behind those of `known`, which is an older state of the same log.

    Raises Corruption.
    """
    if known.name != entry.name:
        known = _NOTHING
    return read_lines(directory, click_file(entry), entry, known, _parsed, ("an impression", "impressions"))


def _parsed(line: bytes) -> Impression:
    record = json.loads(line)
    tenant = record.pop("tenant", None) if isinstance(record, dict) else None
    found = impression_of(record)
    return found if tenant is None else replace(found, tenant=check_tenant(tenant))
