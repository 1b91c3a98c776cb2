"""PyTerrier: transformers that search a collection and rewrite queries by feedback. Needs the extra `pyterrier`, no
Java."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyterrier as pt

from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.integrations.table import check_opened
from rocchio.pipelines import as_step

QUERIES = ["qid", "query"]


class RocchioRetriever(pt.Transformer):
    """Queries become results: columns docno, score, rank, and the stored fields named in `fields`.

    Searches with `query_toks`, {term: weight}, where the frame has it, else with `query`. `options` are those of
    `Collection.search`: plan, scoring, field, where, threads, ...
    """

    def __init__(self, collection: Collection, k: int = 1000, fields: Sequence[str] = (), **options: Any) -> None:
        super().__init__()
        check_opened(collection)
        self.collection, self.k, self.fields, self.options = collection, k, tuple(fields), options
        for name in self.fields:
            if name not in collection.schema.fields:
                raise InvalidArgument(f"expected names of fields to return, found an "
                                      f"{collection.schema.unknown_field(name)}")  # fmt: skip

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """A frame of queries, as a frame of results."""
        pt.validate.columns(inp, includes=["qid"])
        queries = queries_of(inp)
        given = inp.drop(columns=["docno", "score", "rank", *self.fields], errors="ignore")
        given = given.drop_duplicates("qid").reset_index(drop=True)
        ids = [str(name) for name in given["qid"]]
        run = self.collection.search(queries, self.k, query_ids=ids, **self.options) if ids else ()
        found = [(place, doc_id, score) for place, hits in enumerate(run) for doc_id, score in hits]
        frame = given.iloc[[place for place, _, _ in found]].reset_index(drop=True)
        frame["docno"] = pd.Series([doc_id for _, doc_id, _ in found], dtype=object)
        frame["score"] = pd.Series([score for _, _, score in found], dtype=float)
        if self.fields:
            stored = [self.collection.get(doc_id) for doc_id in frame["docno"]]
            for name in self.fields:
                frame[name] = pd.Series([fields[name] for fields in stored], dtype=object)
        return pt.model.add_ranks(frame)


class RocchioRewriter(pt.Transformer):
    """Queries become better queries, in `query_toks`: {term: weight}, for a `RocchioRetriever` that follows.

    `feedback` is a step like "rm3" or "rocchio(fb_docs=5)". A frame of results is feedback as it stands: its first
    `fb_docs` documents of each query count as relevant, alike. A frame of queries is searched with `first`.
    """

    def __init__(self, collection: Collection, feedback: str = "rm3", first: str = "bm25", fb_docs: int = 10) -> None:
        super().__init__()
        check_opened(collection)
        self.collection, self.feedback, self.first, self.fb_docs = collection, feedback, first, fb_docs
        self._plan = as_step(f"{first} >> {feedback} >> bm25")

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """A frame of queries or of results, as a frame of queries."""
        pt.validate.columns(inp, includes=["qid"])
        queries = queries_of(inp)
        columns = pt.model.query_columns(inp, qid=True)
        frame = inp[columns].drop_duplicates("qid").reset_index(drop=True)
        ids = [str(name) for name in frame["qid"]]
        options: dict[str, Any] = {"query_ids": ids}
        if "docno" in inp.columns:
            order = inp.sort_values("score", ascending=False, kind="stable") if "score" in inp.columns else inp
            groups = order.groupby(order["qid"].astype(str), sort=False)["docno"]
            options["relevant"] = {name: group.head(self.fb_docs).tolist() for name, group in groups}
        terms = self.collection.plan(self._plan).run(queries, 1, **options).terms if ids else []
        if "query_toks" in frame.columns:
            frame = frame.drop(columns="query_toks")
        if "query" in frame.columns:
            frame = pt.model.push_queries(frame, keep_original=True)
        frame["query_toks"] = pd.Series(terms, dtype=object)
        return frame


def queries_of(inp: pd.DataFrame) -> list[Any]:
    """One query for each qid, in the order of the frame. Raises InvalidArgument."""
    name = next((name for name in ("query_toks", "query") if name in inp.columns), None)
    if name is None:
        raise InvalidArgument(f"expected a column query or query_toks, found {', '.join(map(str, inp.columns))}")
    return list(inp.drop_duplicates("qid")[name])
