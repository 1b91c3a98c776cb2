"""Plans: steps that search, refine queries and fuse runs, composed into values with a text form."""

from rocchio.pipelines.combine import Chain, Cut, Fused, Union, Weighted
from rocchio.pipelines.execute import Executor, Marks, Query, Ranked, Source, State
from rocchio.pipelines.gate import Gate
from rocchio.pipelines.parse import as_step, parse_plan
from rocchio.pipelines.refine import Refine
from rocchio.pipelines.retrieve import Dense, Hybrid, Retrieve, Sparse, Words
from rocchio.pipelines.step import Step
from rocchio.pipelines.trace import StepTrace, Trace

__all__ = [
    "Chain",
    "Cut",
    "Dense",
    "Executor",
    "Fused",
    "Gate",
    "Hybrid",
    "Marks",
    "Query",
    "Ranked",
    "Refine",
    "Retrieve",
    "Source",
    "Sparse",
    "State",
    "Step",
    "StepTrace",
    "Trace",
    "Union",
    "Weighted",
    "Words",
    "as_step",
    "parse_plan",
]
