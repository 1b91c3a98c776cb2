"""Plans bound to a collection: `col.bm25() >> rocchio.rm3() >> col.bm25()`, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rocchio.engine.plan_query import PlanQuery, plan_queries
from rocchio.engine.plan_source import PlanSource
from rocchio.engine.queries import check_k
from rocchio.errors import InvalidArgument, NotFound
from rocchio.fusion import align
from rocchio.fusion.lists import RankedList, total
from rocchio.pipelines import Chain, Dense, Executor, Fused, Marks, Sparse, Step, Trace, Words, as_step
from rocchio.pipelines import combine as operations
from rocchio.types import DocId, Explanation, Hit, ListPart, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

PLAN_OPTIONS = ("threads", "query_ids", "where", "relevant", "not_relevant")


@dataclass(frozen=True)
class PlanResult:
    """What a plan found: its `run`, and the `trace` of its steps."""

    run: Run
    trace: Trace


class Plan:
    """A plan that knows its collection. Composes with other plans of it, with steps and with their text forms.

    `str(plan)` parses back: `rocchio.parse_plan(str(plan)) == plan`.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], step: Step) -> None:
        self._snapshot, self.step = snapshot, step

    def search(self, query: Any, k: int | None = None, **options: Any) -> list[Hit] | Run:
        """Like `Collection.search` with this plan."""
        found: list[Hit] | Run = self._snapshot().search(query, k, plan=self.step, **options)
        return found

    def run(self, queries: Any, k: int = 1000, **options: Any) -> PlanResult:
        """The run of several queries with a trace: what each step took and did."""
        return run_plan(self._snapshot(), self.step, queries, k, options)

    def explain(self, query: Any) -> str:
        """What the plan does to one query, step by step: searches, refined queries, times."""
        return explain_plan(self._snapshot(), self.step, query)

    def __rshift__(self, other: Any) -> Plan:
        return self._with(operations.chain(self.step, as_bound_step(other)))

    def __rrshift__(self, other: Any) -> Plan:
        return self._with(operations.chain(as_bound_step(other), self.step))

    def __add__(self, other: Any) -> Plan:
        return self._with(operations.add(self.step, as_bound_step(other)))

    def __radd__(self, other: Any) -> Plan:
        return self._with(operations.add(as_bound_step(other), self.step))

    def __mul__(self, weight: Any) -> Plan:
        return self._with(operations.weigh(self.step, weight))

    __rmul__ = __mul__

    def __mod__(self, count: Any) -> Plan:
        return self._with(operations.cut(self.step, count))

    def __or__(self, other: Any) -> Plan:
        return self._with(operations.unite(self.step, as_bound_step(other)))

    def __ror__(self, other: Any) -> Plan:
        return self._with(operations.unite(as_bound_step(other), self.step))

    def _with(self, step: Step) -> Plan:
        return Plan(self._snapshot, step)

    def __str__(self) -> str:
        return str(self.step)

    def __repr__(self) -> str:
        return f"<rocchio.Plan {self.step}>"

    def __eq__(self, other: object) -> bool:
        return bool(self.step == (other.step if isinstance(other, Plan) else other))

    def __hash__(self) -> int:
        return hash(self.step)


def as_bound_step(given: Any) -> Step:
    """The step of a plan, bound or not, or of its text form. Raises InvalidArgument."""
    return given.step if isinstance(given, Plan) else as_step(given)


def search_plan(snapshot: Snapshot, query: Any, k: int | None, options: Mapping[str, Any]) -> list[Hit] | Run:
    """`Snapshot.search` with a plan. Raises InvalidArgument."""
    step = as_bound_step(options["plan"])
    rest = {name: value for name, value in options.items() if name != "plan" and value is not None}
    unknown = rest.keys() - set(PLAN_OPTIONS)
    if unknown:
        raise InvalidArgument(
            f"expected {', '.join(PLAN_OPTIONS)} beside a plan, found {', '.join(sorted(unknown))}; "
            "its steps have settings of their own"
        )
    k = check_k(10 if k is None else k)
    prepared = _Prepared(snapshot, step, query, k, rest)
    return prepared.hits() if prepared.is_single else prepared.ranked


def run_plan(snapshot: Snapshot, plan: Any, queries: Any, k: int, options: Mapping[str, Any]) -> PlanResult:
    """What a plan found, and how. Raises InvalidArgument."""
    prepared = _Prepared(snapshot, as_bound_step(plan), queries, check_k(k), options)
    return PlanResult(prepared.ranked, prepared.executor.trace)


def explain_plan(snapshot: Snapshot, plan: Any, query: Any) -> str:
    """What a plan does to one query. Raises InvalidArgument."""
    step = as_bound_step(plan)
    prepared = _Prepared(snapshot, step, query, 10, {})
    if not prepared.is_single:
        raise InvalidArgument(f"expected one query to explain, found {len(prepared.queries)}; explain them one by one")
    lines = [str(prepared.executor.trace)]
    for name, refined in (("words", prepared.final.terms), *prepared.final.sparse.items()):
        if refined is not None and refined != prepared.queries[0].sparse.get(name):
            lines += ["", f"{name}, refined:"]
            lines += [f"{weight:9.4f}  {term}" for term, weight in sorted(refined.items(), key=lambda item: -item[1])]
    return "\n".join(lines)


