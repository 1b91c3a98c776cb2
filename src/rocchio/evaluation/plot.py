"""A picture of which queries a plan helps and hurts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rocchio.errors import InvalidArgument, StorageFailure

if TYPE_CHECKING:
    from rocchio.evaluation.experiment import Experiment

HELPED, HURT = "#2a7f9e", "#c8553d"
"""Apart also for those who do not tell red from green."""


def plot_differences(experiment: Experiment, path: str | Path, measure: str) -> None:
    """Write a PNG with a panel for each plan. Raises InvalidArgument, StorageFailure."""
    from rocchio.evaluation.experiment import check_plans

    plans = check_plans(experiment, measure)
    figure_kind = _figure()
    figure = figure_kind(figsize=(8, 0.6 + 1.7 * len(plans)), layout="constrained")
    axes = figure.subplots(len(plans), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    base = experiment.baseline.values[measure]
    for panel, plan in zip(axes, plans, strict=True):
        gains = np.sort(plan.values[measure] - base)[::-1]
        panel.bar(np.arange(len(gains)), gains, width=1.0, color=np.where(gains >= 0, HELPED, HURT))
        panel.axhline(0, color="black", linewidth=0.6)
        helped, hurt = int((gains > 1e-9).sum()), int((gains < -1e-9).sum())
        panel.set_title(
            f"{plan.name}: {helped} helped, {hurt} hurt, mean {gains.mean():+.4f}", loc="left", fontsize="medium"
        )
        panel.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel(f"{len(base):,} queries, by gain")
    figure.supylabel(f"{measure}, difference from {experiment.baseline.name}", fontsize="medium")
    try:
        figure.savefig(path, dpi=150, format="png")
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot write {path}: {error.strerror}") from error


def _figure() -> Any:
    """matplotlib's figure without a window system. Raises InvalidArgument if it is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InvalidArgument(
            "expected matplotlib to draw plots, found none; install it with: pip install rocchio[plots]"
        ) from error
    return Figure
