"""What an experiment found, as a table, CSV and pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rocchio.errors import InvalidArgument, StorageFailure
from rocchio.evaluation.compare import Comparison, Difference
from rocchio.evaluation.evaluate import Evaluation
from rocchio.types import DocId, Qrels, Run

Quality = Literal["strong", "moderate", "weak"]
QUALITIES: tuple[Quality, ...] = ("strong", "moderate", "weak")
"""Of feedback documents: of the highest grade; of grade 1 where there are higher ones; not relevant."""


@dataclass(frozen=True)
class Timing:
    """What a plan took: `seconds` for `queries`; `shared` steps had been run for another plan and cost nothing here."""

    seconds: float
    queries: int
    shared: int


@dataclass(frozen=True)
class Experiment:
    """`plans` are text forms by name, the baseline first; `evaluations` and `runs` also have the variants with chosen
    feedback; `comparison` is against the baseline, None if it is alone.
    """

    plans: Mapping[str, str]
    evaluations: tuple[Evaluation, ...]
    comparison: Comparison | None
    timings: Mapping[str, Timing]
    runs: Mapping[str, Run] = field(repr=False)

    @property
    def baseline(self) -> Evaluation:
        return self.evaluations[0]

    def difference(self, name: str, measure: str) -> Difference | None:
        """One plan against the baseline; None for the baseline itself."""
        rows = self.comparison.differences if self.comparison is not None else ()
        return next((row for row in rows if row.run == name and row.measure == measure), None)

    def __str__(self) -> str:
        """A table for each measure."""
        width = max(len(each.name) for each in self.evaluations)
        lines = []
        for measure in self.baseline.measures:
            lines.append(f"{measure:<{width}}    mean    diff       p  helped  hurt  same   worst")
            for each in self.evaluations:
                row = self.difference(each.name, measure)
                line = f"{each.name:<{width}}  {each.means[measure]:.4f}"
                if row is not None:
                    worst = row.worst[0][1] if row.worst else 0.0
                    counts = f"{row.wins:6} {row.losses:5} {row.ties:5}"
                    line += f" {row.difference:+.4f}  {row.p_holm:.4f}  {counts}  {worst:+.3f}"
                lines.append(line)
            lines.append("")
        lines += [
            f"{len(self.baseline.query_ids):,} judged queries; p: paired randomisation test, Holm-corrected; "
            "worst: the largest loss of a query"
        ]
        if any(each.name.endswith("]") for each in self.evaluations):
            lines.append(
                "[strong], [moderate], [weak]: feedback drawn from the judgements that score: a bound, not a result"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "plans": dict(self.plans),
            "runs": [each.to_dict() for each in self.evaluations],
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
            "seconds": {name: timing.seconds for name, timing in self.timings.items()},
        }

    def to_csv(self, path: str | Path) -> None:
        """A row for each plan, measure and query: plan, measure, query_id, value, difference. Raises StorageFailure."""
        try:
            with Path(path).open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(["plan", "measure", "query_id", "value", "difference"])
                for each in self.evaluations:
                    for measure in each.measures:
                        base = self.baseline.values[measure]
                        for query_id, value, before in zip(each.query_ids, each.values[measure], base, strict=True):
                            writer.writerow([each.name, measure, query_id, f"{value:.6f}", f"{value - before:+.6f}"])
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot write {path}: {error.strerror}") from error

    def plot(self, path: str | Path, measure: str | None = None) -> None:
        """Write a PNG: for each plan a bar for each query, its difference from the baseline, sorted.

        Raises InvalidArgument without matplotlib (`pip install rocchio[plots]`), without a plan beside the baseline,
        and for a measure that was not computed.
        """
        from rocchio.evaluation.plot import plot_differences

        plot_differences(self, path, measure or self.baseline.measures[0])


def of_quality(run: Run, qrels: Qrels, quality: Quality) -> list[list[DocId]]:
    """The documents of each query of a run, best first, that are feedback of a quality.

    Strong ones have the query's highest grade, moderate ones grade 1 where that is not the highest, weak ones are
    judged as not relevant, or not judged where no judgements of that kind are there. After Li et al., "How does
    feedback signal quality impact effectiveness of pseudo relevance feedback for passage retrieval?" (SIGIR 2022).
    """
    chosen = []
    for query_id, doc_ids in zip(run.query_ids, run.doc_ids, strict=True):
        grades = qrels.get(query_id, {})
        highest = max(grades.values(), default=0)
        wanted = {"strong": highest, "moderate": 1 if highest > 1 else None, "weak": 0}[quality]
        has_zeros = any(grade <= 0 for grade in grades.values())
        chosen.append(
            [
                doc_id
                for doc_id in doc_ids
                if wanted is not None and _grade(grades, doc_id, judged_only=has_zeros) == wanted
            ]
            if highest > 0
            else []
        )
    return chosen


def _grade(grades: Mapping[DocId, int], doc_id: DocId, *, judged_only: bool) -> int | None:
    if doc_id not in grades:
        return None if judged_only else 0
    return max(0, grades[doc_id])


def check_plans(experiment: Experiment, measure: str) -> Sequence[Evaluation]:
    """The plans beside the baseline. Raises InvalidArgument if there is none, or no such measure."""
    if measure not in experiment.baseline.measures:
        raise InvalidArgument(f"expected a measure of {', '.join(experiment.baseline.measures)}, found {measure!r}")
    if len(experiment.evaluations) < 2:
        raise InvalidArgument("expected a plan beside the baseline to plot, found none")
    return experiment.evaluations[1:]
