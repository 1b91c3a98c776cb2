"""Pseudo-queries of a collection: what its documents would be found by, made of their terms, of their sentences, by a
model behind an endpoint, or read from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio.encoders.chat import Chat, ChatEndpoint
from rocchio.encoders.text_form import parse_call
from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure
from rocchio.feedback.pseudo_queries import Salient, Sentences
from rocchio.lexical.scoring import Bm25
from rocchio.sources.jsonl import decode_object
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.schema import ID_FIELD

if TYPE_CHECKING:
    from rocchio.engine.open_segment import OpenSegment
    from rocchio.engine.snapshot import Snapshot

Generator: TypeAlias = Salient | Sentences | Chat
Queries: TypeAlias = Generator | Path
_KINDS: dict[str, type[Generator]] = {"salient": Salient, "sentences": Sentences, "chat": Chat}
_ANY = 2**32 - 1


def parse_queries(given: Any) -> Queries:
    """A generator as a value or its text form, or the path of a file that exists. Raises InvalidArgument, NotFound."""
    if isinstance(given, Salient | Sentences | Chat):
        return given
    expected = "expected queries like salient(terms=5), sentences(n=1), chat(MODEL) or a file of JSON Lines"
    if isinstance(given, str) and given.partition("(")[0].strip() in _KINDS and not Path(given).is_file():
        kind, positional, named = parse_call(given)
        try:
            return _KINDS[kind](*positional, **named)
        except TypeError as error:
            raise InvalidArgument(f"{expected}, found {given[:200]!r}: {error}") from error
    if not isinstance(given, str | Path):
        raise InvalidArgument(f"{expected}, found {given!r}")
    if not Path(given).is_file():
        raise NotFound(f"{expected}, found {str(given)[:200]!r}, which is none")
    return Path(given)


@dataclass(frozen=True)
class PseudoQuery:
    """A text that should find a document."""

    doc_id: str
    text: str


def read_queries(path: Path) -> Iterator[PseudoQuery]:
    """Those of a file of JSON Lines with `doc_id` and `query`. Raises BadRecord, StorageFailure."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.isspace():
                    yield _parsed(path, number, line)
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot read {path}: {error.strerror}") from error


def _parsed(path: Path, number: int, line: bytes) -> PseudoQuery:
    try:
        record = decode_object(line)
    except ValueError as error:
        raise BadRecord(path, number, str(error)) from error
    doc_id, text = record.get(ID_FIELD), record.get("query")
    if not isinstance(doc_id, str) or not isinstance(text, str):
        raise BadRecord(path, number, f'expected {{"doc_id": text, "query": text}}, found {line[:80]!r}')
    return PseudoQuery(doc_id, text)


def made_queries(
    snapshot: Snapshot, generator: Generator, kept: Path | None, advance: Callable[[int], None]
) -> Iterator[PseudoQuery]:
    """Those of every document, in the order of rows. What is made is appended to the file `kept`, if one is given, and
    documents that it has are not asked about again; `advance` is told documents done. Raises EncoderFailure, ...
    """
    done: dict[str, list[str]] = {}
    if kept is not None and kept.is_file():
        _drop_half_a_document(kept)
        for each in read_queries(kept):
            done.setdefault(each.doc_id, []).extend([each.text] if each.text else [])
    make = _maker(snapshot, generator, kept)
    with _Log(kept) as log:
        for block in _blocks(snapshot):
            missing = [place for place, doc_id in enumerate(block.doc_ids) if doc_id not in done]
            for place, texts in zip(missing, make(block, missing), strict=True):
                done[block.doc_ids[place]] = texts
                log.write(block.doc_ids[place], texts)
            for doc_id in block.doc_ids:
                yield from (PseudoQuery(doc_id, text) for text in done.pop(doc_id))
            advance(len(block.doc_ids))


@dataclass(frozen=True)
class _Block:
    """Live documents of a segment: its number, their rows, doc_ids, and texts of all text fields, joined."""

    segment: int
    rows: npt.NDArray[np.uint32]
    doc_ids: list[str]
    texts: list[str]


def _blocks(snapshot: Snapshot) -> Iterator[_Block]:
    for number, segment in enumerate(snapshot.segments):
        live = ~segment.tombstones.is_deleted
        for index in segment.documents.batches():
            here = live[index * BATCH_ROWS : (index + 1) * BATCH_ROWS]
            if here.any():
                yield _block(snapshot, segment, number, index, np.flatnonzero(here))


