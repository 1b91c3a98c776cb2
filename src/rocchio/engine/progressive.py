"""Budgeted progressive expansion: retrieve, judge, expand, repeat (ProQE; Rashid et al., 2024).

Each round looks at the best document that was not looked at before; its keywords gain weight if a judge finds it
relevant, and lose some if not. The query that the rounds have made is searched in the end.
"""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rocchio.engine.plan_query import only_field, unit
from rocchio.engine.queries import check_k, query_ids_of
from rocchio.engine.salient import as_written, salient_terms
from rocchio.engine.search_options import check_options
from rocchio.errors import EncoderFailure, InvalidArgument
from rocchio.feedback.judging import Budget, Judge, Spent, Verdict, as_judge
from rocchio.feedback.method import check_count, check_weight
from rocchio.storage.tenancy import Tenant
from rocchio.types import DocId, Hit, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

MOST_ROUNDS = 100


@dataclass(frozen=True)
class Round:
    """One round: the document looked at, whether it is `relevant`, None if the judge could not say, how the weights of
    keywords have `changed`, what it has `spent`, and the seconds it took.
    """

    doc_id: DocId
    relevant: bool | None
    changed: Mapping[str, float]
    spent: Spent
    seconds: float


@dataclass(frozen=True)
class ProgressiveTrace:
    """The rounds of one query, the `weights` of words they have led to, and why they `stopped`; `failure` is what the
    judge failed of, if it did.
    """

    query: str
    rounds: tuple[Round, ...]
    weights: Mapping[str, float]
    stopped: str
    failure: str | None = None

    @property
    def spent(self) -> Spent:
        """In all rounds; what a failed request has cost is not among them."""
        return sum((each.spent for each in self.rounds), Spent())

    def __str__(self) -> str:
        """A line for each round."""
        lines = []
        for number, each in enumerate(self.rounds, start=1):
            said = {True: "relevant", False: "not relevant", None: "no verdict"}[each.relevant]
            words = ", ".join(f"{word} {change:+g}" for word, change in each.changed.items())
            lines.append(f"{number:>3}. {each.doc_id}: {said}; {words or 'nothing changed'}")
        return "\n".join([*lines, f"stopped: {self.stopped}", f"spent: {self.spent}"])


@dataclass(frozen=True)
class ProgressiveResult:
    """What was found in the end: `hits` of the first query, a `run` of all; `traces` by query, and what was `spent` in
    all, failed requests included.
    """

    hits: list[Hit]
    run: Run
    traces: tuple[ProgressiveTrace, ...]
    spent: Spent

    @property
    def trace(self) -> ProgressiveTrace:
        """Of the first query."""
        return self.traces[0]

    def __str__(self) -> str:
        return "\n\n".join(f"{trace.query}\n{trace}" for trace in self.traces)


@dataclass(frozen=True)
class Settings:
    """`rounds` at most; keywords gain `beta` from a relevant document and lose `gamma` by another; `keywords` of each
    document count, those that the judge names or else its salient words, which at most `most_share` of all documents
    have. Raises InvalidArgument.
    """

    rounds: int = 5
    beta: float = 1.0
    gamma: float = 0.0
    keywords: int = 5
    most_share: float = 0.1
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        if isinstance(self.rounds, bool) or not isinstance(self.rounds, int) or not 0 <= self.rounds <= MOST_ROUNDS:
            raise InvalidArgument(f"expected rounds from 0 to {MOST_ROUNDS}, found {self.rounds!r}")
        check_count("keywords", self.keywords)
        check_weight("beta", self.beta)
        check_weight("gamma", self.gamma)
        check_weight("most_share", self.most_share, 1)
        if not isinstance(self.budget, Budget):
            raise InvalidArgument(f"expected a budget like rocchio.Budget(tokens=10_000), found {self.budget!r}")


class _Failed(Exception):
    """The judge has failed; what was done before stays."""


class _Words:
    """The text fields, searched with weighted terms."""

    def __init__(self, snapshot: Snapshot, text: str, options: Mapping[str, Any]) -> None:
        self._snapshot, self._options = snapshot, {"field": snapshot.schema.text_fields, **options}
        self.weights: dict[str, float] = dict(snapshot.terms(text))

    def find(self, k: int) -> list[Hit]:
        weights = {term: weight for term, weight in self.weights.items() if weight > 0}
        return self._snapshot.search(weights, k, **self._options) if weights else []

    def keywords(self, doc_id: DocId, settings: Settings) -> list[str]:
        return salient_terms(self._snapshot, doc_id, settings.keywords, settings.most_share)

    def change(self, keyword: str, by: float) -> None:
        for term in self._snapshot.terms(keyword) if keyword not in self.weights else (keyword,):
            self.weights[term] = self.weights.get(term, 0.0) + by