class _Prepared:
    """One call: queries, executor, and what it found."""

    def __init__(self, snapshot: Snapshot, step: Step, given: Any, k: int, options: Mapping[str, Any]) -> None:
        from rocchio.engine.snapshot import query_ids_of  # snapshots search with plans

        self._snapshot, self._step = snapshot, step
        self.queries, self.is_single = plan_queries(given, snapshot.schema)
        ids = query_ids_of(options.get("query_ids"), len(self.queries))
        marks = _marks(options, ids, self.is_single)
        rest = {name: value for name, value in options.items() if name in ("threads", "where")}
        self.executor = Executor(PlanSource(snapshot, ids, rest), self.queries, marks)
        state = self.executor.run(step, k)
        assert state.ranked is not None  # it ends in a search
        run = state.ranked.run
        self.ranked = Run(run.query_ids, run.doc_ids, run.scores, str(step).replace(" ", ""))
        self.final: PlanQuery = state.queries[0] if state.queries else PlanQuery()

    def hits(self) -> list[Hit]:
        """Of the one query."""
        return [
            Hit(
                doc_id,
                score,
                lambda doc_id=doc_id: self._snapshot.get(doc_id),  # type: ignore[misc]
                lambda doc_id=doc_id: self._explain(doc_id),  # type: ignore[misc]
                lambda field, doc_id=doc_id: self._snapshot.vector(doc_id, field),  # type: ignore[misc]
            )
            for doc_id, score in self.ranked[0]
        ]

    def _explain(self, doc_id: DocId) -> Explanation:
        """Why a hit has its score: the last search of the plan with the query as it was then."""
        last = self._step.steps[-1] if isinstance(self._step, Chain) else self._step
        options: dict[str, Any] = {}
        if isinstance(last, Words):
            options = {"scoring": last.scoring, "field": last.options["field"] or self._snapshot.schema.text_fields}
            return self._snapshot.explain(self.final.words or "", doc_id, **options)
        schema = self._snapshot.schema
        if isinstance(last, Dense):
            name = last.field or schema.vector_fields[0]
            return self._snapshot.explain(self.final.vectors.get(name, self.final.text), doc_id, field=name)
        if isinstance(last, Sparse):
            name = last.field or schema.sparse_fields[0]
            return self._snapshot.explain(self.final.sparse.get(name) or {}, doc_id, field=name)
        if isinstance(last, Fused):
            return self._explain_fused(last, doc_id)
        score = dict(self.ranked[0])[doc_id]
        return Explanation(doc_id, score, str(last), (), 0.0, 0.0, 0.0)

    def _explain_fused(self, fused: Fused, doc_id: DocId) -> Explanation:
        """What each step of the sum adds; the lists are those that were fused."""
        before = self._step.steps[:-1] if isinstance(self._step, Chain) else ()
        lists = []
        for part in fused.steps:
            plan = Chain((*before, part)) if before else part
            ranked = self.executor.run(plan, 1000).ranked
            assert ranked is not None
            lists.append(RankedList(ranked.run.doc_ids[0], ranked.run.scores[0], ranked.zeros[0]))
        aligned = align(lists)
        if doc_id not in aligned.doc_ids:
            raise NotFound(f"expected a document that a step of the plan has found, {doc_id!r} is not")
        place = list(aligned.doc_ids).index(doc_id)
        added = fused.method.contributions(aligned)[:, place]
        parts = []
        for part, each, rank, value in zip(fused.steps, lists, aligned.ranks[:, place].tolist(), added, strict=True):
            score = float(each.scores[rank - 1]) if rank else None
            parts.append(ListPart(str(part), rank or None, score, float(value), None))
        return Explanation(
            doc_id, float(total(added[:, None])[0]), str(fused.method), (), 0.0, 0.0, 0.0, None, tuple(parts)
        )


def _marks(options: Mapping[str, Any], ids: Sequence[str], is_single: bool) -> list[Marks] | None:
    """The marks of each query: lists of doc_ids for one, {query_id: list} for several. Raises InvalidArgument."""
    sides: list[Mapping[str, Any]] = []
    for name in ("relevant", "not_relevant"):
        given = options.get(name)
        if given is None:
            sides.append({})
            continue
        if is_single and not isinstance(given, Mapping):
            given = {ids[0]: given}
        if not isinstance(given, Mapping):
            raise InvalidArgument(f"expected {name} as {{query_id: doc_ids}} for several queries, found {given!r}")
        unknown = sorted(set(given) - set(ids))
        if unknown:
            raise InvalidArgument(f"expected marks for queries of the search, found {unknown[0]!r}")
        for doc_ids in given.values():
            if isinstance(doc_ids, str) or not isinstance(doc_ids, Sequence):
                raise InvalidArgument(f"expected {name} as a list of doc_ids, found {doc_ids!r}")
        sides.append(given)
    if not any(sides):
        return None
    return [Marks(tuple(sides[0].get(query_id, ())), tuple(sides[1].get(query_id, ()))) for query_id in ids]
