"""How good is a run? Measures, evaluation against judgements, comparison with a baseline.

Pure functions on values: files are read in `rocchio.sources`, nothing is printed here.
"""

from rocchio.evaluation.compare import Comparison, Difference, compare
from rocchio.evaluation.evaluate import Evaluation, evaluate
from rocchio.evaluation.measures import parse_measures
from rocchio.evaluation.significance import holm, randomisation_test

__all__ = [
    "Comparison",
    "Difference",
    "Evaluation",
    "compare",
    "evaluate",
    "holm",
    "parse_measures",
    "randomisation_test",
]
