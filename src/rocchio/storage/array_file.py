"""Named flat arrays in one file: the container of every index structure (docs/formats/array-file.md).

Arrays follow each other, each aligned to 64 bytes; a JSON table at the end names them; the last 16 bytes are the
table's length and a magic. The writer streams: no array has to be in memory whole.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import CheckedFile
from rocchio.errors import Corruption, IncompatibleFormat
from rocchio.storage.checked import CheckedFileWriter, FileInfo, MappedFile
from rocchio.storage.directory import Directory

ARRAY_FILE_VERSION = 1
_MAGIC = b"ROCARR\r\n"
_TRAILER = struct.Struct("<Q8s")
_ALIGNMENT = 64
_DTYPES = ("u1", "u4", "u8", "i8", "f2", "f4", "f8")

Array = npt.NDArray[Any]


class ArrayFileWriter:
    """Writes arrays one after another."""

    def __init__(self, directory: Directory, name: str) -> None:
        self._out = CheckedFileWriter(directory, name)
        self._table: dict[str, dict[str, Any]] = {}
        self._growing: dict[str, Any] = {}

    def add(self, name: str, dtype: str, chunks: Iterable[Array]) -> None:
        """Append the array `name` of little-endian `dtype` (one of the format's page), given in pieces."""
        self.begin(name, dtype)
        for chunk in chunks:
            self.append(chunk)

    def begin(self, name: str, dtype: str) -> None:
        """Start an array whose items come with `append`, until the next one is begun."""
        self._out.write(bytes(-self._out.size % _ALIGNMENT))
        self._growing = {"dtype": dtype, "offset": self._out.size, "count": 0}
        self._table[name] = self._growing

    def append(self, chunk: Array) -> None:
        """Further items of the array begun last, in row-major order."""
        self._out.write(chunk.astype(f"<{self._growing['dtype']}", copy=False))
        self._growing["count"] += chunk.size

    @property
    def size_bytes(self) -> int:
        """What was written so far."""
        return self._out.size

    def finish(self) -> FileInfo:
        """Write the table, make the file durable, say how to check it."""
        table = json.dumps({"version": ARRAY_FILE_VERSION, "arrays": self._table}).encode()
        self._out.write(table)
        self._out.write(_TRAILER.pack(len(table), _MAGIC))
        return self._out.finish()

    def close(self) -> None:
        """Close without keeping (after an error)."""
        self._out.close()


class ArrayFile:
    """Arrays of a mapped file, by name. Nothing is trusted: the table is checked, arrays verify when touched."""

    def __init__(self, file: MappedFile) -> None:
        self.file = file
        self._table = _read_table(file)

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def native(self, name: str, dtype: str) -> tuple[CheckedFile, int, int]:
        """(file, offset in bytes, count) as the kernels take it. Raises Corruption for another dtype."""
        entry = self._entry(name)
        if entry["dtype"] != dtype:
            raise Corruption(self.file.path, None, f"expected array {name!r} of {dtype}, found {entry['dtype']}")
        return self.file.native, int(entry["offset"]), int(entry["count"])

    def array(self, name: str, dtype: str) -> Array:
        """The whole array, verified, read-only and without a copy. Raises Corruption, also for another dtype."""
        _, offset, count = self.native(name, dtype)
        item = np.dtype(f"<{dtype}")
        return self.file.view(offset, offset + count * item.itemsize).view(item)

    def rows(self, name: str, dtype: str, width: int, first: int, last: int) -> Array:
        """Rows [first, last) of an array of `width` items a row: (last - first, width), only these verified."""
        _, offset, count = self.native(name, dtype)
        item = np.dtype(f"<{dtype}")
        if not 0 <= first <= last <= count // width:
            raise Corruption(self.file.path, offset, f"array {name!r} has no rows {first} to {last}")
        size = width * item.itemsize
        return self.file.view(offset + first * size, offset + last * size).view(item).reshape(-1, width)

    def gather(self, name: str, dtype: str, width: int, rows: npt.NDArray[np.int64]) -> Array:
        """Some rows of an array of `width` items a row: a copy (n, width), only these verified. Raises Corruption."""
        _, offset, count = self.native(name, dtype)
        item = np.dtype(f"<{dtype}")
        if len(rows) and not 0 <= rows.min() <= rows.max() < count // width:
            raise Corruption(self.file.path, offset, f"array {name!r} has no rows {rows.min()} to {rows.max()}")
        size = width * item.itemsize
        begins = (offset + rows * size).astype(np.uint64)
        return self.file.gather(begins, size).view(item).reshape(-1, width)

    def _entry(self, name: str) -> Mapping[str, Any]:
        if name not in self._table:
            raise Corruption(self.file.path, None, f"expected an array {name!r}, found {sorted(self._table)}")
        return self._table[name]


def _read_table(file: MappedFile) -> dict[str, Mapping[str, Any]]:
    size = len(file.data)
    if size < _TRAILER.size:
        raise Corruption(file.path, None, f"expected at least {_TRAILER.size} bytes, found {size}")
    length, magic = _TRAILER.unpack(file.view(size - _TRAILER.size, size).tobytes())
    if magic != _MAGIC or length > size - _TRAILER.size:
        raise Corruption(file.path, size - _TRAILER.size, "the trailer is not that of an array file")
    end = size - _TRAILER.size
    try:
        header = json.loads(file.view(end - length, end).tobytes())
        version, table = header["version"], header["arrays"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Corruption(file.path, end - length, "the table of arrays cannot be read") from error
    if type(version) is not int or not 1 <= version <= ARRAY_FILE_VERSION:
        raise IncompatibleFormat(file.path, version, ARRAY_FILE_VERSION)
    if not isinstance(table, dict) or not all(_is_entry(entry, end - length) for entry in table.values()):
        raise Corruption(file.path, end - length, "the table of arrays has an impossible entry")
    return table


def _is_entry(entry: Any, limit: int) -> bool:
    if not isinstance(entry, dict) or entry.get("dtype") not in _DTYPES:
        return False
    offset, count = entry.get("offset"), entry.get("count")
    if type(offset) is not int or type(count) is not int or offset < 0 or count < 0 or offset % _ALIGNMENT:
        return False
    return offset + count * np.dtype(entry["dtype"]).itemsize <= limit
