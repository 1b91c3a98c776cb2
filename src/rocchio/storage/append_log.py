"""Logs of lines that only grow. The manifest says how many bytes of one are committed, and their checksum; bytes behind
these are what a crash left of an interrupted call, and the next call cuts them off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rocchio._native import crc32c
from rocchio.errors import Corruption, NotFound
from rocchio.storage.checked import as_bytes
from rocchio.storage.directory import Bytes, Directory

Item = TypeVar("Item")


@dataclass(frozen=True)
class LogEntry:
    """The first `size` bytes of a log, which are `entries` lines, and their CRC-32C. `name` is that of its file, empty
    for the first file of a kind."""

    size: int = 0
    entries: int = 0
    crc: int = 0
    name: str = ""


def append_lines(directory: Directory, name: str, committed: LogEntry, lines: list[bytes]) -> LogEntry:
    """Write lines behind what is committed, durably; they count when a manifest has what is returned.

    Raises Corruption for a log that is shorter than the manifest says, StorageFailure.
    """
    if committed.size and stored_bytes(directory, name) < committed.size:
        raise _shortened(directory, name, committed.size)
    data = b"".join(lines)
    file = directory.append(name, committed.size)
    try:
        file.write(data)
        file.sync()
    finally:
        file.close()
    crc = crc32c(as_bytes(data), committed.crc)
    return LogEntry(committed.size + len(data), committed.entries + len(lines), crc, committed.name)


def stored_bytes(directory: Directory, name: str) -> int:
    """Bytes of the file, also those of an interrupted call; 0 if there is none."""
    try:
        return len(directory.map(name))
    except NotFound:
        return 0


def read_lines(
    directory: Directory,
    name: str,
    state: LogEntry,
    known: LogEntry,
    parse: Callable[[bytes], Item],
    what: tuple[str, str],
) -> list[Item]:
    """What the lines of `state` say behind those of `known`, which is an older state of the same log.

    `parse` raises ValueError for a line that cannot be; `what` names one and many. Raises Corruption.
    """
    if state.size == known.size:
        return []
    path = directory.path(name)
    data = _mapped(directory, name, state.size)[known.size : state.size]
    if crc32c(data, known.crc) != state.crc:
        raise Corruption(path, known.size, "checksum mismatch")
    found, offset = [], known.size
    for line in data.tobytes().splitlines(keepends=True):
        try:
            found.append(parse(line))
        except (ValueError, RecursionError) as error:
            raise Corruption(path, offset, f"{what[0]} cannot be read: {error}") from error
        offset += len(line)
    if len(found) != state.entries - known.entries:
        raise Corruption(path, None, f"expected {state.entries - known.entries} {what[1]}, found {len(found)}")
    return found


def _mapped(directory: Directory, name: str, size: int) -> Bytes:
    try:
        data = directory.map(name)
    except NotFound as error:
        raise Corruption(directory.path(name), None, "the file is missing") from error
    if len(data) < size:
        raise _shortened(directory, name, size)
    return data


def _shortened(directory: Directory, name: str, size: int) -> Corruption:
    return Corruption(
        directory.path(name), None, f"expected at least {size} bytes, found {stored_bytes(directory, name)}"
    )