class _Vectors:
    """A vector field, searched with the query's vector and those of keywords."""

    def __init__(self, snapshot: Snapshot, text: str, name: str, options: Mapping[str, Any]) -> None:
        self._snapshot, self._name, self._options = snapshot, name, {**options, "field": name}
        self.weights: dict[str, float] = {}
        self._vectors: dict[str, np.ndarray | None] = {}
        self._query = self._encoded(text)

    def _encoded(self, text: str) -> np.ndarray | None:
        if text not in self._vectors:
            matrix, present, _ = self._snapshot.query_vectors(text, self._name)
            self._vectors[text] = unit(matrix[0]).astype(np.float64) if present[0] else None
        return self._vectors[text]

    def find(self, k: int) -> list[Hit]:
        parts = [(1.0, self._query), *((weight, self._encoded(word)) for word, weight in self.weights.items())]
        known = [weight * vector for weight, vector in parts if vector is not None]
        vector = np.sum(known, axis=0).astype(np.float32) if known else np.zeros(1)
        return self._snapshot.search(vector, k, **self._options) if vector.any() else []

    def keywords(self, doc_id: DocId, settings: Settings) -> list[str]:
        terms = salient_terms(self._snapshot, doc_id, settings.keywords, settings.most_share)
        written = as_written(self._snapshot, doc_id, terms)
        return [written.get(term, term) for term in terms]

    def change(self, keyword: str, by: float) -> None:
        self.weights[keyword] = self.weights.get(keyword, 0.0) + by


class ProgressiveSearch:
    """One call: a judge and settings, query by query."""

    def __init__(self, snapshot: Snapshot, settings: Settings, name: str | None, options: Mapping[str, Any]) -> None:
        check_options(options)
        self._snapshot, self._settings, self._options = snapshot, settings, options
        self._field = self._checked(name)
        self._failure: str | None = None

    def _checked(self, name: str | None) -> str | None:
        """The vector field to search, None for the text fields. Raises InvalidArgument."""
        schema = self._snapshot.schema
        if name is None and schema.text_fields:
            return None
        if name in schema.text_fields:
            raise InvalidArgument(
                f"expected a vector field with an encoder, found the text field {name!r}; without field= all text "
                "fields are searched"
            )
        found = only_field("vector", schema.vector_fields, name)
        if not schema.fields[found].encoder or not schema.text_fields:
            raise InvalidArgument(f"expected a vector field with an encoder and a text field, found {found!r} alone")
        return found

    def one(self, text: str, judge: Judge, k: int) -> tuple[list[Hit], ProgressiveTrace]:
        """The best k for a query, and the rounds that led there."""
        way = (
            _Words(self._snapshot, text, self._options)
            if self._field is None
            else _Vectors(self._snapshot, text, self._field, self._options)
        )
        rounds: list[Round] = []
        stopped = ""
        while not stopped:
            stopped = self._round(text, way, judge, rounds)
        failure = self._failure if stopped.startswith("the judge failed") else None
        weights = {word: weight for word, weight in way.weights.items() if weight > 0}
        return way.find(k), ProgressiveTrace(text, tuple(rounds), weights, stopped, failure)

    def _round(self, text: str, way: _Words | _Vectors, judge: Judge, rounds: list[Round]) -> str:
        """One round more; returns why there is none, or nothing."""
        if len(rounds) >= self._settings.rounds:
            return f"{self._settings.rounds} rounds are done"
        if self._failure is not None:
            return f"the judge failed: {self._failure}"
        started = time.perf_counter()
        seen = {each.doc_id for each in rounds}
        best = next((hit for hit in way.find(len(seen) + 1) if hit.doc_id not in seen), None)
        if best is None:
            return "no document is left"
        document = {"doc_id": best.doc_id, **best.fields}
        spent = sum((each.spent for each in rounds), Spent())
        limit = self._settings.budget.exceeded_by(spent + judge.expected(text, document))
        if limit is not None:
            return limit
        before = judge.spent
        try:
            verdict = _judged(judge, text, document)
        except _Failed as error:
            self._failure = str(error)
            return f"the judge failed: {error}"
        changed = self._change(way, best.doc_id, verdict)
        took = time.perf_counter() - started
        rounds.append(Round(best.doc_id, verdict.relevant, changed, judge.spent - before, took))
        return ""

    def _change(self, way: _Words | _Vectors, doc_id: DocId, verdict: Verdict) -> dict[str, float]:
        """Keywords gain or lose; returns by how much."""
        by = {True: self._settings.beta, False: -self._settings.gamma, None: 0.0}[verdict.relevant]
        if by == 0:
            return {}
        named = verdict.keywords
        words = list(dict.fromkeys(named))[: self._settings.keywords] if named else way.keywords(doc_id, self._settings)
        for word in words:
            way.change(word, by)
        return dict.fromkeys(words, by)