def _block(snapshot: Snapshot, segment: OpenSegment, number: int, index: int, places: npt.NDArray[np.int64]) -> _Block:
    batch = segment.documents.batch(index).take(places)
    columns = [batch.column(name).to_pylist() for name in snapshot.schema.text_fields]
    texts = ["\n".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
    rows = (places + index * BATCH_ROWS).astype(np.uint32)
    return _Block(number, rows, batch.column(ID_FIELD).to_pylist(), texts)


_Make: TypeAlias = Callable[[_Block, list[int]], Iterator[list[str]]]


def _maker(snapshot: Snapshot, generator: Generator, kept: Path | None) -> _Make:
    """A function from a block and places in it to the pseudo-queries of each."""
    if not snapshot.schema.text_fields:
        raise InvalidArgument("expected text fields to make pseudo-queries of, found none; give a file of them")
    if isinstance(generator, Chat):
        if kept is None:
            raise InvalidArgument(
                "expected a folder to keep the answers of an endpoint in, which cost, found none; give keep="
            )
        chat = ChatEndpoint(generator, str(kept))
        return lambda block, places: (chat.queries(block.texts[place]) for place in places)
    if isinstance(generator, Sentences):
        return lambda block, places: (
            generator.choose(block.texts[place], dict(weights), snapshot.terms)
            for place, weights in zip(places, _weights(snapshot, block, places), strict=True)
        )
    most = generator.terms * generator.per_document
    return lambda block, places: (
        generator.choose(_as_written(snapshot, block.texts[place], [term for term, _ in weights]))
        for place, weights in zip(places, _weights(snapshot, block, places, most), strict=True)
    )


def _weights(
    snapshot: Snapshot, block: _Block, places: list[int], most: int | None = None
) -> Iterator[list[tuple[str, float]]]:
    """(term, ln(1 + tf) * idf) of each document, the largest `most` or all, the largest first, ties by term."""
    searcher = snapshot.searcher(Bm25(), None)
    rows = block.rows[places]
    found = searcher.feedback_terms(
        np.arange(len(rows) + 1, dtype=np.uint64), np.full(len(rows), block.segment, np.uint32), rows,
        0, _ANY, 0, 0, len(snapshot.counted), 0,
    )  # fmt: skip
    query_terms, data, term_offsets, df, query_entries, entry_terms, _, frequencies = found
    text, offsets = data.tobytes(), term_offsets.tolist()
    idf = np.log1p((len(snapshot.counted) - df.astype(np.float64) + 0.5) / (df + 0.5))
    for number in range(len(rows)):
        first, entries = int(query_terms[number]), slice(int(query_entries[number]), int(query_entries[number + 1]))
        terms = entry_terms[entries].astype(np.int64) + first
        # boosts may make a frequency smaller than 1
        weights = np.log1p(frequencies[entries]) * idf[terms]
        order = np.argsort(-weights, kind="stable")[:most]
        numbers = terms[order].tolist()
        names = [text[offsets[term] : offsets[term + 1]].decode() for term in numbers]
        yield list(zip(names, weights[order].tolist(), strict=True))


def _as_written(snapshot: Snapshot, text: str, terms: list[str]) -> list[str]:
    """Terms as the text has them first, so that people and encoders can read them; analysis gives the same terms."""
    wanted = set(terms)
    written: dict[str, str] = {}
    for start, end, term in snapshot.spans(text):
        if term in wanted and term not in written:
            written[term] = text[start:end]
    return [written.get(term, term) for term in terms]


_END = "\n\n"
"""After the queries of a document: what does not end so was interrupted."""


class _Log:
    """Appends pseudo-queries to a file; a document without any leaves a line with an empty query."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> _Log:
        try:
            self._file = self._path.open("a", encoding="utf-8") if self._path is not None else None
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot write {self._path}: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, doc_id: str, texts: list[str]) -> None:
        if self._file is None:
            return
        lines = [json.dumps({ID_FIELD: doc_id, "query": text}, ensure_ascii=False) for text in texts or [""]]
        try:
            self._file.write("\n".join(lines) + _END)
            self._file.flush()
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot write {self._path}: {error.strerror}") from error


def _drop_half_a_document(path: Path) -> None:
    """What an interruption left at the end. Raises StorageFailure."""
    try:
        content = path.read_bytes()
        whole = content.rfind(_END.encode()) + len(_END)
        if not content.endswith(_END.encode()):
            path.write_bytes(content[:whole] if whole >= len(_END) else b"")
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot read {path}: {error.strerror}") from error
