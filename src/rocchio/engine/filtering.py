"""Filters of a snapshot: from what a user writes as `where` to masks of the rows that may be found."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np

from rocchio._native import count_bits
from rocchio.dense.reference import unpacked
from rocchio.engine.open_segment import OpenSegment
from rocchio.errors import InvalidArgument
from rocchio.filters import FieldExpression, Predicate, as_predicate, parse, typed
from rocchio.storage.schema import Schema
from rocchio.types import Mask

Where: TypeAlias = str | Predicate | FieldExpression
"""A predicate as a text or as a Python expression."""


def is_by_query(where: Any) -> bool:
    """Whether it is a list, with a filter or None for each query of a batch."""
    return not isinstance(where, str) and isinstance(where, Sequence)


Given = TypeVar("Given")
Made = TypeVar("Made")


def of_each(given: Sequence[Given], make: Callable[[Given], Made]) -> list[Made]:
    """`make(each)` by query, made once for each object: many queries of a batch have one filter."""
    given = list(given)  # which keeps objects that the sequence makes when it is read, and so their ids
    made: dict[int, Made] = {}
    for each in given:
        if id(each) not in made:
            made[id(each)] = make(each)
    return [made[id(each)] for each in given]


PARSED_TEXTS = 256
"""Of which a snapshot remembers the predicates: parsing takes longer than many a search."""

MASK_CACHE_BYTES = 64 << 20
"""Of a snapshot: a predicate's masks take a byte for eight documents."""

TENANT_CACHE_BYTES = 2 << 20
"""Of a tenant's view of one."""


@dataclass(frozen=True)
class FilterMasks:
    """Live rows that a predicate is true of, by segment, and how many documents they are in each."""

    masks: tuple[Mask, ...]
    counts: tuple[int, ...]

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def size_bytes(self) -> int:
        return sum(mask.nbytes for mask in self.masks) + 64


class Filters:
    """Predicates of one snapshot and their masks, kept by normal form. Any number of threads may share it.

    `whole` has those of all documents, where the segments are as one tenant sees them.
    """

    def __init__(
        self,
        segments: Sequence[OpenSegment],
        schema: Schema,
        most_bytes: int = MASK_CACHE_BYTES,
        whole: Filters | None = None,
    ) -> None:
        self._segments, self._schema, self._most_bytes, self._whole = segments, schema, most_bytes, whole
        self._kept: OrderedDict[Predicate, FilterMasks] = OrderedDict()
        self._kept_bytes = 0
        self._parsed: dict[str, Predicate] = {}
        self._lock = threading.Lock()

    def predicate(self, where: Any) -> Predicate:
        """What `where` says, in normal form, with values of the fields' types. Raises InvalidArgument."""
        if isinstance(where, str):
            found = self._parsed.get(where)
            if found is None:
                found = parse(where, self._schema)
                if len(self._parsed) >= PARSED_TEXTS:
                    self._parsed.clear()
                self._parsed[where] = found
            return found
        if not isinstance(where, Predicate | FieldExpression):
            raise InvalidArgument(
                f"expected where as a text like \"year >= 2020\" or as rocchio.field('year') >= 2020, "
                f"found {type(where).__name__}"
            )
        return typed(as_predicate(where), self._schema)

    def masks(self, predicate: Predicate) -> FilterMasks:
        """The rows that a predicate, as `predicate` gives it, is true of. Raises Corruption."""
        with self._lock:
            found = self._kept.get(predicate)
            if found is not None:
                self._kept.move_to_end(predicate)
                return found
        made = self._evaluate(predicate)
        with self._lock:
            if predicate not in self._kept:
                self._kept[predicate] = made
                self._kept_bytes += made.size_bytes
            while self._kept_bytes > self._most_bytes:
                self._kept_bytes -= self._kept.popitem(last=False)[1].size_bytes
        return made

    def _evaluate(self, predicate: Predicate) -> FilterMasks:
        masks, counts = [], []
        is_split = self._schema.split_field is not None
        known = None if self._whole is None or is_split else self._whole.masks(predicate).masks
        for number, segment in enumerate(self._segments):
            mask = segment.columns.mask(predicate) if known is None else known[number]
            if segment.passages is not None:
                chosen = unpacked(mask, segment.passages.documents) & segment.live_documents()
                masks.append(np.packbits(segment.passages.by_row(chosen), bitorder="little"))
                counts.append(int(chosen.sum()))
                continue
            masks.append(mask & segment.tombstones.live if segment.entry.deleted else mask)
            counts.append(count_bits(masks[-1]))
        return FilterMasks(tuple(masks), tuple(counts))
