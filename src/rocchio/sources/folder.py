"""A folder of text files: each file is one document."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rocchio.errors import StorageFailure
from rocchio.sources.rejects import Reject, shown
from rocchio.sources.source import BATCH_BYTES, BATCH_RECORDS, Rejecter, SourceBatch, file_size

TEXT_SUFFIXES = (".txt", ".md", ".markdown", ".rst")

_MARKDOWN_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<title>[^\n]+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINED_HEADING = re.compile(r"^(?P<title>\S[^\n]*)\n(?P<line>=+|-+|~+|\^+|\*+|#+|\"+|\++)[ \t]*$", re.MULTILINE)
_EQUALS_HEADING = re.compile(r"^(?P<title>\S[^\n]*)\n=+[ \t]*$", re.MULTILINE)


def text_files(folder: Path) -> list[Path]:
    """Text files below a folder, sorted by relative path; names that start with a dot are left out."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and name.lower().endswith(TEXT_SUFFIXES):
                found.append(Path(parent, name))
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


class FolderSource:
    """Documents of a folder of .txt, .md, .markdown and .rst files, read recursively in sorted order.

    Fields: doc_id (relative path with forward slashes), title (first heading, or the file name without
    suffix), text. Places are record numbers. A file that is not UTF-8 is a reject.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def size_bytes(self) -> int:
        """Sum of the file sizes."""
        return sum(map(file_size, text_files(self.folder)))

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """See `DocumentSource.batches`; the batch's path is the folder."""
        records: list[dict[str, Any]] = []
        places: list[int] = []
        position = batch_bytes = 0
        for number, path in enumerate(text_files(self.folder), start=1):
            data = _read(path, reject)
            if data is None:
                continue
            position += len(data)
            batch_bytes += len(data)
            record = self._record(path, data, reject)
            if record is not None:
                records.append(record)
                places.append(number)
            if len(records) >= BATCH_RECORDS or (records and batch_bytes >= BATCH_BYTES):
                yield SourceBatch(records, str(self.folder), places, position)
                records, places, batch_bytes = [], [], 0
        if records:
            yield SourceBatch(records, str(self.folder), places, position)

    def _record(self, path: Path, data: bytes, reject: Rejecter) -> dict[str, Any] | None:
        doc_id = path.relative_to(self.folder).as_posix()
        try:
            doc_id.encode("utf-8")
        except UnicodeEncodeError:
            reject(Reject(os.fsencode(path).decode("utf-8", "backslashreplace"), 0, "expected a file name in UTF-8"))
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            reason = f"expected UTF-8, found byte 0x{data[error.start]:02x} at byte {error.start} of the file"
            reject(Reject(str(path), line, reason, shown(data)))
            return None
        text = text.replace("\r\n", "\n")
        return {"doc_id": doc_id, "title": _title(path, text), "text": text}


def _read(path: Path, reject: Rejecter) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, PermissionError) as error:  # a dangling link, a file of somebody else
        reject(Reject(str(path), 0, f"expected a readable file, found: {error.strerror}"))
        return None
    except OSError as error:
        raise StorageFailure(f"cannot read {path}: {error}") from error


def _title(path: Path, text: str) -> str:
    """First heading by the rules of the file's markup; the file's stem when there is none."""
    suffix = path.suffix.lower()
    found: list[re.Match[str]] = []
    if suffix in {".md", ".markdown"}:
        # "---" also closes a front matter block, so only "===" counts as an underline
        found = [match for pattern in (_MARKDOWN_HEADING, _EQUALS_HEADING) if (match := pattern.search(text))]
    elif suffix == ".rst":
        # docutils wants the underline at least as long as the title
        underlined = (m for m in _UNDERLINED_HEADING.finditer(text) if len(m["line"]) >= len(m["title"].rstrip()))
        found = [match for match in [next(underlined, None)] if match]
    first = min(found, key=lambda match: match.start(), default=None)
    return first["title"].strip() if first else path.stem
