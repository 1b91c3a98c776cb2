"""Plans bound to a collection: `col.bm25() >> rocchio.rm3() >> col.bm25()`, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rocchio.engine.best_passage import Place, explained, passage_at, vector_at
from rocchio.engine.plan_query import PlanQuery, plan_queries
from rocchio.engine.plan_source import PlanSource
from rocchio.engine.queries import check_k, heaviest, query_ids_of
from rocchio.engine.search_options import ExplainOptions
from rocchio.errors import InvalidArgument
from rocchio.fusion import align
from rocchio.fusion.lists import RankedList, total
from rocchio.pipelines import (
    Chain,
    Cut,
    Dense,
    Executor,
    Fused,
    Hybrid,
    Marks,
    Offline,
    PseudoEmbeddings,
    Sparse,
    Step,
    Trace,
    Union,
    Weighted,
    Words,
    as_step,
    fused_depth,
    refines,
)
from rocchio.pipelines import combine as operations
from rocchio.types import DocId, Explanation, Hit, ListPart, Passage, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

PLAN_OPTIONS = ("threads", "query_ids", "where", "relevant", "not_relevant")


@dataclass(frozen=True)
class PlanResult:
    """What a plan found: its `run`, the `trace` of its steps, and `terms`, what the text fields were searched with in
    the end: {term: weight}, for each query."""

    run: Run
    trace: Trace
    terms: list[dict[str, float]]


@dataclass(frozen=True)
class RefinedQuery:
    """One query before and after a plan's feedback: {term: weight} of text fields, and of sparse fields by name.

    `last` is the text form of the search that a plan ends in, for which the refined weights are. `hits` are what it
    found, `trace` says what each step did.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]
    sparse: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]
    last: str
    hits: tuple[Hit, ...]
    trace: Trace


class Plan:
    """A plan that knows its collection. Composes with other plans of it, with steps and with their text forms.

    `str(plan)` parses back: `rocchio.parse_plan(str(plan)) == plan`.
    """

    def __init__(self, snapshot: Callable[..., Snapshot], step: Step) -> None:
        self._snapshot, self.step = snapshot, step

    def search(self, query: Any, k: int | None = None, **options: Any) -> list[Hit] | Run:
        """Like `Collection.search` with this plan."""
        found: list[Hit] | Run = self._snapshot(options.pop("tenant", None)).search(query, k, plan=self.step, **options)
        return found

    def run(self, queries: Any, k: int = 1000, **options: Any) -> PlanResult:
        """The run of several queries with a trace: what each step took and did."""
        return run_plan(self._snapshot(options.pop("tenant", None)), self.step, queries, k, options)

    def explain(self, query: Any, **options: Any) -> str:
        """What the plan does to one query, step by step: searches, refined queries, times. Options as of `run`."""
        return explain_plan(self._snapshot(options.pop("tenant", None)), self.step, query, options)

    def refined(self, query: Any, k: int = 10, **options: Any) -> RefinedQuery:
        """What the plan's feedback makes of one query, as weights; options as of `run`. Raises InvalidArgument."""
        return refine_query(self._snapshot(), self.step, query, k, options)

    def __rshift__(self, other: Any) -> Plan:
        return self._with(operations.chain(self.step, self._other(other)))

    def __rrshift__(self, other: Any) -> Plan:
        return self._with(operations.chain(self._other(other), self.step))

    def __add__(self, other: Any) -> Plan:
        return self._with(operations.add(self.step, self._other(other)))

    def __radd__(self, other: Any) -> Plan:
        return self._with(operations.add(self._other(other), self.step))

    def __mul__(self, weight: Any) -> Plan:
        return self._with(operations.weigh(self.step, weight))

    __rmul__ = __mul__

    def __mod__(self, count: Any) -> Plan:
        return self._with(operations.cut(self.step, count))

    def __or__(self, other: Any) -> Plan:
        return self._with(operations.unite(self.step, self._other(other)))

    def __ror__(self, other: Any) -> Plan:
        return self._with(operations.unite(self._other(other), self.step))

    def _with(self, step: Step) -> Plan:
        return Plan(self._snapshot, step)

    def _other(self, given: Any) -> Step:
        if isinstance(given, Plan) and given._snapshot != self._snapshot:
            raise InvalidArgument(
                "expected plans of one collection, found those of two; give one of them as a step or text"
            )
        return as_bound_step(given)

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
    rest = {name: value for name, value in options.items() if name != "plan"}
    prepared = _Prepared(snapshot, step, query, check_k(10 if k is None else k), rest)
    return prepared.hits() if prepared.is_single else prepared.ranked


