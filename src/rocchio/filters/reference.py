"""Predicates the plain way, on a document's stored fields: what every faster way must equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rocchio.filters.predicate import And, In, IsNull, Or, Predicate, Prefix, Range
from rocchio.filters.values import as_value


def matches(predicate: Predicate, document: Mapping[str, Any]) -> bool | None:
    """Whether a predicate is true of a document, None if that is unknown because a value is missing.

    `document` has stored fields, as `Hit.fields`, and doc_id. The predicate fits the fields, see `typed`.
    """
    match predicate:
        case And():
            found = [matches(each, document) for each in predicate.operands]
            return False if False in found else None if None in found else True
        case Or():
            found = [matches(each, document) for each in predicate.operands]
            return True if True in found else None if None in found else False
        case IsNull():
            return (document.get(predicate.field) is None) != predicate.negated
        case In():
            return _any(predicate, document, lambda value: value in predicate.values)
        case Range():
            return _any(predicate, document, lambda value: _lies_in(predicate, value))
        case Prefix():
            return _any(predicate, document, lambda value: value.startswith(predicate.prefix))
        case _:
            raise TypeError(f"expected a predicate, found {predicate!r}")


def _any(leaf: In | Range | Prefix, document: Mapping[str, Any], test: Callable[[Any], bool]) -> bool | None:
    """Whether one of the field's values passes; an empty list passes no test, but is no missing value."""
    given = document.get(leaf.field)
    if given is None:
        return None
    values = given if isinstance(given, list | tuple) else [given]
    return any(test(as_value(value)) for value in values) != leaf.negated


def _lies_in(leaf: Range, value: Any) -> bool:
    low, high = leaf.low, leaf.high
    if low is not None and (value < low.value or (value == low.value and not low.inclusive)):
        return False
    return high is None or value < high.value or (value == high.value and high.inclusive)
