"""Plans: steps that search, refine queries and fuse runs, composed into values with a text form."""

from rocchio.pipelines.combine import Chain, Cut, Fused, Union, Weighted, leaves, refines
from rocchio.pipelines.execute import Executor, Marks, Query, Ranked, Source, State, check_ending, fused_depth
from rocchio.pipelines.gate import Gate
from rocchio.pipelines.parse import as_step, parse_plan
from rocchio.pipelines.refine import Refine
from rocchio.pipelines.retrieve import Dense, Hybrid, Offline, PseudoEmbeddings, Retrieve, Sparse, Words
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
    "Offline",
    "PseudoEmbeddings",
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
    "check_ending",
    "fused_depth",
    "leaves",
    "parse_plan",
    "refines",
]