def search_traced(
    snapshot: Snapshot, query: Any, k: int, options: Mapping[str, Any]
) -> tuple[list[Hit], Trace, dict[str, float]]:
    """The hits of one query, what the steps of the plan did, and the terms it was searched with in the end. Raises
    InvalidArgument."""
    rest = {name: value for name, value in options.items() if name != "plan"}
    prepared = _Prepared(snapshot, as_bound_step(options["plan"]), query, check_k(k), rest)
    if not prepared.is_single:
        raise InvalidArgument(f"expected one query to trace, found {len(prepared.queries)}; trace them one by one")
    return prepared.hits(), prepared.executor.trace, prepared.terms()[0]


def run_plan(snapshot: Snapshot, plan: Any, queries: Any, k: int, options: Mapping[str, Any]) -> PlanResult:
    """What a plan found, and how. Raises InvalidArgument."""
    prepared = _Prepared(snapshot, as_bound_step(plan), queries, check_k(k), options)
    return PlanResult(prepared.ranked, prepared.executor.trace, prepared.terms())


def explain_plan(snapshot: Snapshot, plan: Any, query: Any, options: Mapping[str, Any]) -> str:
    """What a plan does to one query. Raises InvalidArgument."""
    prepared = _Prepared(snapshot, as_bound_step(plan), query, 10, options)
    if not prepared.is_single:
        raise InvalidArgument(f"expected one query to explain, found {len(prepared.queries)}; explain them one by one")
    lines, given = [str(prepared.executor.trace)], prepared.queries[0]
    for name, before, refined in (
        ("words", given.terms, prepared.final.terms),
        *((name, given.sparse.get(name), terms) for name, terms in prepared.final.sparse.items()),
    ):
        if refined is not None and refined != before:
            lines += ["", f"{name}, refined:"]
            lines += [f"{weight:9.4f}  {term}" for term, weight in sorted(refined.items(), key=lambda item: -item[1])]
    return "\n".join(lines)


def refine_query(snapshot: Snapshot, plan: Any, query: Any, k: int, options: Mapping[str, Any]) -> RefinedQuery:
    """`Plan.refined`. Raises InvalidArgument."""
    prepared = _Prepared(snapshot, as_bound_step(plan), query, check_k(k), options)
    if not prepared.is_single:
        raise InvalidArgument(f"expected one query to refine, found {len(prepared.queries)}; refine them one by one")
    given, final = prepared.queries[0], prepared.final
    before = given.terms if given.terms is not None else snapshot.terms(given.text or "")
    sparse = {
        name: (given.sparse.get(name) or {}, weights) for name, weights in final.sparse.items() if weights is not None
    }
    _, last, _ = _ending(prepared.step, k)
    after = before if final.terms is None else final.terms
    return RefinedQuery(before, after, sparse, str(last), tuple(prepared.hits()), prepared.executor.trace)


