"""What tuning found: the setting to use, what it is worth on queries it has not seen, and whether that is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rocchio.evaluation import Comparison
from rocchio.tuning.setting import Setting

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class TuningReport:
    """`chosen` on all queries; `counts` says how often which setting was chosen without a fold, over all `repeats`.
    `default` needed no judgements.

    `singles` are the means of the runs alone, `best_single` the name of the best. `tuned` is the mean by
    cross-validation: every query measured with the setting chosen without it. `comparison` tests "tuned", "default"
    against the best single run, and its p-values are Holm's.
    """

    measure: str
    queries: int
    folds: int
    repeats: int
    settings: int
    chosen: Setting
    default: Setting
    counts: dict[Setting, int]
    singles: dict[str, float]
    best_single: str
    tuned: float
    untuned: float
    comparison: Comparison

    @property
    def better(self) -> bool:
        """Whether the tuned fusion is significantly better than the best single run (p below 0.05)."""
        row = self.comparison.differences[0]
        return row.difference > 0 and row.p_holm < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """What to do, in words."""
        if self.better:
            return f"use {self.chosen}: better than {self.best_single} alone"
        return f"not shown to be better than {self.best_single} alone: more judged queries may tell"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "measure": self.measure,
            "queries": self.queries,
            "folds": self.folds,
            "repeats": self.repeats,
            "settings": self.settings,
            "fusion": str(self.chosen.fusion),
            "scoring": self.chosen.scoring,
            "default": str(self.default),
            "counts": {str(setting): count for setting, count in self.counts.items()},
            "means": {**self.singles, "default": self.untuned, "tuned": self.tuned},
            "best_single": self.best_single,
            "better": self.better,
            "comparison": self.comparison.to_dict(),
        }

    def __str__(self) -> str:
        """A line per system, the test, and what to use."""
        rows = {row.run: row for row in self.comparison.differences}
        lines = [f"{self.measure}, mean of {self.queries:,} queries"]
        lines += [f"{value:9.4f}  {name} alone" for name, value in self.singles.items()]
        for name, value, what in (
            ("default", self.untuned, str(self.default)),
            (
                "tuned",
                self.tuned,
                f"{self.settings:,} settings, {self.folds}-fold cross-validation {self.repeats} times",
            ),
        ):
            row = rows[name]
            lines.append(f"{value:9.4f}  {name}: {what}")
            lines.append(
                f"{row.difference:+9.4f}  to {self.best_single}: p {row.p_holm:.4f}, {row.wins} queries better, "
                f"{row.losses} worse"
            )
        return "\n".join([*lines, f"chosen: {self.chosen}", self.verdict])
