"""Runs a plan over a batch of queries. Equal steps on equal queries are run once."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from rocchio.errors import InvalidArgument
from rocchio.fusion import RankedList
from rocchio.fusion.lists import fuse_lists
from rocchio.pipelines.combine import Chain, Cut, Fused, Union, Weighted, most_needed
from rocchio.pipelines.gate import Gate
from rocchio.pipelines.refine import Refine
from rocchio.pipelines.retrieve import Retrieve, Words
from rocchio.pipelines.step import Step
from rocchio.pipelines.trace import StepTrace, Trace
from rocchio.types import DocId, Run

FUSED_DEPTH = 1000
"""Results of each step of a sum that are fused, at least."""

Query: TypeAlias = Any
"""What a source searches with; steps hand it on."""


@dataclass(frozen=True)
class Marks:
    """What a user said of documents, for one query. They take the place of what the first pass would give."""

    relevant: tuple[DocId, ...] = ()
    not_relevant: tuple[DocId, ...] = ()


@dataclass(frozen=True)
class Ranked:
    """A run; `zeros` documents more of each query are known to score 0 (`RankedList`). `note`: what else to know.

    `words` is the last lexical search so far, whose statistics and boosts feedback goes by.
    """

    run: Run
    zeros: tuple[int, ...]
    words: Words | None = None
    note: str = ""


class Source(Protocol):
    """Where plans are run: a snapshot of a collection."""

    def retrieve(self, step: Retrieve, queries: Sequence[Query], k: int) -> Ranked:
        """The best `k` documents of each query."""

    def refine(
        self, step: Refine, queries: Sequence[Query], found: Ranked | None, marks: Sequence[Marks] | None
    ) -> tuple[list[Query], str]:
        """Better queries, and a note of what could not be done. `found` is None where no step has searched before."""


@dataclass(frozen=True)
class State:
    """Queries and what was found for them so far; states with the same `key` are equal."""

    queries: Sequence[Query]
    key: tuple[Step, ...]
    ranked: Ranked | None = None

    @property
    def words(self) -> Words | None:
        """The last lexical search so far."""
        return self.ranked.words if self.ranked is not None else None


def check_ending(step: Step) -> None:
    """Raises InvalidArgument for a plan that does not rank."""
    links = step.steps if isinstance(step, Chain) else (step,)
    if not links[-1].ranks:
        raise InvalidArgument(
            f"expected a plan that ends in a search, found {links[-1]} at the end of {step}; bm25 or "
            "dense, for instance, searches with what it refines"
        )


class Executor:
    """Runs steps of a `source` over the queries that it was made for; keeps what it found for other plans."""

    def __init__(self, source: Source, queries: Sequence[Query], marks: Sequence[Marks] | None = None) -> None:
        self._source, self._marks = source, marks
        # documents that feedback passes over in a ranking
        self._refused = max((len(marked.not_relevant) for marked in marks or ()), default=0)
        self._start = State(queries, ())
        self._known: dict[Hashable, tuple[int, State]] = {}
        self.trace = Trace()

    def run(self, step: Step, k: int) -> State:
        """The best `k` documents of each query. Raises InvalidArgument for a plan that does not rank or is too deep."""
        check_ending(step)
        try:
            return self._apply(step, self._start, k)
        except RecursionError as error:
            raise InvalidArgument(
                "expected a plan of fewer steps within each other, found too many to follow; steps joined by >> or + "
                "stand side by side"
            ) from error

    def _apply(self, step: Step, state: State, k: int) -> State:
        if isinstance(step, Chain):
            return self._chain(step, state, k)
        if isinstance(step, Weighted):
            return self._apply(step.step, state, k)
        key = (*state.key, step)
        known = self._known.get(key)
        if known is not None and known[0] >= k:
            self._note(StepTrace(str(step), 0.0, len(state.queries), k if step.ranks else None, shared=True))
            return _first(known[1], k)
        made = self._make(step, state, k)
        self._known[key] = k, made
        return made

    def _chain(self, chain: Chain, state: State, k: int) -> State:
        """Each step finds as many documents as the steps until the next search look at."""
        last = max(number for number, step in enumerate(chain.steps) if step.ranks)
        for number, step in enumerate(chain.steps):
            needed = most_needed(chain.steps[number + 1 :])
            needed += self._refused if needed else 0
            state = self._apply(step, state, max(needed, k if number == last else 1))
        return state

    def _make(self, step: Step, state: State, k: int) -> State:
        key = (*state.key, step)
        if isinstance(step, Cut):
            inner = self._apply(step.step, state, min(k, step.count))
            return _first(replace(inner, key=key), step.count)
        if isinstance(step, Fused):
            return State(state.queries, key, self._fuse(step, state, k))
        if isinstance(step, Union):
            return State(state.queries, key, self._unite(step, state, k))
        started = time.perf_counter()
        if isinstance(step, Retrieve):
            ranked = self._source.retrieve(step, state.queries, k)
            ranked = replace(ranked, words=step if isinstance(step, Words) else state.words)
            self._note(StepTrace(step.text, time.perf_counter() - started, len(state.queries), k, ranked.note))
            return State(state.queries, key, ranked)
        if not isinstance(step, Refine | Gate):
            raise InvalidArgument(f"expected a known kind of step, found {type(step).__name__}")
        if state.ranked is None and (isinstance(step, Gate) or step.method.reads_ranking):
            raise InvalidArgument(f"expected a search before {step}, found none; a plan is like bm25 >> {step} >> bm25")
        if isinstance(step, Gate):
            assert state.ranked is not None
            queries, note = self._gated(step, state.queries, state.ranked)
        else:
            queries, note = self._source.refine(step, state.queries, state.ranked, self._marks)
        self._note(StepTrace(step.text, time.perf_counter() - started, len(queries), None, note))
        return State(queries, key, state.ranked)

    def _gated(self, gate: Gate, queries: Sequence[Query], ranked: Ranked) -> tuple[list[Query], str]:
        """The queries refined where the gate opens. Marks open it: what a user said is no guess."""
        marks = self._marks or [Marks()] * len(queries)
        shut = [
            mark == Marks() and not gate.opens(scores) for mark, scores in zip(marks, ranked.run.scores, strict=True)
        ]
        refined, note = self._source.refine(gate.step, queries, ranked, self._marks)
        kept = [old if is_shut else new for old, new, is_shut in zip(queries, refined, shut, strict=True)]
        said = f"{sum(shut)} with a clear winner unchanged" if any(shut) else ""
        return kept, "; ".join(filter(None, (note, said)))

    def _fuse(self, step: Fused, state: State, k: int) -> Ranked:
        found = [self._ranked(part, state, fused_depth(k)) for part in step.steps]
        started = time.perf_counter()
        fused = [
            fuse_lists([_list(ranked, number) for ranked in found], step.method, k)
            for number in range(len(state.queries))
        ]
        self._note(StepTrace(str(step.method), time.perf_counter() - started, len(state.queries), k))
        return _as_ranked(found, fused, str(step.method).replace(" ", ""), state.words)

    def _unite(self, step: Union, state: State, k: int) -> Ranked:
        first, second = self._ranked(step.first, state, k), self._ranked(step.second, state, k)
        united = []
        for ids, more in zip(first.run.doc_ids, second.run.doc_ids, strict=True):
            both = list(dict.fromkeys([*ids, *more]))[:k]
            united.append((both, np.arange(len(both), 0, -1).astype(np.float32)))
        return _as_ranked([first, second], united, "union", state.words)

    def _ranked(self, step: Step, state: State, k: int) -> Ranked:
        ranked = self._apply(step, state, k).ranked
        assert ranked is not None  # steps beside these operators rank
        return ranked

    def _note(self, trace: StepTrace) -> None:
        self.trace.steps.append(trace)


def _list(ranked: Ranked, number: int) -> RankedList:
    return RankedList(ranked.run.doc_ids[number], ranked.run.scores[number], ranked.zeros[number])


def _as_ranked(
    parts: Sequence[Ranked], lists: Sequence[tuple[list[DocId], Any]], name: str, words: Words | None
) -> Ranked:
    """The lists made of `parts`, which were found after the lexical search `words`."""
    run = Run(parts[0].run.query_ids, [ids for ids, _ in lists], [scores for _, scores in lists], name)
    last = next((part.words for part in reversed(parts) if part.words != words), words)
    return Ranked(run, (0,) * len(lists), last)


def fused_depth(k: int) -> int:
    """How many results of each step are fused for the best `k`."""
    return max(k, FUSED_DEPTH)


def _first(state: State, k: int) -> State:
    """The same with the best `k` documents only, as if no more had been asked for."""
    ranked = state.ranked
    if ranked is None:
        return state
    counts = list(map(len, ranked.run.scores))
    zeros = tuple(
        max(0, min(k, count + more) - min(k, count)) for count, more in zip(counts, ranked.zeros, strict=True)
    )
    if max(counts, default=0) <= k:
        return replace(state, ranked=replace(ranked, zeros=zeros))
    run = ranked.run
    short = Run(run.query_ids, [ids[:k] for ids in run.doc_ids], [scores[:k] for scores in run.scores], run.name)
    return replace(state, ranked=replace(ranked, run=short, zeros=zeros))
