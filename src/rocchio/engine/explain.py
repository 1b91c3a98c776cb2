"""A score taken apart, term by term, computed anew in Python from the stored integers."""

from __future__ import annotations

import numpy as np

from rocchio.engine.queries import QueryBatch
from rocchio.engine.view import View
from rocchio.types import Explanation, TermContribution


def explain(view: View, documents: int, batch: QueryBatch, segment: int, row: int) -> Explanation:
    """Why the document at (segment, row) of a collection of `documents` has its score for the one query of `batch`."""
    searcher = view.searcher
    weights: dict[str, float] = {}
    for index, weight in zip(batch.terms.tolist(), batch.weights.tolist(), strict=True):
        term = batch.distinct[index].as_py()
        weights[term] = weights.get(term, 0.0) + weight
    lexical = view.segments[segment]
    terms, codes = lexical.forward(row)
    tf_of = dict(zip(terms.tolist(), codes.tolist(), strict=True))
    length = searcher.boosted_length(segment, row)
    parts, total, constant = [], 0.0, 0.0
    for term, weight in weights.items():
        df = searcher.document_frequency(term)
        if df == 0 or weight == 0.0:
            continue
        idf = searcher.idf(documents, df)
        constant += weight * idf * searcher.absent_part
        term_id = lexical.find_term(term)
        if term_id is None or term_id not in tf_of:
            continue
        frequencies = lexical.frequencies(tf_of[term_id])
        tf = searcher.boosted_frequency(segment, tf_of[term_id])
        if tf <= 0.0:
            continue  # stands only in fields that are not searched
        score = weight / view.scale * idf * searcher.tf_part(tf, length)
        total += score
        by_field = {name: count for name, count in zip(view.fields, frequencies, strict=True) if count}
        parts.append(TermContribution(term, weight, by_field, df, idf, score))
    parts.sort(key=lambda part: -part.score)
    doc_id = lexical.doc_id(row)
    score32 = float(np.float32(total + constant)) if parts else 0.0
    lengths = (length, searcher.average_length) if view.has_lengths else (0.0, 0.0)
    return Explanation(doc_id, score32, view.scoring, tuple(parts), constant if parts else 0.0, *lengths)