def _judged(judge: Judge, text: str, document: Mapping[str, Any]) -> Verdict:
    try:
        return judge.judge(text, document)
    except (EncoderFailure, OSError) as error:  # a connection that fails is an OSError
        raise _Failed(str(error)) from error


def proqe(
    snapshot: Snapshot, queries: Any, judge: Any, k: int, name: str | None, settings: Settings, options: dict[str, Any]
) -> ProgressiveResult:
    """`Collection.proqe`. Raises InvalidArgument."""
    check_k(k)
    texts = [queries] if isinstance(queries, str) else queries
    if not isinstance(texts, Sequence) or not texts or not all(isinstance(text, str) for text in texts):
        raise InvalidArgument(f"expected a text or several as queries, found {queries!r}"[:200])
    ids = query_ids_of(options.pop("query_ids", None), len(texts))
    judges = _judges(judge, ids, isinstance(queries, str), settings.keywords)
    search = ProgressiveSearch(snapshot, settings, name, options)
    found = [search.one(text, each, k) for text, each in zip(texts, judges, strict=True)]
    failures = [trace.failure for _, trace in found if trace.failure]
    if failures:
        warnings.warn(f"the judge failed, what was done before is kept: {failures[0]}", stacklevel=4)
    run = Run(
        ids,
        [[hit.doc_id for hit in hits] for hits, _ in found],
        [np.array([hit.score for hit in hits], np.float32) for hits, _ in found],
        "proqe",
    )
    spent = sum((each.spent for each in {id(each): each for each in judges}.values()), Spent())
    return ProgressiveResult(found[0][0], run, tuple(trace for _, trace in found), spent)


def _judges(given: Any, ids: Sequence[str], is_single: bool, keywords: int) -> list[Judge]:
    """The judge of each query: the same one, or marks of its own from {query_id: {doc_id: relevant}}."""
    if isinstance(given, Mapping) and not is_single:
        for query_id, marks in given.items():
            if not isinstance(marks, Mapping):
                raise InvalidArgument(
                    f"expected marks as {{query_id: {{doc_id: relevant}}}} for several queries, found {query_id!r}: "
                    f"{marks!r}"[:200]
                )
        return [as_judge(given.get(query_id, {}), keywords) for query_id in ids]
    return [as_judge(given, keywords)] * len(ids)


class Progressive(ABC):
    """The part of a collection that asks a judge."""

    @abstractmethod
    def snapshot(self, tenant: Tenant = None) -> Snapshot: ...

    def proqe(
        self,
        queries: str | Sequence[str],
        judge: Any,
        k: int = 10,
        *,
        rounds: int = 5,
        beta: float = 1.0,
        gamma: float = 0.0,
        keywords: int = 5,
        most_share: float = 0.1,
        budget: Budget | None = None,
        field: str | None = None,
        **options: Any,
    ) -> ProgressiveResult:
        """Search, have the best new document judged, expand by its keywords, repeat; the best `k` in the end.

        `judge` is a `rocchio.ChatJudge`, a function of query and document {"doc_id", field: value} that returns true,
        false or a score of which 0.5 and above are relevant, with a list of keywords beside it if it likes, or marks
        {doc_id: relevant}. In each of `rounds`, the `keywords` of a relevant document gain `beta` in weight, those of
        another lose `gamma`; the judge names them, or they are the document's salient words, in at most `most_share` of
        all documents. A `rocchio.Budget` bounds what each query may cost. `field` names a vector field with an encoder,
        which is searched with the vectors of query and keywords; otherwise text fields are searched, with weighted
        words. `options` are those of a search. A judge that fails stops the rounds; what they have led to is searched.
        `print(result)` shows what was judged, changed and spent. Raises InvalidArgument, NotFound without a key.
        """
        settings = Settings(rounds, beta, gamma, keywords, most_share, budget if budget is not None else Budget())
        snapshot = self.snapshot(options.pop("tenant", None))
        return proqe(snapshot, queries, judge, k, field, settings, options)
