"""Fits a fusion to judged queries with cross-validation, and tests it against the best single run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rocchio.errors import InvalidArgument
from rocchio.evaluation import Evaluation, compare, evaluate, parse_measures
from rocchio.fusion import Fusion, RankedLists, ZNorm, align, as_fusion, fuse_aligned, lists_of_runs
from rocchio.tuning.grid import fusion_grid
from rocchio.tuning.report import TuningReport
from rocchio.tuning.select import CAUTION, cross_validate
from rocchio.tuning.setting import Setting
from rocchio.types import Qrels, QueryId, Run

FOLDS = 10
REPEATS = 10
DEPTH = 1000
"""Results that count for a measure without a cutoff."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Candidates:
    """Lists to fuse, by query; `scoring` is the text form of what made them, None where that is not tuned."""

    query_ids: Sequence[QueryId]
    lists: Sequence[RankedLists]
    scoring: str | None = None


@dataclass(frozen=True)
class Plan:
    """What to try and how to judge it."""

    qrels: Qrels
    measure: str
    fusions: Sequence[Fusion]
    default: Setting
    folds: int
    repeats: int
    seed: int
    caution: float


def tune(
    runs: Sequence[Run] | Mapping[str, Run],
    qrels: Qrels,
    measure: str = "nDCG@10",
    *,
    fusions: Iterable[Fusion | str] | None = None,
    default: Fusion | str | None = None,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    seed: int = 0,
    caution: float = CAUTION,
    progress: Progress | None = None,
) -> TuningReport:
    """The fusion of runs that suits judged queries, and what it is worth on queries that it was not fitted to.

    `runs` in the order of the weights, by name or with names of their own. `fusions` to try are, unless given, z-norm
    with weights in tenths (`fusion_grid`); `default` is what a fusion must beat by `caution` standard errors to be
    chosen, equal weights unless given. The judged queries are cut into `folds` parts, `repeats` times, from
    `seed`. `progress` is told (settings done, settings). Raises InvalidArgument.
    """
    named = dict(runs) if isinstance(runs, Mapping) else {run.name: run for run in runs}
    if len(named) < 2 or len(named) < len(runs):
        raise InvalidArgument(f"expected at least two runs with names of their own, found {', '.join(named) or 'none'}")
    query_ids, ranked = lists_of_runs(list(named.values()))
    candidates = Candidates(query_ids, [align(lists) for lists in ranked])
    safe = ZNorm((1 / len(named),) * len(named)) if default is None else as_fusion(default)
    tried = fusion_grid(len(named)) if fusions is None else list(map(as_fusion, fusions))
    plan = Plan(qrels, measure, tried, Setting(safe), folds, repeats, seed, caution)
    return tune_candidates([candidates], list(named), plan, 1, progress)


def tune_candidates(
    candidates: Iterable[Candidates], names: Sequence[str], plan: Plan, count: int, progress: Progress | None = None
) -> TuningReport:
    """The same for lists made in several ways, `count` in all; `names` are those of the lists.

    The first candidates are those of the default and of the single runs. Raises InvalidArgument.
    """
    depth = _depth(plan.measure)
    fusions = list(dict.fromkeys([plan.default.fusion, *plan.fusions]))
    settings: list[Setting] = []
    evaluations: list[Evaluation] = []
    singles: list[Evaluation] = []
    for candidate in candidates:
        singles = singles or [_alone(candidate, place, name, plan, depth) for place, name in enumerate(names)]
        for fusion in fusions:
            settings.append(Setting(fusion, candidate.scoring))
            evaluations.append(_fused(candidate, fusion, plan, depth))
            if progress is not None:
                progress(len(settings), count * len(fusions))
    return _report(settings, evaluations, singles, plan)


def _depth(measure: str) -> int:
    """How many results count. Raises InvalidArgument for what is not one measure."""
    measures = parse_measures(measure)
    if len(measures) != 1:
        raise InvalidArgument(f"expected one measure to tune for, found {measure!r}")
    return int(measures[0].params.get("cutoff", DEPTH))


def _alone(candidate: Candidates, place: int, name: str, plan: Plan, depth: int) -> Evaluation:
    """What one of the lists is worth by itself."""
    doc_ids = [[lists.doc_ids[p] for p in lists.places[place][:depth].tolist()] for lists in candidate.lists]
    scores = [lists.scores[place][:depth].astype(np.float32) for lists in candidate.lists]
    return evaluate(Run(candidate.query_ids, doc_ids, scores, name), plan.qrels, plan.measure)


def _fused(candidate: Candidates, fusion: Fusion, plan: Plan, depth: int) -> Evaluation:
    """What a fusion of the lists is worth."""
    fused = [fuse_aligned(lists, fusion, depth) for lists in candidate.lists]
    run = Run(candidate.query_ids, [doc_ids for doc_ids, _ in fused], [scores for _, scores in fused], "default")
    return evaluate(run, plan.qrels, plan.measure)


def _report(
    settings: Sequence[Setting], evaluations: Sequence[Evaluation], singles: Sequence[Evaluation], plan: Plan
) -> TuningReport:
    default = evaluations[0]
    (measure,) = default.measures
    values = np.array([evaluation.values[measure] for evaluation in evaluations])
    selection = cross_validate(values, 0, plan.folds, plan.repeats, plan.seed, plan.caution)
    held_out = float(selection.held_out.mean())
    tuned = replace(default, name="tuned", values={measure: selection.held_out}, means={measure: held_out})
    best = max(singles, key=lambda single: single.means[measure])
    return TuningReport(
        measure=measure,
        queries=len(default.query_ids),
        folds=plan.folds,
        repeats=plan.repeats,
        settings=len(settings),
        chosen=settings[selection.chosen],
        default=settings[0],
        counts={settings[number]: count for number, count in selection.counts.items()},
        singles={single.name: single.means[measure] for single in singles},
        best_single=best.name,
        tuned=held_out,
        untuned=default.means[measure],
        comparison=compare(best, [tuned, default]),
    )
