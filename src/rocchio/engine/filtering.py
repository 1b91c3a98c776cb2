"""Filters of a snapshot: from what a user writes as `where` to masks of the rows that may be found."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rocchio._native import count_bits
from rocchio.engine.open_segment import OpenSegment
from rocchio.errors import InvalidArgument
from rocchio.filters import FieldExpression, Predicate, as_predicate, parse, typed
from rocchio.storage.schema import Schema
from rocchio.types import Mask

Where: TypeAlias = str | Predicate | FieldExpression
"""A predicate as a text or as a Python expression."""

PARSED_TEXTS = 256
"""Of which a snapshot remembers the predicates: parsing takes longer than many a search."""

MASK_CACHE_BYTES = 64 << 20
"""Of a snapshot: a predicate's masks take a byte for eight documents."""


@dataclass(frozen=True)
class FilterMasks:
    """Live rows that a predicate is true of, by segment, and how many there are in each."""

    masks: tuple[Mask, ...]
    counts: tuple[int, ...]

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def size_bytes(self) -> int:
        return sum(mask.nbytes for mask in self.masks) + 64


class Filters:
    """Predicates of one snapshot and their masks, kept by normal form. Any number of threads may share it."""

    def __init__(self, segments: Sequence[OpenSegment], schema: Schema, most_bytes: int = MASK_CACHE_BYTES) -> None:
        self._segments, self._schema, self._most_bytes = segments, schema, most_bytes
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
        masks = []
        for segment in self._segments:
            mask = segment.columns.mask(predicate)
            masks.append(mask & segment.tombstones.live if segment.entry.deleted else mask)
        return FilterMasks(tuple(masks), tuple(map(count_bits, masks)))
