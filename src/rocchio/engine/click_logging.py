"""What a collection offers for a click log: `log_clicks` writes it, `click_statistics` says what is in it."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rocchio.engine.adding import OnError
from rocchio.errors import BadRecord, InvalidArgument
from rocchio.feedback import PropensityEstimate
from rocchio.sources import Reject, RejectFile, json_lines
from rocchio.storage.click_log import Impression, impression_of, now, stored_size
from rocchio.storage.directory import Directory
from rocchio.storage.tenancy import Tenant

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot
    from rocchio.engine.writer import Writer

_Result = TypeVar("_Result")
_MEMORY = "<memory>"
MOST_LISTED = 100
"""Rejects that a summary names."""


@dataclass
class ClickSummary:
    """What became of the impressions of one call: `logged` are on disk, `rejected` were not usable; `reject_file` has
    these, if asked for, and `reasons` the first 100 with their places. `dropped_bytes` were behind the end of the log,
    from a call that a crash had interrupted.
    """

    logged: int = 0
    rejected: int = 0
    dropped_bytes: int = 0
    reject_file: str | None = None
    reasons: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"impressions logged: {self.logged:,}"]
        if self.rejected:
            where = f" (see {self.reject_file})" if self.reject_file else ""
            parts.append(f"rejected: {self.rejected:,}{where}")
        if self.dropped_bytes:
            parts.append(f"dropped from an interrupted call: {self.dropped_bytes:,} bytes")
        return "; ".join(parts)


@dataclass(frozen=True)
class ClickStatistics:
    """What the log has: `impressions` of `queries` in `sessions`, with `clicks` in all; `first` and `last` times, None
    without any; `shown[i]` and `clicked[i]` are how often rank i + 1 was. `pending_bytes` are behind the end of the
    log, from a call that is not done or was interrupted. `propensities` are None where the log does not tell them.
    """

    impressions: int
    queries: int
    sessions: int
    clicks: int
    first: str | None
    last: str | None
    size_bytes: int
    pending_bytes: int
    shown: tuple[int, ...]
    clicked: tuple[int, ...]
    propensities: PropensityEstimate | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class ClickLogging(ABC):
    """The part of a collection that has to do with clicks."""

    _directory: Directory
    _snapshot: Snapshot
    _tenant: Tenant

    @abstractmethod
    def snapshot(self, tenant: Tenant = None) -> Snapshot: ...

    @abstractmethod
    def _writing_nothing_else(self, action: str) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _publish(self, apply: Callable[[Writer], _Result]) -> _Result: ...

    @abstractmethod
    def _forget_changes(self) -> None: ...

    def log_clicks(
        self, impressions: Any, *, on_error: OnError = "raise", rejects: str | Path | None = None
    ) -> ClickSummary:
        """Append what users saw and clicked to the collection's click log, in one commit; on disk when this returns.

        An impression is {"session", "query", "shown": [doc_id, ...], "clicked": [rank, ...], "time"}: ranks count from
        1, the time is ISO 8601 or seconds, now if left out. Give one, an iterable, or the path of a JSON Lines file.
        With on_error="skip", those that cannot be, such as clicks on ranks that were not shown, go to the file
        `rejects` and into the summary; with "raise" the first one raises and nothing is logged. Raises BadRecord,
        InvalidArgument, also with uncommitted changes, BusyError, StorageFailure.
        """
        if on_error not in ("raise", "skip"):
            raise InvalidArgument(f"expected on_error to be 'raise' or 'skip', found {on_error!r}")
        if rejects is not None and on_error == "raise":
            raise InvalidArgument("expected on_error='skip' with a reject file, found 'raise'; leave out one of them")
        if rejects is not None and isinstance(impressions, str | Path) and Path(impressions) == Path(rejects):
            raise InvalidArgument(f"expected another file for rejects, found the clicks {rejects} themselves")
        summary = ClickSummary(reject_file=str(rejects) if rejects is not None else None)
        with contextlib.ExitStack() as stack:
            refuse = _Refusal(summary, on_error, stack.enter_context(RejectFile(rejects)) if rejects else None)
            tenant = self._logged_tenant()
            found = [replace(each, tenant=tenant) for each in _checked(impressions, refuse)]
        with self._writing_nothing_else("log clicks"):
            clicks = self._snapshot.manifest.clicks
            summary.dropped_bytes = max(0, stored_size(self._directory, clicks) - clicks.size)
            if found:
                self._publish(lambda writer: writer.log_clicks(found))
            self._forget_changes()
        summary.logged = len(found)
        return summary

    def _logged_tenant(self) -> str | None:
        """Whose users saw what is logged. Raises InvalidArgument in a multi-tenant collection without one."""
        if self._snapshot.schema.tenants is not None and not isinstance(self._tenant, str):
            raise InvalidArgument(
                "expected a handle of one tenant to log clicks, found none; open the collection with tenant='NAME'"
            )
        return self._tenant if isinstance(self._tenant, str) else None

    def click_statistics(self) -> ClickStatistics:
        """What the click log of the last commit has, with propensities estimated from it. Raises Corruption."""
        log = self.snapshot().clicks
        impressions, is_whole = log.impressions, not isinstance(self._tenant, str)
        shown, clicked = [0] * log.depth, [0] * log.depth
        for impression in impressions:
            for rank in range(len(impression.shown)):
                shown[rank] += 1
            for rank in impression.clicked:
                clicked[rank - 1] += 1
        times = [impression.time for impression in impressions]
        try:
            propensities = log.propensities
        except InvalidArgument:
            propensities = None
        return ClickStatistics(
            len(impressions),
            log.query_count,
            len({impression.session for impression in impressions}),
            sum(clicked),
            min(times, default=None),
            max(times, default=None),
            log.entry.size if is_whole else sum(len(impression.line) for impression in impressions),
            max(0, stored_size(self._directory, log.entry) - log.entry.size) if is_whole else 0,
            tuple(shown),
            tuple(clicked),
            propensities,
        )


class _Refusal:
    """What is done with a record that cannot be used."""

    def __init__(self, summary: ClickSummary, on_error: OnError, file: RejectFile | None) -> None:
        self._summary, self._on_error, self._file = summary, on_error, file

    def __call__(self, reject: Reject) -> None:
        error = BadRecord(reject.path, reject.line, reject.reason)
        if self._on_error == "raise":
            raise error
        self._summary.rejected += 1
        if len(self._summary.reasons) < MOST_LISTED:
            self._summary.reasons.append(str(error))
        if self._file is not None:
            self._file(reject)


def _checked(given: Any, refuse: Callable[[Reject], None]) -> Iterator[Impression]:
    """The impressions that can be used; the others are refused with their places."""
    time = now()
    for path, number, record in _records(given, refuse):
        try:
            yield impression_of(record, time)
        except ValueError as error:
            refuse(Reject(path, number, str(error), json.dumps(record, ensure_ascii=False, default=str)[:10_000]))


def _records(given: Any, refuse: Callable[[Reject], None]) -> Iterator[tuple[str, int, Any]]:
    """(path, line or number from 1, record)."""
    if isinstance(given, str | Path):
        yield from ((str(given), line, record) for line, record in json_lines(given, refuse))
        return
    if isinstance(given, Mapping):
        given = [given]
    if not isinstance(given, Iterable):
        raise InvalidArgument(
            "expected impressions like {'session': ..., 'query': ..., 'shown': [...], 'clicked': [...]}, or the path "
            f"of a JSON Lines file, found {type(given).__name__}"
        )
    for number, record in enumerate(given, start=1):
        yield _MEMORY, number, record