class _Prepared:
    """One call: queries, executor, and what it found."""

    def __init__(self, snapshot: Snapshot, step: Step, given: Any, k: int, options: Mapping[str, Any]) -> None:
        _check_options(options)
        self._snapshot, self.step, self._k = snapshot, step, k
        self.queries, self.is_single = plan_queries(given, snapshot.schema)
        ids = query_ids_of(options.get("query_ids"), len(self.queries))
        marks = _marks(options, ids, self.is_single)
        if marks is not None and not refines(step):
            raise InvalidArgument(
                f"expected a plan with feedback for marks, like bm25 >> rocchio >> bm25, found {step}"
            )
        rest = {name: options[name] for name in ("threads", "where") if options.get(name) is not None}
        self._where = rest.get("where")
        self.executor = Executor(PlanSource(snapshot, ids, rest), self.queries, marks)
        state = self.executor.run(step, k)
        assert state.ranked is not None  # it ends in a search
        run = state.ranked.run
        self.ranked = Run(run.query_ids, run.doc_ids, run.scores, step.text.replace(" ", ""))
        self.finals: list[PlanQuery] = list(state.queries)
        self.final: PlanQuery = self.finals[0] if self.finals else PlanQuery()

    def terms(self) -> list[dict[str, float]]:
        """What the text fields were searched with in the end, for each query."""
        return [
            dict(query.terms) if query.terms is not None else self._snapshot.terms(query.text or "")
            for query in self.finals
        ]

    def hits(self) -> list[Hit]:
        """Of the one query."""
        return [Hit(doc_id, score, self, doc_id) for doc_id, score in self.ranked[0]]

    def fields(self, doc_id: DocId) -> dict[str, Any]:
        """Stored fields of a hit."""
        return self._snapshot.get(doc_id)

    def passage(self, doc_id: DocId) -> Passage | None:
        """The passage by which the last step has found a hit."""
        place = self._place(doc_id)
        return None if place is None else passage_at(self._snapshot, *place)

    def vector(self, doc_id: DocId, field: str) -> Any:
        """A hit's vector in a field, if it has one; of its passage, where passages have vectors."""
        place = self._place(doc_id)
        return self._snapshot.vector(doc_id, field) if place is None else vector_at(self._snapshot, *place, field)

    def _last_search(self) -> tuple[Step, Any, ExplainOptions] | None:
        """The last step, its query as it was then, and what explains it; None if it is no search of one index."""
        _, last, _ = _ending(self.step, self._k)
        query, schema = self.final, self._snapshot.schema
        if isinstance(last, Words):
            field = schema.text_fields if last.field is None else last.options["field"]
            return last, query.words or "", {"scoring": last.scoring, "field": field}
        if isinstance(last, Dense):
            name = last.field or schema.vector_fields[0]
            return last, query.vectors.get(name, query.text), {"field": name}
        if isinstance(last, Sparse):
            name = last.field or schema.sparse_fields[0]
            return last, heaviest(query.sparse[name] or {}, last.query_cut), {"field": name}
        return None

    def _place(self, doc_id: DocId) -> Place | None:
        """Where the passage is by which the last step has found a document; None if it searches no passages."""
        schema, asked = self._snapshot.schema, self._last_search()
        if schema.split_field is None or asked is None or isinstance(asked[0], Sparse):
            return None
        last, query, options = asked
        if isinstance(last, Dense) and not schema.is_by_passage(str(options["field"])):
            return None
        return explained(self._snapshot, query, doc_id, options)[1]

    def explain(self, doc_id: DocId) -> Explanation:
        """Why a hit has its score: the last search of the plan with the query as it was then."""
        asked = self._last_search()
        if asked is not None:
            return self._snapshot.explain(asked[1], doc_id, **asked[2])
        before, last, k = _ending(self.step, self._k)
        query, schema = self.final, self._snapshot.schema
        if isinstance(last, Hybrid):
            options: dict[str, Any] = {"depth": fused_depth(k), "where": self._where, **last.options}
            return self._snapshot.explain(query.mixed(schema), doc_id, **options)
        if isinstance(last, Offline):
            return self._snapshot.offline.explain(query.words or "", doc_id, last)
        if isinstance(last, PseudoEmbeddings):
            return self._explain_embeddings(last, doc_id)
        if isinstance(last, Fused):
            return self._explain_fused(before, last, fused_depth(k), doc_id)
        assert isinstance(last, Union)
        return self._explain_union(before, last, k, doc_id)

    def _explain_embeddings(self, last: PseudoEmbeddings, doc_id: DocId) -> Explanation:
        embeddings = self._snapshot.offline.embeddings
        vector = PlanSource(self._snapshot, ["0"], {}).vectors([self.final], embeddings.field(last.field))[0]
        assert vector is not None  # a query without one has no hits
        return embeddings.explain(vector, doc_id, last)

    def _explain_fused(self, before: Sequence[Step], fused: Fused, depth: int, doc_id: DocId) -> Explanation:
        """What each step of the sum adds; the lists are those that were fused."""
        lists = [self._list(before, part, depth) for part in fused.steps]
        aligned = align(lists)
        added = fused.method.contributions(aligned)[:, list(aligned.doc_ids).index(doc_id)]
        parts = map(_list_part, fused.steps, lists, (doc_id,) * len(lists), added.tolist())
        return _of_parts(doc_id, float(total(added[:, None])[0]), str(fused.method), tuple(parts))

    def _explain_union(self, before: Sequence[Step], union: Union, k: int, doc_id: DocId) -> Explanation:
        """The first of the two lists that has the document places it."""
        steps = union.first, union.second
        lists = [self._list(before, part, k) for part in steps]
        score = dict(self.ranked[0])[doc_id]
        is_first = doc_id in lists[0].doc_ids
        parts = map(_list_part, steps, lists, (doc_id,) * 2, (score if is_first else 0.0, 0.0 if is_first else score))
        return _of_parts(doc_id, score, str(union), tuple(parts))

    def _list(self, before: Sequence[Step], step: Step, k: int) -> RankedList:
        """What a step after others has found, which the executor knows."""
        ranked = self.executor.run(Chain((*before, step)) if before else step, k).ranked
        assert ranked is not None
        return RankedList(ranked.run.doc_ids[0], ranked.run.scores[0], ranked.zeros[0])


