"""Plans side by side on judged queries: which is better, for which queries, by more than chance, at what cost?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rocchio.engine.plan import Plan, as_bound_step
from rocchio.engine.plan_query import plan_queries
from rocchio.engine.plan_source import PlanSource
from rocchio.errors import InvalidArgument
from rocchio.evaluation import Evaluation, compare, evaluate
from rocchio.evaluation.experiment import QUALITIES, Experiment, Quality, Timing, of_quality
from rocchio.pipelines import Chain, Executor, Gate, Marks, Refine, Step
from rocchio.types import Qrels, QueryId, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

DEPTH = 1000
MEASURES = "AP nDCG@10 R@100"


def run_experiment(
    snapshot: Snapshot,
    plans: Mapping[str, Plan | Step | str] | Sequence[Plan | Step | str],
    queries: Mapping[QueryId, Any],
    qrels: Qrels,
    *,
    measures: str = MEASURES,
    depth: int = DEPTH,
    feedback_quality: bool = False,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Experiment:
    """`Collection.experiment`. Raises InvalidArgument."""
    steps = _named_steps(plans)
    judged = {query_id: query for query_id, query in queries.items() if qrels.get(query_id)}
    if not judged:
        raise InvalidArgument("expected queries with judgements, found none; their ids differ from those of the qrels")
    ids = list(judged)
    asked, _ = plan_queries(list(judged.values()), snapshot.schema)
    source = PlanSource(snapshot, ids, {"threads": threads})
    executor = Executor(source, asked)
    qualities = _qualities(steps) if feedback_quality else []
    total, runs = len(steps) + len(qualities), {}
    timings = {}
    for name, step in steps.items():
        before = len(executor.trace.steps)
        runs[name] = _run(executor, step, depth, name)
        traced = executor.trace.steps[before:]
        timings[name] = Timing(sum(each.seconds for each in traced), len(ids), sum(each.shared for each in traced))
        if progress is not None:
            progress(len(runs), total)
    first = next(iter(runs.values()))
    for done, (name, step, quality) in enumerate(qualities, start=len(steps) + 1):
        chosen = of_quality(first, qrels, quality)
        if any(chosen):  # grades of two kinds know no moderate feedback
            runs[f"{name} [{quality}]"] = _marked_run(source, asked, step, depth, first, chosen)
        if progress is not None:
            progress(done, total)
    evaluations = [replace(evaluate(run, qrels, measures), name=name) for name, run in runs.items()]
    _check_measured(evaluations)
    comparison = compare(evaluations[0], evaluations[1:]) if len(evaluations) > 1 else None
    texts = {name: str(step) for name, step in steps.items()}
    return Experiment(texts, tuple(evaluations), comparison, timings, runs)


def _named_steps(plans: Any) -> dict[str, Step]:
    """Plans by name, those without one by their text form. Raises InvalidArgument."""
    if isinstance(plans, Mapping):
        return {str(name): as_bound_step(plan) for name, plan in plans.items()}
    if isinstance(plans, str) or not isinstance(plans, Sequence) or not plans:
        raise InvalidArgument(f"expected plans, by name or in a list, the baseline first, found {plans!r}")
    steps = [as_bound_step(plan) for plan in plans]
    named = {str(plan if isinstance(plan, str) else step): step for plan, step in zip(plans, steps, strict=True)}
    if len(named) < len(steps):
        raise InvalidArgument("expected different plans, found one twice")
    return named


def _run(executor: Executor, step: Step, depth: int, name: str) -> Run:
    ranked = executor.run(step, depth).ranked
    assert ranked is not None  # plans end in a search
    return Run(ranked.run.query_ids, ranked.run.doc_ids, ranked.run.scores, name)


def _qualities(steps: Mapping[str, Step]) -> list[tuple[str, Step, Quality]]:
    """The plans with feedback, each with each quality of it."""
    refining = {
        name: step
        for name, step in steps.items()
        if isinstance(step, Chain) and any(isinstance(link, Refine | Gate) for link in step.steps)
    }
    if not refining:
        raise InvalidArgument("expected a plan like bm25 >> rm3 >> bm25, whose feedback varies in quality, found none")
    return [(name, step, quality) for name, step in refining.items() for quality in QUALITIES]


def _marked_run(
    source: PlanSource,
    asked: Sequence[Any],
    step: Step,
    depth: int,
    first: Run,
    chosen: Sequence[Sequence[str]],
) -> Run:
    """The run of a plan with chosen feedback documents; queries without any keep the run of the baseline."""
    docs = max(link.needed for link in step.steps if not link.ranks) if isinstance(step, Chain) else 0
    marks = [Marks(tuple(doc_ids[:docs])) for doc_ids in chosen]
    run = _run(Executor(source, asked, marks), step, depth, str(step))
    doc_ids = [
        mine if mark.relevant else base for mine, base, mark in zip(run.doc_ids, first.doc_ids, marks, strict=True)
    ]
    scores = [mine if mark.relevant else base for mine, base, mark in zip(run.scores, first.scores, marks, strict=True)]
    return Run(run.query_ids, doc_ids, scores, run.name)


def _check_measured(evaluations: Sequence[Evaluation]) -> None:
    missing = evaluations[0].missing
    if missing:
        raise InvalidArgument(
            f"expected a query for each judged one, found {len(missing)} without: {', '.join(missing[:5])}; "
            "leave them out of the qrels"
        )
