"""Masks of the rows that a predicate is true of, from the columns of a segment."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from rocchio.filters.columns import Column, all_rows
from rocchio.filters.predicate import And, In, IsNull, Or, Predicate, Prefix, Range
from rocchio.types import Mask

ColumnOf = Callable[[str], Column]
"""The column of a field by its name."""


def evaluate(predicate: Predicate, column: ColumnOf, rows: int) -> Mask:
    """A mask of the rows that a predicate, which is typed, is true of. Raises Corruption.

    Since NOT stands only before comparisons, what is unknown need not be known: it is not true on either side.
    """
    match predicate:
        case And() | Or():
            masks = [evaluate(each, column, rows) for each in predicate.operands]
            return functools.reduce(np.bitwise_and if isinstance(predicate, And) else np.bitwise_or, masks)
        case IsNull():
            present = column(predicate.field).present
            return present if predicate.negated else all_rows(rows) & ~present
        case In() | Range() | Prefix():
            of_field = column(predicate.field)
            found = _true_rows(predicate, of_field)
            return of_field.present & ~found if predicate.negated else found
        case _:
            raise TypeError(f"expected a predicate, found {predicate!r}")


def _true_rows(leaf: In | Range | Prefix, column: Column) -> Mask:
    """Rows that a comparison is true of, its negation left aside."""
    match leaf:
        case In():
            return column.equal(leaf.values)
        case Range():
            return column.between(leaf.low, leaf.high)
        case Prefix():
            return column.starting(leaf.prefix)
