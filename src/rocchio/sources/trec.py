"""Topics, relevance judgements and runs in the file formats of TREC and BEIR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from rocchio.errors import BadRecord
from rocchio.sources.jsonl import decode_object
from rocchio.sources.opening import text_lines
from rocchio.types import Qrels, Run, Topics

QUERY_ID_FIELDS = ("_id", "qid", "query_id", "id")
QUERY_TEXT_FIELDS = ("text", "query", "title")
_HEADER_WORDS = frozenset(
    (
        "query-id",
        "query_id",
        "queryid",
        "qid",
        "topic",
        "corpus-id",
        "corpus_id",
        "doc_id",
        "docid",
        "doc-id",
        "docno",
        "pid",
        "score",
        "relevance",
        "rel",
        "grade",
        "label",
    )
)
_TOPIC_TAGS = frozenset("top head num dom title desc smry narr con fac nat time def query question".split())  # noqa: SIM905
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


def read_topics(path: str | Path) -> Topics:
    """Queries of an experiment: query id -> text, in file order.

    Formats, told apart by the first non-blank line: JSON Lines with `_id`, `qid`, `query_id` or `id` and `text`,
    `query` or `title`; TREC `<top>` with `<num>` and `<title>`; otherwise `id<TAB>text`. All plain, gzip or zstd.
    Numbers of TREC topics lose "Number:" and leading zeros, as in TREC's judgements.

    Raises: BadRecord with the line (damaged, unknown format, repeated id, no text), NotFound, StorageFailure.
    """
    path = Path(path)
    lines = text_lines(path)
    first = next(lines, None)
    if first is None:
        raise BadRecord(path, 0, "expected topics, found an empty file")
    lines = _chain(first, lines)
    start = first[1].lstrip()
    if start.startswith("{"):
        found = _json_topics(path, lines)
    elif start.startswith("<"):
        found = _trec_topics(path, lines)
    else:
        found = _tsv_topics(path, lines)
    topics: dict[str, str] = {}
    for line, query_id, text in found:
        if query_id in topics:
            raise BadRecord(path, line, f"expected every query id once, found {query_id!r} again")
        if not query_id or not text:
            raise BadRecord(path, line, f"expected a query id and a text, found {query_id!r} and {text!r}")
        topics[query_id] = text
    if not topics:
        raise BadRecord(path, 0, "expected topics, found none")
    return topics


def read_qrels(path: str | Path) -> Qrels:
    """Relevance judgements: query id -> doc_id -> grade.

    Formats: TREC (query_id iteration doc_id grade), BEIR (query-id, corpus-id, score with a header line), and
    the same three columns without header. Lines with tabs are split at tabs only. Plain, gzip or zstd.

    Raises: BadRecord with the line (columns, grade not a whole number, two grades for one document),
    NotFound, StorageFailure.
    """
    path = Path(path)
    qrels: dict[str, dict[str, int]] = {}
    columns = 0
    for line, text in text_lines(path):
        cells = [cell.strip() for cell in text.split("\t")] if "\t" in text else text.split()
        if not columns:
            columns = len(cells)
            if columns not in (3, 4):
                raise BadRecord(path, line, f"expected 4 columns (TREC) or 3 (BEIR), found {columns}: {text[:80]!r}")
            if all(cell.lower() in _HEADER_WORDS | {"iteration", "iter", "q0", "0"} for cell in cells):
                continue
        if len(cells) != columns:
            raise BadRecord(path, line, f"expected {columns} columns as in the first line, found {len(cells)}")
        query_id, doc_id, grade = cells[0], cells[-2], cells[-1]
        if not query_id or not doc_id:
            raise BadRecord(path, line, f"expected a query id and a doc_id, found {query_id!r} and {doc_id!r}")
        if not _WHOLE_NUMBER.fullmatch(grade):
            raise BadRecord(path, line, f"expected a whole number as grade in column {columns}, found {grade[:40]!r}")
        judged = qrels.setdefault(query_id, {})
        if judged.setdefault(doc_id, int(grade)) != int(grade):
            found = f"{judged[doc_id]} and {grade}"
            raise BadRecord(path, line, f"expected one grade per document, found {found} for {query_id!r} {doc_id!r}")
    if not qrels:
        raise BadRecord(path, 0, "expected relevance judgements, found none")
    return qrels


def read_run(path: str | Path) -> Run:
    """A run in TREC format (query_id Q0 doc_id rank score name); queries in order of first appearance.

    Documents are ordered by score, best first, then by doc_id; like trec_eval, the rank column is not used.
    Scores are compared as written, then kept as float32. The name is that of the first line. An empty file is
    a run without queries. Plain, gzip or zstd.

    Raises: BadRecord with the line (columns, score not a finite float32, a document twice for one query),
    NotFound, StorageFailure.
    """
    path = Path(path)
    scored: dict[str, dict[str, float]] = {}
    name = ""
    for line, text in text_lines(path):
        try:
            query_id, _, doc_id, _, score_text, tag = text.split()
            score = float(score_text)
        except ValueError:
            _explain_run_line(path, line, text)
        if not abs(score) < _FLOAT32_LIMIT:
            raise BadRecord(path, line, f"expected a finite float32 as score, found {score_text[:40]!r}")
        hits = scored.setdefault(query_id, {})
        if doc_id in hits:
            raise BadRecord(
                path, line, f"expected every document once per query, found {doc_id!r} again for {query_id!r}"
            )
        hits[doc_id] = score
        name = name or tag
    ranked = [sorted(hits.items(), key=lambda hit: (-hit[1], hit[0])) for hits in scored.values()]
    return Run(
        query_ids=list(scored),
        doc_ids=[[doc_id for doc_id, _ in hits] for hits in ranked],
        scores=[np.array([score for _, score in hits], dtype=np.float32) for hits in ranked],
        name=name or "rocchio",
    )


# what rounds to the largest float32: half a unit in the last place above it
_FLOAT32_LIMIT = 2.0**128 - 2.0**103


def _explain_run_line(path: Path, line: int, text: str) -> NoReturn:
    cells = text.split()
    if len(cells) != 6:
        expected = "6 columns (query_id Q0 doc_id rank score name)"
        raise BadRecord(path, line, f"expected {expected}, found {len(cells)}: {text[:80]!r}") from None
    raise BadRecord(path, line, f"expected a number as score in column 5, found {cells[4][:40]!r}") from None


def _chain(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _json_topics(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for line, text in lines:
        try:
            record = decode_object(text.encode("utf-8"))
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from error
        query_id = next((record[name] for name in QUERY_ID_FIELDS if name in record), None)
        query = next((record[name] for name in QUERY_TEXT_FIELDS if name in record), None)
        if type(query_id) is int:
            query_id = str(query_id)
        if not isinstance(query_id, str) or not isinstance(query, str):
            expected = f"an id under one of {', '.join(QUERY_ID_FIELDS)} and a text under text, query or title"
            raise BadRecord(path, line, f"expected {expected}, found {text[:80]!r}")
        yield line, query_id.strip(), query.strip()


def _tsv_topics(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for position, (line, text) in enumerate(lines):
        query_id, tab, query = text.partition("\t")
        if not tab:
            raise BadRecord(path, line, f"expected an id, a tab and a text, found {text[:80]!r}")
        header = query_id.strip().lower() in {"id", *_HEADER_WORDS} and query.strip().lower() in QUERY_TEXT_FIELDS
        if position == 0 and header:
            continue
        yield line, query_id.strip(), query.strip()


def _trec_topics(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    """Tags open a field that lasts until the next tag; closing tags are optional, as in TREC's own files."""
    start, tag, fields = 0, "", dict[str, str]()
    for line, text in lines:
        if start == 0 and not re.match(r"\s*<top>", text, re.IGNORECASE):
            raise BadRecord(path, line, f"expected <top>, found {text[:80]!r}")
        for piece in re.findall(r"<[^<>]*>|[^<]+|<", text):
            match = re.fullmatch(r"<\s*(/?)\s*([a-zA-Z]+)[^<>]*>", piece)
            if match is None:
                fields[tag] = f"{fields.get(tag, '')} {piece}"
                continue
            if match[2].lower() not in _TOPIC_TAGS:
                continue  # markup inside a field
            closing, tag = match[1] == "/", match[2].lower()
            if tag == "top" and closing:
                yield _trec_topic(path, start, fields)
                start = 0
            elif tag == "top":
                start, fields = line, {}
            if closing:
                tag = ""
    if start:
        raise BadRecord(path, start, "expected </top> at the end of the topic, found the end of the file")


def _trec_topic(path: Path, line: int, fields: dict[str, str]) -> tuple[int, str, str]:
    number = re.sub(r"^\s*(Number\s*:)?\s*", "", fields.get("num", ""), flags=re.IGNORECASE).strip()
    title = re.sub(r"^\s*(Topic\s*:)?\s*", "", fields.get("title", ""), flags=re.IGNORECASE)
    if not number or not title.strip():
        raise BadRecord(path, line, f"expected a topic with <num> and <title>, found {sorted(filter(None, fields))}")
    return line, str(int(number)) if number.isdecimal() else number, " ".join(title.split())
