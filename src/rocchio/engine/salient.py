"""The words that say most of a document: frequent in it, rare elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rocchio.engine.feedback_terms import Places, SearcherStatistics, gather
from rocchio.feedback import TermFilter
from rocchio.lexical.scoring import Bm25
from rocchio.types import DocId

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


def salient_terms(snapshot: Snapshot, doc_id: DocId, count: int, most_share: float) -> list[str]:
    """The `count` terms of a document with the largest tf * idf, as indexed; of 2 to 20 characters, in at most
    `most_share` of all documents. Raises NotFound.
    """
    segment, row = snapshot.locate(doc_id)
    searcher = snapshot.searcher(Bm25(), snapshot.schema.text_fields)
    documents = len(snapshot.counted)
    statistics = SearcherStatistics(searcher, documents, lambda: searcher.average_length * documents)
    place = Places(np.array([segment], np.uint32), np.array([row], np.uint32), np.ones(1), 1)
    found = gather(statistics, [{}], [place], TermFilter((2, 20), "any", most_share))[0]
    idf = np.array([statistics.idf(int(df)) for df in found.df])
    weights = found.by_term(found.frequencies) * idf
    return [found.term(number) for number in found.heaviest(weights, count)]


def as_written(snapshot: Snapshot, doc_id: DocId, terms: list[str]) -> dict[str, str]:
    """{term: how the document writes it first}, for those of its terms that it is asked for."""
    written: dict[str, str] = {}
    document = snapshot.get(doc_id)
    for name in snapshot.schema.text_fields:
        text = document.get(name) or ""
        for start, end, term in snapshot.spans(text):
            if term in terms:
                written.setdefault(term, text[start:end])
    return written
