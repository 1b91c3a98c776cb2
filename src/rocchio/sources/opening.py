"""Bytes and lines of plain, gzip and zstd files, in bounded memory; damage becomes a `BadRecord`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
CHUNK_BYTES = 1 << 20
ZSTD_READ_BYTES = 1 << 16


def split_name(path: Path) -> tuple[str, str | None]:
    """Lower-case format suffix and compression of a file name: "a.jsonl.gz" is (".jsonl", "gzip")."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        return (suffixes[-2] if len(suffixes) > 1 else "", COMPRESSIONS[suffixes[-1]])
    return (suffixes[-1] if suffixes else "", None)


class ByteStream:
    """The decompressed bytes of a file, chunk by chunk.

    Everything that can be decompressed is delivered before damage is reported.
    Raises: NotFound, InvalidArgument (a directory), StorageFailure on open; BadRecord (line 0) in `chunks`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.compression = split_name(self.path)[1]
        self._raw = self._open_raw()
        self._delivered = 0
        self._arrow_readers: list[Any] = []  # kept, because Arrow closes the file below a reader that goes

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def position_bytes(self) -> int:
        """How much of the file on disk has been read."""
        return self._raw.tell()

    def chunks(self) -> Iterator[bytes]:
        """Non-empty pieces of at most 1 MB."""
        reader = self._reader()
        while True:
            try:
                chunk = reader.read1(ZSTD_READ_BYTES if self.compression == "zstd" else CHUNK_BYTES)
            except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise StorageFailure(f"cannot read {self.path}: {error}") from error
                if self.compression == "zstd":
                    yield from self._rescued()
                raise BadRecord(self.path, 0, self._damage(error)) from error
            if not chunk:
                return
            self._delivered += len(chunk)
            yield chunk

    def _open_raw(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"expected a file at {self.path}, found nothing; check the path") from error
        except IsADirectoryError as error:
            raise InvalidArgument(f"expected a file, found the directory {self.path}") from error
        except OSError as error:
            raise StorageFailure(f"cannot open {self.path}: {error}") from error
        except ValueError as error:  # a NUL in the name
            raise InvalidArgument(f"expected a file name, found {str(self.path)!r}") from error

    def _reader(self) -> Any:
        if self.compression == "gzip":
            return gzip.GzipFile(fileobj=self._raw, mode="rb")
        if self.compression == "zstd":
            raw: Any = self._raw
            self._arrow_readers.append(pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
            return self._arrow_readers[-1]
        return self._raw

    def _rescued(self) -> Iterator[bytes]:
        """Arrow drops what it decompressed of a request that fails: read again, up to there byte by byte."""
        self._raw.seek(0)
        reader, rescued = self._reader(), bytearray()
        try:
            skip = self._delivered
            while skip:
                skip -= len(reader.read1(min(skip, ZSTD_READ_BYTES)))
            while byte := reader.read1(1):
                rescued += byte
        except (OSError, pa.ArrowException):
            pass
        if rescued:
            self._delivered += len(rescued)
            yield bytes(rescued)

    def _damage(self, error: BaseException) -> str:
        cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
        what = "is cut off" if cut else f"is damaged ({str(error)[:200]})"
        return (
            f"the {self.compression or 'file'} stream {what} after {self._delivered} decompressed bytes; "
            "what comes before was read, get a whole copy of the file for the rest"
        )


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Consecutive lines without their newline: `lines[i]` is line `first + i` of the file."""

    lines: list[bytes]
    first: int
    position_bytes: int


def line_blocks(path: str | Path, block_lines: int, block_bytes: int) -> Iterator[LineBlock]:
    r"""Lines of a file, at most `block_lines` and about `block_bytes` at a time; a longer line stays whole.

    Lines end at \n; a UTF-8 byte order mark at the start is dropped.
    Raises: what `ByteStream` raises; BadRecord names the line that the damage cuts, which is not delivered.
    """
    with ByteStream(path) as stream:
        pending: list[bytes] = []
        pending_bytes, first = 0, 1
        try:
            for lines in _split(stream.chunks()):
                pending += lines
                pending_bytes += sum(map(len, lines))
                if len(pending) < block_lines and pending_bytes < block_bytes:
                    continue
                for start in range(0, len(pending), block_lines):
                    block = pending[start : start + block_lines]
                    yield LineBlock(block, first, stream.position_bytes)
                    first += len(block)
                pending, pending_bytes = [], 0
        except BadRecord as damage:
            if pending:
                yield LineBlock(pending, first, stream.position_bytes)
            raise BadRecord(path, first + len(pending), damage.reason) from damage
        if pending:
            yield LineBlock(pending, first, stream.position_bytes)


def _split(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Complete lines of each chunk; pieces of a long line are joined once, not once per chunk."""
    pieces: list[bytes] = []
    at_start = True
    for chunk in chunks:
        head, newline, rest = chunk.partition(b"\n")
        pieces.append(head)
        if not newline:
            continue
        lines = [b"".join(pieces), *rest.split(b"\n")]
        pieces = [lines.pop()]
        if at_start:
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
            at_start = False
        yield lines
    last = b"".join(pieces)
    if at_start:
        last = last.removeprefix(b"\xef\xbb\xbf")
    if last:
        yield [last]


def text_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    r"""Line number and text of every non-blank line, without line end (\n or \r\n).

    Raises: what `line_blocks` raises; BadRecord when a line is not UTF-8.
    """
    for block in line_blocks(path, 50_000, 8 << 20):
        for number, line in enumerate(block.lines, start=block.first):
            if not line or line.isspace():
                continue
            try:
                yield number, line.decode("utf-8").removesuffix("\r")
            except UnicodeDecodeError as error:
                raise BadRecord(path, number, not_utf8(error)) from error


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason given for bytes that are not UTF-8."""
    return f"expected UTF-8, found byte 0x{error.object[error.start]:02x} at byte {error.start} of the line"