def _ending(step: Step, k: int, before: tuple[Step, ...] = ()) -> tuple[tuple[Step, ...], Step, int]:
    """The steps before the search, sum or union that a plan ends in, that, and how many results it was to have."""
    if isinstance(step, Chain):
        return _ending(step.steps[-1], k, (*before, *step.steps[:-1]))
    if isinstance(step, Cut):
        return _ending(step.step, min(k, step.count), before)
    return _ending(step.step, k, before) if isinstance(step, Weighted) else (before, step, k)


def _list_part(step: Step, ranked: RankedList, doc_id: DocId, added: float) -> ListPart:
    ids = list(ranked.doc_ids)
    rank = ids.index(doc_id) + 1 if doc_id in ids else None
    return ListPart(str(step), rank, float(ranked.scores[rank - 1]) if rank else None, added, None)


def _of_parts(doc_id: DocId, score: float, name: str, parts: tuple[ListPart, ...]) -> Explanation:
    return Explanation(doc_id, score, name, (), 0.0, 0.0, 0.0, None, parts)


def _check_options(options: Mapping[str, Any]) -> None:
    """Raises InvalidArgument."""
    unknown = {name for name, value in options.items() if value is not None} - set(PLAN_OPTIONS)
    if unknown:
        raise InvalidArgument(
            f"expected {', '.join(PLAN_OPTIONS)} beside a plan, found {', '.join(sorted(unknown))}; "
            "its steps have settings of their own"
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
        unknown = next((query_id for query_id in given if query_id not in ids), None)
        if unknown is not None:
            raise InvalidArgument(f"expected marks for queries of the search, found {unknown!r}")
        for doc_ids in given.values():
            if isinstance(doc_ids, str) or not isinstance(doc_ids, Sequence):
                raise InvalidArgument(f"expected {name} as a list of doc_ids, found {doc_ids!r}")
        sides.append(given)
    if not any(sides):
        return None
    return [Marks(tuple(sides[0].get(query_id, ())), tuple(sides[1].get(query_id, ()))) for query_id in ids]
