"""JSON Lines: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from rocchio.errors import BadRecord
from rocchio.sources.opening import LineBlock, line_blocks, not_utf8
from rocchio.sources.rejects import Reject, shown
from rocchio.sources.source import BATCH_BYTES, BATCH_RECORDS, Rejecter, SourceBatch, file_size, set_doc_id


class JsonLinesSource:
    """Documents of a JSON Lines file, plain, gzip or zstd; blank lines are skipped.

    Of a key that an object has twice, the last value counts.
    """

    def __init__(self, path: str | Path, id_field: str | None = None) -> None:
        self.path, self.id_field = Path(path), id_field

    @property
    def size_bytes(self) -> int:
        """Size of the file on disk."""
        return file_size(self.path)

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """See `DocumentSource.batches`."""
        try:
            for block in line_blocks(self.path, BATCH_RECORDS, BATCH_BYTES):
                batch = self._parse(block, reject)
                if batch.records:
                    yield batch
        except BadRecord as damage:
            reject(Reject(damage.path, damage.line, damage.reason))

    def _parse(self, block: LineBlock, reject: Rejecter) -> SourceBatch:
        records: list[dict[str, Any]] = []
        skipped: set[int] = set()
        id_field = self.id_field
        for number, line in enumerate(block.lines, start=block.first):
            try:
                record = decode_object(line)
                reason = set_doc_id(record, id_field)
            except ValueError as error:
                reason = str(error)
            if reason is None:
                records.append(record)
                continue
            skipped.add(number)
            if line and not line.isspace():
                reject(Reject(str(self.path), number, reason, shown(line)))
        numbers = range(block.first, block.first + len(block.lines))
        places = [number for number in numbers if number not in skipped] if skipped else numbers
        return SourceBatch(records, str(self.path), places, block.position_bytes)


def json_lines(path: str | Path, reject: Rejecter) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, object) of a JSON Lines file of anything, blank lines left out. Raises NotFound, StorageFailure."""
    try:
        for block in line_blocks(path, BATCH_RECORDS, BATCH_BYTES):
            for number, line in enumerate(block.lines, start=block.first):
                if not line or line.isspace():
                    continue
                try:
                    record = decode_object(line)
                except ValueError as error:
                    reject(Reject(str(path), number, str(error), shown(line)))
                    continue
                yield number, record
    except BadRecord as damage:
        reject(Reject(damage.path, damage.line, damage.reason))


def decode_object(line: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises: ValueError with the reason when there is none."""
    try:
        record = _decode(line.decode("utf-8"))
        # only an escape can smuggle in half of a surrogate pair, a string that no UTF-8 file can hold
        if b"\\u" in line and b"\\ud" in line.lower():
            json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(error)) from error
    except UnicodeEncodeError as error:
        raise ValueError("expected text, found half of a surrogate pair (\\ud800 to \\udfff)") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"expected a JSON object, found invalid JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise ValueError("expected a JSON object, found one that is nested too deeply") from error
    if type(record) is not dict:
        raise ValueError(f"expected a JSON object, found {_JSON_NAMES.get(type(record), 'another value')}")
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"expected a JSON number, found {name}, which is not JSON; use null or leave the field out")


# one decoder for all lines: json.loads builds a new one per call when it is given a hook
_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_JSON_NAMES = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}
