"""Records that cannot be used: where they were, why, and the two things to do about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rocchio.errors import BadRecord, StorageFailure

TEXT_LIMIT = 10_000
"""Characters of a rejected record that are kept."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that cannot be used.

    `path` of the file; `line`, 1-based line or record number, 0 when the whole file is meant; `reason`; `text`,
    the raw record cut to 10,000 characters, with bytes that are not UTF-8 as backslash escapes.
    """

    path: str
    line: int
    reason: str
    text: str = ""


def shown(record: bytes) -> str:
    """The raw record as text: at most 10,000 characters, invalid UTF-8 as backslash escapes."""
    # 4 bytes is the longest UTF-8 sequence, so this much input is enough for TEXT_LIMIT characters
    return record[: 4 * TEXT_LIMIT].decode("utf-8", errors="backslashreplace")[:TEXT_LIMIT]


class StopAtFirst:
    """Reject policy "all or nothing": the first reject raises `BadRecord`."""

    def __call__(self, reject: Reject) -> None:
        """Raises: BadRecord, always."""
        raise BadRecord(reject.path, reject.line, reject.reason)


class RejectFile:
    """Reject policy "index the rest": appends rejects to a JSON Lines file and counts them.

    A context manager. One object per line, with `path`, `line`, `reason`, `record`. The file is created by the
    first reject, and then replaces an older file of that name; without rejects nothing is touched.
    Raises: StorageFailure when the file cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.count = 0
        self._file: TextIO | None = None

    def __enter__(self) -> RejectFile:
        return self

    def __call__(self, reject: Reject) -> None:
        """Write one reject."""
        row = {"path": reject.path, "line": reject.line, "reason": reject.reason, "record": reject.text}
        try:
            if self._file is None:
                # a lone surrogate, which UTF-8 cannot hold, becomes \udXXX: the JSON escape of the same character
                self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StorageFailure(f"cannot write rejects to {self.path}: {error}") from error
        self.count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as failure:
            raise StorageFailure(f"cannot write rejects to {self.path}: {failure}") from failure
