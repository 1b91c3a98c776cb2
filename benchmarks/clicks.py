"""Feedback from clicks whose ranks are looked at unequally often: a simulation on judged collections.

What is simulated: every query is shown in many sessions, in half of them the ten best by BM25, in the other half the
    ten best by vectors. A user looks at rank r with probability (1 / r)^eta and clicks on what is seen with a
    probability by grade: `perfect` clicks on all that is relevant and nothing else, `noisy` on .8 (.9 for the highest
    of four grades) of what is relevant and .2 of what is not (.4 for grade 1 of four), as in Zhuang et al., SIGIR 2022.
What is measured: AP of the query after `corocchio` on words and `vector_corocchio` on vectors: naive (eta=0 in the
    step, whatever the users did), counterfactual with the users' eta, and counterfactual with propensities estimated
    from the log. Means over seeds, with the standard deviation over seeds.
Caution: clicks are simulated from the judgements that results are scored by: that is an oracle, and the gain over no
    feedback says nothing of what real clicks would bring. `residual` takes the documents that any session of a query
    has shown out of both ranking and judgements, so that only other documents count.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from hybrid import DATA, Judged, load
from rocchio.evaluation import evaluate
from rocchio.types import Run
from tables import publish, table

NAMES = ["npl", "cisi", "med", "dl19-pool"]
GRADED = {"dl19-pool": 2}
"""Least grade that counts as relevant, where it is not 1."""
ETAS = (0.0, 0.5, 1.0, 1.5, 2.0)
SHOWN = 10
CLICKS = {"perfect": (0.0, 0.0, 1.0, 1.0), "noisy": (0.2, 0.4, 0.8, 0.9)}
"""Probability of a click on a document that is seen, by grade 0 to 3; where grades are 0 and 1, 1 stands for 2."""
STEPS = {
    "words": ("corocchio({})", "bm25", "bm25"),
    "vectors": ("vector_corocchio({})", "dense(recall=1)", "dense(recall=1)"),
}
MEASURE = "AP"


@dataclass(frozen=True)
class World:
    """A collection with what is shown for each query, by either way of ranking."""

    judged: Judged
    lists: dict[str, list[list[str]]]
    least: int

    def grade(self, query_id: str, doc_id: str) -> int:
        grade = max(0, self.judged.qrels[query_id].get(doc_id, 0))
        return 2 * grade if self.least == 1 else min(grade, 3)

    def seen(self, query_id: str) -> set[str]:
        return {doc_id for shown in self.lists[query_id] for doc_id in shown}

    def impressions(self, model: str, eta: float, sessions: int, seed: int) -> Iterator[dict[str, Any]]:
        """The simulated users."""
        dice = np.random.default_rng(seed)
        for query_id, query in self.judged.queries.items():
            for shown in self.lists[query_id]:
                likely = np.array([CLICKS[model][self.grade(query_id, doc_id)] for doc_id in shown])
                looked = np.arange(1, len(shown) + 1.0) ** -eta
                clicked = dice.random((sessions // 2, len(shown))) < looked * likely
                for number, row in enumerate(clicked):
                    ranks = (np.flatnonzero(row) + 1).tolist()
                    yield {"session": f"{query_id}-{number}", "query": query.text, "shown": shown, "clicked": ranks}

    def value(self, run: Run, residual: bool) -> float:
        qrels = self.judged.qrels
        if residual:
            kept = [[doc_id for doc_id, _ in run[row] if doc_id not in self.seen(query_id)]
                    for row, query_id in enumerate(run.query_ids)]  # fmt: skip
            run = Run(run.query_ids, kept, [np.arange(len(ids), 0, -1).astype(np.float32) for ids in kept])
            left = {q: {d: g for d, g in docs.items() if d not in self.seen(q)} for q, docs in qrels.items()}
            qrels = {q: docs for q, docs in left.items() if max(docs.values(), default=0) >= self.least}
            if not qrels:
                return float("nan")
        measure = f"AP(rel={self.least})" if self.least > 1 else MEASURE
        means = evaluate(run, qrels, measure).means
        return float(next(iter(means.values())))


def world(folder: Path, source: Path | str, work: Path) -> World:
    """A collection and its two rankings."""
    judged = load(folder, source, work)
    queries = {query_id: query for query_id, query in judged.queries.items() if query.vectors["v"] is not None}
    judged = Judged(judged.name, judged.col, queries, {query_id: judged.qrels[query_id] for query_id in queries})
    runs = [judged.col.search(list(queries.values()), SHOWN, plan=plan) for plan in ("bm25", "dense(recall=1)")]
    lists = {query_id: [list(run.doc_ids[row]) for run in runs] for row, query_id in enumerate(queries)}
    return World(judged, lists, GRADED.get(folder.name, 1))


def searched(found: World, col: Any, plan: str) -> Run:
    queries = found.judged.queries
    run: Run = col.search(list(queries.values()), 1000, query_ids=list(queries), plan=plan)
    return run


def logged(found: World, work: Path, model: str, eta: float, sessions: int, seed: int) -> Any:
    """A copy of the collection with the clicks of one simulation."""
    folder = work / "logged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(found.judged.col.path, folder)
    col = rocchio.open(folder)
    col.log_clicks(found.impressions(model, eta, sessions, seed))
    return col


Cell = tuple[str, str, str, float, bool]
"""Kind of feedback, click model, variant, eta, residual."""


def measured(found: World, work: Path, sessions: int, seeds: int) -> tuple[dict[Cell, list[float]], list[list[str]]]:
    """AP by cell, a value for each seed, and what was estimated of eta."""
    values: dict[Cell, list[float]] = {}
    estimates: list[list[str]] = []
    for model in CLICKS:
        for eta in ETAS:
            for seed in range(seeds):
                col = logged(found, work, model, eta, sessions, seed)
                variants = {"naive": "eta=0", "counterfactual": f"eta={eta}", "estimated": "propensities=estimated"}
                for kind, (step, _, search) in STEPS.items():
                    for variant, settings in variants.items():
                        run = searched(found, col, f"{step.format(settings)} >> {search}")
                        for residual in (False, True):
                            cell = kind, model, variant, eta, residual
                            values.setdefault(cell, []).append(found.value(run, residual))
            estimate = col.click_statistics().propensities
            assert estimate is not None
            name = found.judged.name
            estimates.append([name, model, f"{eta:g}", f"{estimate.eta:.3f}", f"{estimate.eta_error:.3f}"])
            print(found.judged.name, model, eta, file=sys.stderr)
    return values, estimates


def report(name: str, found: World, values: dict[Cell, list[float]]) -> list[str]:
    """The tables of one collection."""
    lines = [f"### {name}", ""]
    rows = []
    for residual in (False, True):
        for kind, (_, before, _) in STEPS.items():
            base = found.value(searched(found, found.judged.col, before), residual)
            for model in CLICKS:
                for variant in ("naive", "counterfactual", "estimated"):
                    cells = [values[kind, model, variant, eta, residual] for eta in ETAS]
                    means = [float(np.mean(cell)) for cell in cells]
                    shown = [f"{mean:.4f} ±{np.std(cell):.4f}" for mean, cell in zip(means, cells, strict=True)]
                    place = "residual" if residual else "all"
                    rows.append([place, kind, f"{base:.4f}", model, variant, *shown, f"{means[-1] - means[0]:+.4f}"])
    header = ["documents", "on", "before", "clicks", "feedback", *(f"eta {eta:g}" for eta in ETAS), "2 against 0"]
    return lines + table(header, rows)


def summary(every: list[dict[Cell, list[float]]]) -> list[str]:
    """How AP changes between eta 0 and 2, the mean over collections."""
    rows = []
    for residual in (False, True):
        for kind in STEPS:
            for model in CLICKS:
                row = ["residual" if residual else "all", kind, model]
                for variant in ("naive", "counterfactual", "estimated"):
                    ends = [
                        [float(np.mean(values[kind, model, variant, eta, residual])) for eta in (ETAS[0], ETAS[-1])]
                        for values in every
                    ]
                    row.append(f"{np.mean([last - first for first, last in ends]):+.4f}")
                rows.append(row)
    return table(["documents", "on", "clicks", "naive", "counterfactual", "estimated"], rows)


def unseen(found: World, work: Path, sessions: int) -> list[list[str]]:
    """Queries that were not logged: every logged one without its last third of words."""
    col = logged(found, work, "noisy", 1.0, sessions, seed=7)
    short = {}
    for query_id, query in found.judged.queries.items():
        words = query.text.split()
        short[query_id] = rocchio.query(" ".join(words[: max(1, len(words) - max(1, len(words) // 3))]))
    rows = []
    for neighbours in (1, 3):
        for least in (0.0, 0.5, 0.7):
            step = f"corocchio(eta=1, neighbours={neighbours}, least_similarity={least})"
            result = col.plan(f"{step} >> bm25").run(list(short.values()), 1000, query_ids=list(short))
            before = col.search(list(short.values()), 1000, query_ids=list(short), plan="bm25")
            note = result.trace.steps[0].note.split(";")[0]
            rows.append([found.judged.name, str(neighbours), f"{least:g}", f"{found.value(before, False):.4f}",
                         f"{found.value(result.run, False):.4f}", note])  # fmt: skip
    return rows


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of BEIR folders")
    parser.add_argument("--vectors", type=Path, help="folder of NAME.npz files; without it, --encoder makes them")
    parser.add_argument("--label", default="files", help="what made the vectors of the files")
    parser.add_argument("--encoder", default="lsa(dim=256)")
    parser.add_argument("--names", nargs="+", default=NAMES, help="BEIR folders to measure")
    parser.add_argument("--sessions", type=int, default=1000, help="of each query")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    source = options.vectors or options.encoder
    made_by = f"vectors of {options.label}" if options.vectors else options.encoder
    lines = [
        "# Clicks with position bias: a simulation",
        "",
        f"rocchio {rocchio.__version__}, numpy {np.__version__}, Python {platform.python_version()}. Made by",
        "`benchmarks/clicks.py`, which says what is simulated and measured, and what it does not show.",
        f"{options.sessions:,} sessions a query, {options.seeds} seeds (± is the standard deviation over them), "
        f"{made_by}.",
        "",
        f"## Change of AP from no bias (eta 0) to a strong one (eta {ETAS[-1]:g}), mean over collections",
        "",
    ]
    tables: list[str] = []
    every = []
    estimates: list[list[str]] = []
    others: list[list[str]] = []
    for name in options.names:
        with tempfile.TemporaryDirectory() as work:
            found = world(options.data / name, source, Path(work))
            values, more = measured(found, Path(work), options.sessions, options.seeds)
            tables += report(name, found, values)
            every.append(values)
            estimates += more
            others += unseen(found, Path(work), min(options.sessions, 100))
    lines += [*summary(every), "## AP by the bias of the users", "", *tables]
    lines += ["## eta estimated from the log", "", "Of the last seed, with its standard error.", ""]
    lines += table(["collection", "clicks", "eta", "estimated", "standard error"], estimates)
    lines += ["## Queries that were not logged", "", "Logged queries without their last third of words; noisy clicks, "
              "eta 1, AP on words.", ""]  # fmt: skip
    lines += table(["collection", "neighbours", "least similarity", "before", "after", "of the queries"], others)
    publish(lines, options.output)


if __name__ == "__main__":
    main()
