"""Which settings suit judged queries, and is what they gain more than chance? Pure functions on runs and judgements."""

from rocchio.tuning.grid import fusion_grid
from rocchio.tuning.report import TuningReport
from rocchio.tuning.select import CAUTION, Selection, cross_validate
from rocchio.tuning.setting import Setting
from rocchio.tuning.tune import DEPTH, FOLDS, REPEATS, Candidates, Plan, Progress, tune, tune_candidates

__all__ = [
    "CAUTION",
    "DEPTH",
    "FOLDS",
    "REPEATS",
    "Candidates",
    "Plan",
    "Progress",
    "Selection",
    "Setting",
    "TuningReport",
    "cross_validate",
    "fusion_grid",
    "tune",
    "tune_candidates",
]
