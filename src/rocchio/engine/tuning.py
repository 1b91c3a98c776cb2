"""Fits to judgements how a collection fuses the parts of queries, and the BM25 of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypedDict, Unpack

from rocchio.engine.hybrid import Hybrid
from rocchio.engine.mixed import MixedQuery, as_mixed
from rocchio.engine.search_options import SearchOptions, as_scoring
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import InvalidArgument
from rocchio.fusion import Fusion, as_fusion
from rocchio.lexical.scoring import Bm25
from rocchio.tuning import (
    CAUTION,
    DEPTH,
    FOLDS,
    REPEATS,
    Candidates,
    Plan,
    Progress,
    Setting,
    TuningReport,
    fusion_grid,
)
from rocchio.tuning import tune_candidates as fit
from rocchio.types import Qrels, QueryId

SCORINGS = tuple(Bm25(k1, b) for k1, b in ((0.9, 0.4), (0.6, 0.2), (1.2, 0.75), (2.0, 0.9)))
"""From little to much weight of repeated terms and of length; the first is the default. More would fit noise."""


class TuneOptions(TypedDict, total=False):
    """`fusions` to try, by default z-norm with weights in tenths; `scorings` of the text to try, by default four, of
    which the first is the default's; the `default` fusion, by default that of a search, must be beaten by `caution`
    standard errors. Queries are cut into `folds`,
    `repeats` times, from `seed`. `threads` search; `progress` is told (settings done, settings).
    """

    fusions: Iterable[Fusion | str] | None
    scorings: Iterable[Bm25 | str] | None
    default: Fusion | str | None
    folds: int
    repeats: int
    seed: int
    caution: float
    threads: int
    progress: Progress | None


def tune_collection(
    snapshot: Snapshot,
    queries: Mapping[QueryId, MixedQuery | str],
    qrels: Qrels,
    measure: str,
    **options: Unpack[TuneOptions],
) -> TuningReport:
    """The setting that suits judged queries, and what it is worth on others. Raises InvalidArgument."""
    unknown = options.keys() - TuneOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(TuneOptions.__annotations__)
        raise InvalidArgument(f"expected options of {known}, found {', '.join(sorted(unknown))}")
    ids = [query_id for query_id in queries if qrels.get(query_id)]
    judged = as_mixed([queries[query_id] for query_id in ids], {}, snapshot.schema)
    if judged is None or isinstance(judged, MixedQuery):
        raise InvalidArgument("expected judged queries as {query_id: rocchio.query(...)}, found none or other ones")
    texts = any(query.text is not None for query in judged)
    given = options.get("scorings")
    tried = [as_scoring(scoring) for scoring in (SCORINGS if given is None else given)]
    scorings: list[Bm25 | None] = [*tried] if texts and tried else [None]
    searches = _searches(snapshot, judged, scorings, options.get("threads", 1))
    first = next(searches)
    default, fusions = options.get("default"), options.get("fusions")
    plan = Plan(
        qrels,
        measure,
        fusion_grid(len(first.names)) if fusions is None else [as_fusion(fusion) for fusion in fusions],
        Setting(first.fusion if default is None else as_fusion(default)),
        options.get("folds", FOLDS),
        options.get("repeats", REPEATS),
        options.get("seed", 0),
        options.get("caution", CAUTION),
    )
    candidates = (
        Candidates(ids, search.aligned(), str(scoring) if scoring else None)
        for search, scoring in zip(chain([first], searches), scorings, strict=True)
    )
    return fit(candidates, first.names, plan, len(scorings), options.get("progress"))


def _searches(
    snapshot: Snapshot, queries: Sequence[MixedQuery], scorings: Sequence[Bm25 | None], threads: int
) -> Iterator[Hybrid]:
    """The queries searched with each scoring, one after the other."""
    options: SearchOptions = {"threads": threads}
    for scoring in scorings:
        yield Hybrid(snapshot, queries, DEPTH, {**options, "scoring": scoring})
