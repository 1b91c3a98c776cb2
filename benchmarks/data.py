"""Collections and queries of the lexical benchmark, and the terms that all engines share.

A collection on disk is one folder: `documents.parquet` (doc_id, text and perhaps title: strings), `tokens.npz` (`ids`
    uint32, `offsets` int64[documents + 1]: the terms of document i are ids[offsets[i]:offsets[i + 1]]) and
    `terms.parquet` (term: string; its row is its id).
Terms are those of the `bm25s` preset (lower case, \\w\\w+, 33 stopwords, Snowball English) over title + space + text.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ANALYZER = "bm25s"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Query:
    """One query: its text, or None where it was made of terms, and {term: weight} with weights of at least 1."""

    text: str | None
    terms: dict[str, int]


@dataclass(frozen=True)
class Tokens:
    """The terms of all documents: `ids` uint32, `offsets` int64[documents + 1], `terms` by id."""

    ids: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]
    terms: list[str]

    def code_texts(self) -> pa.LargeStringArray:
        """Each document as the codes of its terms with spaces between: ASCII, so every tokenizer keeps them whole."""
        codes = pc.binary_join_element_wise("x", pa.array(np.arange(len(self.terms))).cast(pa.string()), "")
        lists = pa.LargeListArray.from_arrays(pa.array(self.offsets), codes.take(pa.array(self.ids)))
        return pc.binary_join(lists, " ")

    def codes(self) -> dict[str, str]:
        """Term -> its code in `code_texts`."""
        return {term: f"x{number}" for number, term in enumerate(self.terms)}


class Source:
    """A collection on disk, read anew by each process that builds an index of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def documents(self) -> pa.Table:
        """The documents: doc_id, text and perhaps title."""
        return pq.read_table(self.folder / "documents.parquet")

    def tokens(self) -> Tokens:
        """The terms of all documents."""
        arrays = np.load(self.folder / "tokens.npz")
        terms = pq.read_table(self.folder / "terms.parquet")["term"].to_pylist()
        return Tokens(arrays["ids"], arrays["offsets"], terms)


def passages(path: Path, limit: int | None) -> pa.Table:
    """The documents of a Parquet file with _id, title, text."""
    table = pq.read_table(path, columns=["_id", "title", "text"])
    return table.slice(0, limit).rename_columns(["doc_id", "title", "text"])


def sentences(documents: pa.Table) -> pa.Table:
    """The sentences of the texts as documents of their own, titles left out; doc_id = passage's id + number."""
    ids, texts = [], []
    for doc_id, text in zip(documents["doc_id"].to_pylist(), documents["text"].to_pylist(), strict=True):
        for number, sentence in enumerate(filter(None, SENTENCE_END.split(text.strip()))):
            ids.append(f"{doc_id}-{number}")
            texts.append(sentence)
    return pa.table({"doc_id": ids, "text": texts})


def whole_texts(documents: pa.Table) -> pa.ChunkedArray:
    """Title + space + text of each document, or its text where there are no titles."""
    if "title" not in documents.column_names:
        return documents["text"]
    return pc.binary_join_element_wise(documents["title"], documents["text"], " ")


def analysed(texts: Any, analysis: Any) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """(ids, offsets) of an array of strings."""
    column = pa.array(texts, pa.large_string()) if isinstance(texts, list) else texts.cast(pa.large_string())
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    _, offsets, data = column.buffers()
    return analysis.terms(np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[: len(column) + 1])


def make_analysis() -> Any:
    """rocchio's analysis with the preset that all engines share."""
    from rocchio.analysis import Analysis, parse_analyzer

    return Analysis(parse_analyzer(ANALYZER))


def write_source(documents: pa.Table, folder: Path) -> tuple[Source, float]:
    """The collection on disk, and the seconds that analysing it took."""
    folder.mkdir(parents=True)
    pq.write_table(documents, folder / "documents.parquet")
    analysis = make_analysis()
    started = time.perf_counter()
    ids, offsets = analysed(whole_texts(documents), analysis)
    seconds = time.perf_counter() - started
    np.savez(folder / "tokens.npz", ids=ids, offsets=offsets)
    data, ends = analysis.terms_arrays()
    raw = data.tobytes()
    terms = [raw[begin:end].decode() for begin, end in pairwise(ends)]
    pq.write_table(pa.table({"term": terms}), folder / "terms.parquet")
    return Source(folder), seconds


def read_questions(path: Path, limit: int) -> list[Query]:
    """The first questions of a gzipped JSON Lines file; a term said twice weighs 2."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(limit), strict=False)]
    analysis = make_analysis()
    return [Query(text, {t: int(w) for t, w in analysis.query_terms(text).items()}) for text in texts]
