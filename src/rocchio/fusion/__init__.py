"""Several rankings of the same queries made one. Pure functions on runs, and methods that are values with a text form.

>>> parse_fusion("znorm(0.4, 0.6)")
ZNorm(weights=(0.4, 0.6))
"""

from rocchio.fusion.borda import Borda
from rocchio.fusion.comb import CombMnz, CombSum
from rocchio.fusion.convex import MinMax, ZNorm
from rocchio.fusion.fuse import fuse, lists_of_runs
from rocchio.fusion.lists import (
    EMPTY,
    NumberedDocuments,
    RankedList,
    RankedLists,
    align,
    fuse_aligned,
    fuse_lists,
    total,
)
from rocchio.fusion.method import Fusion
from rocchio.fusion.parse import as_fusion, parse_fusion
from rocchio.fusion.rrf import Rrf

__all__ = [
    "EMPTY",
    "Borda",
    "CombMnz",
    "CombSum",
    "Fusion",
    "MinMax",
    "NumberedDocuments",
    "RankedList",
    "RankedLists",
    "Rrf",
    "ZNorm",
    "align",
    "as_fusion",
    "fuse",
    "fuse_aligned",
    "fuse_lists",
    "lists_of_runs",
    "parse_fusion",
    "total",
]
