"""Searches of HTTP: bodies become calls of the engine, hits become JSON."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from typing import Any

import numpy as np

from rocchio.engine.highlight import snippet
from rocchio.engine.mixed import query as mixed_query
from rocchio.engine.plan import search_traced
from rocchio.engine.search_options import check_options
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import InvalidArgument, LimitExceeded
from rocchio.server.limits import Limits
from rocchio.server.models import BatchBody, ExplainBody, Options, Packed, QueryBody, SearchBody
from rocchio.types import Explanation, Hit

_OPTIONS = tuple(name for name in Options.model_fields if name != "k")
_SNIPPET_CHARACTERS = 240


def is_plain(body: SearchBody) -> bool:
    """Whether it is a text whose answer is doc_ids and scores: such searches are shared, see `coalescing`."""
    return body.text is not None and body.model_fields_set <= {"text", "k", "field", "scoring"} and (
        body.field is None or isinstance(body.field, str)
    )  # fmt: skip


def search(snapshot: Snapshot, body: SearchBody) -> dict[str, Any]:
    """The answer to one search. Raises what the engine raises."""
    for name in body.fields if isinstance(body.fields, list) else ():
        if name not in snapshot.schema.fields:
            raise InvalidArgument(f"expected names of fields to return, found an {snapshot.schema.unknown_field(name)}")
    options = {**_options(body, body), **_given(body, ("relevant", "not_relevant"))}
    query, traced = _query(body, body.field), {}
    hits: list[Hit]
    if body.trace:
        if body.plan is None:
            raise InvalidArgument("expected a plan to trace, like bm25 >> rm3 >> bm25, found none")
        check_options(options)
        hits, trace, ended_with = search_traced(snapshot, query, body.k, options)
        steps = [asdict(step) for step in trace.steps]
        traced = {"trace": {"steps": steps, "seconds": trace.seconds, "terms": ended_with}}
    else:
        hits = snapshot.search(query, body.k, **options)
    terms = _terms(snapshot, body) if body.highlight else frozenset()
    return {
        "hits": [_hit(snapshot, hit, body, terms) for hit in hits],
        "generation": snapshot.manifest.generation,
        **traced,
    }


def search_batch(snapshot: Snapshot, body: BatchBody, threads: int) -> dict[str, Any]:
    """The answers to many searches, in columns; scores are float32 arrays."""
    queries = [QueryBody(text=each) if isinstance(each, str) else each for each in body.queries]
    parts = [_query(each, body.field) for each in queries]
    options = {**_options(body, queries[0]), **_given(body, ("query_ids", "relevant", "not_relevant"))}
    run = snapshot.search(_alike(parts), body.k, threads=threads, **options)
    results = [
        {"query_id": query_id, "doc_ids": list(run.doc_ids[i]), "scores": run.scores[i]}
        for i, query_id in enumerate(run.query_ids)
    ]
    return {"results": results, "generation": snapshot.manifest.generation}


def explain(snapshot: Snapshot, body: ExplainBody) -> dict[str, Any]:
    """Why a document has its score."""
    given = _given(body, ("field", "scoring", "fusion", "depth", "where"))
    if (field := _implied_field(body)) is not None:
        given.setdefault("field", field)
    return why_json(snapshot.explain(_query(body, body.field), body.doc_id, **given))


def check_size(k: int, queries: int, limits: Limits) -> None:
    """Raises LimitExceeded for more results than the server gives at once."""
    if k > limits.k:
        raise LimitExceeded(f"expected k of at most {limits.k:,}, found {k:,}")
    if k * queries > limits.hits:
        raise LimitExceeded(f"expected at most {limits.hits:,} hits in all, found {queries:,} queries with k={k:,}")


def check_details(body: SearchBody, limits: Limits) -> None:
    """Raises LimitExceeded for more hits with documents than the server holds at once."""
    if body.k > limits.detailed and (body.fields or body.highlight or body.explain or body.passage):
        raise LimitExceeded(
            f"expected k of at most {limits.detailed:,} with fields, highlight, passage or explain, found {body.k:,}"
        )


def why_json(why: Explanation) -> dict[str, Any]:
    """An explanation as plain values, without what does not apply."""
    return {name: value for name, value in asdict(why).items() if value not in (None, ())}


def _given(body: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(body, name)) is not None}


def _options(body: Options, query: QueryBody) -> dict[str, Any]:
    options = _given(body, _OPTIONS)
    if (field := _implied_field(query)) is not None:
        options.setdefault("field", field)
    return options


def _parts(query: QueryBody) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    if query.text is not None and query.terms is not None:
        raise InvalidArgument("expected a text or terms in a query, found both")
    text = query.text if query.text is not None else query.terms
    return text, query.vectors or {}, query.sparse or {}


def _implied_field(query: QueryBody) -> str | None:
    """The field that a query of one vector, or of the weights of one sparse field, is for."""
    text, vectors, sparse = _parts(query)
    if text is None and len(vectors) + len(sparse) == 1:
        return next(iter(vectors or sparse))
    return None


def _query(query: QueryBody, field: Any) -> Any:
    """A query as `Snapshot.search` takes it."""
    text, vectors, sparse = _parts(query)
    if not vectors and not sparse:
        if text is None:
            raise InvalidArgument("expected a text, terms, vectors or sparse weights in a query, found none")
        return text
    if (name := _implied_field(query)) is not None:
        if field not in (None, name):
            raise InvalidArgument(f"expected no other field with a query for {name!r}, found {field!r}; leave it out")
        value = _vector(vectors[name]) if name in vectors else sparse[name]
        if value is not None:
            return value
    return mixed_query(text, vectors={name: _vector(value) for name, value in vectors.items()}, sparse=sparse)


def _vector(value: Any) -> Any:
    """Numbers, given or packed, as an array; a text, or None, as it is."""
    if isinstance(value, Packed):
        try:
            return np.frombuffer(base64.b64decode(value.base64, validate=True), np.dtype(value.dtype).newbyteorder("<"))
        except (binascii.Error, ValueError) as error:
            raise InvalidArgument(f"expected base64 of {value.dtype} numbers as a vector, found {error}") from None
    return np.array(value, np.float32) if isinstance(value, list) else value


def _alike(parts: list[Any]) -> Any:
    """Vectors as one array (n, dim); others as they are."""
    if all(isinstance(part, np.ndarray) for part in parts):
        sizes = {len(part) for part in parts}
        if len(sizes) > 1:
            raise InvalidArgument(f"expected vectors of one length, found {sorted(sizes)}")
        return np.stack(parts)
    return parts


def _terms(snapshot: Snapshot, body: SearchBody) -> frozenset[str]:
    if body.terms is not None:
        return frozenset(body.terms)
    return frozenset(snapshot.terms(body.text)) if body.text is not None else frozenset()


def _hit(snapshot: Snapshot, hit: Hit, body: SearchBody, terms: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"doc_id": hit.doc_id, "score": hit.score}
    stored = hit.fields if body.fields or body.highlight else {}
    if body.fields:
        found["fields"] = (
            stored if body.fields is True else {name: stored[name] for name in body.fields if name in stored}
        )
    if body.highlight:
        found["snippets"] = {
            name: {"text": piece.text, "marks": piece.marks}
            for name in snapshot.schema.text_fields
            if (text := stored.get(name))
            and (piece := snippet(text, snapshot.spans(text), terms, _SNIPPET_CHARACTERS)).marks
        }
    if body.passage and (passage := hit.passage) is not None:
        found["passage"] = asdict(passage)
    if body.explain:
        found["why"] = why_json(hit.why())
    return found
