"""Predicates checked against the fields of a collection, their values made of the fields' types."""

from __future__ import annotations

import datetime as dt

from rocchio.errors import InvalidArgument
from rocchio.filters.predicate import (
    Bound,
    In,
    IsNull,
    Leaf,
    Predicate,
    Prefix,
    Range,
    in_range,
    map_leaves,
    negation,
    one_of,
    starts_with,
)
from rocchio.filters.values import Value, parse_date, rank, shown
from rocchio.storage.schema import ID_FIELD, Field, Schema, keyword

FILTERED_KINDS = ("keyword", "number", "date", "bool")
_RANKS = {"bool": 0, "number": 1, "keyword": 2, "date": 3}
_EXPECTED = {"bool": "TRUE or FALSE", "number": "a number", "keyword": "a string", "date": "a date"}
_ID = keyword()


def column_fields(schema: Schema) -> dict[str, Field]:
    """The fields that have a column: those that predicates may name, and tenants, which none may."""
    return {name: field for name, field in schema.columns.items() if field.kind in FILTERED_KINDS}


def typed(predicate: Predicate, schema: Schema) -> Predicate:
    """The same predicate with values of the fields' types. Raises InvalidArgument if it does not fit the schema."""

    def change(leaf: Leaf) -> Predicate:
        field = field_of(leaf.field, schema)
        result = _converted(leaf, field)
        return negation(result) if leaf.negated else result

    return map_leaves(predicate, change)


def _converted(leaf: Leaf, field: Field) -> Predicate:
    """The leaf without its negation."""
    match leaf:
        case In():
            return one_of(leaf.field, [convert(value, leaf.field, field) for value in leaf.values])
        case Range():
            check_order(leaf.field, field)
            low, high = (
                bound and Bound(convert(bound.value, leaf.field, field), bound.inclusive)
                for bound in (leaf.low, leaf.high)
            )
            return in_range(leaf.field, low, high)
        case Prefix():
            check_prefix(leaf.field, field)
            return starts_with(leaf.field, leaf.prefix)
        case IsNull():
            return IsNull(leaf.field)


def field_of(name: str, schema: Schema) -> Field:
    """The field of a comparison; doc_id is a keyword. Raises InvalidArgument."""
    if name == ID_FIELD:
        return _ID
    field = schema.fields.get(name)
    if field is None:
        raise InvalidArgument(schema.unknown_field(name if len(name) <= 100 else f"{name[:97]}..."))
    if field.kind not in FILTERED_KINDS:
        advice = "; search it, or keep what you filter by in a keyword field" if field.kind == "text" else ""
        raise InvalidArgument(
            f"expected a keyword, number, date or bool field to compare, found {name!r}, a {field.kind} field{advice}"
        )
    return field


def convert(value: Value, name: str, field: Field) -> Value:
    """A value to compare the field with, of its type; strings become dates. Raises InvalidArgument."""
    if field.kind == "date" and isinstance(value, str):
        value = parse_date(value)
    if rank(value) != _RANKS[field.kind]:
        hint = "; dates are compared with date fields" if isinstance(value, dt.datetime) else ""
        raise InvalidArgument(
            f"expected {_EXPECTED[field.kind]} to compare the {field.kind} field {name!r} with, "
            f"found {shown(value)}{hint}"
        )
    return value


def check_order(name: str, field: Field) -> None:
    """Raises InvalidArgument for a field whose values have no order."""
    if field.kind == "bool":
        raise InvalidArgument(f"expected = or != with the bool field {name!r}, found an order or a range")


def check_prefix(name: str, field: Field) -> None:
    """Raises InvalidArgument for a field that is not of strings."""
    if field.kind != "keyword":
        raise InvalidArgument(f"expected a keyword field for STARTS WITH, found {name!r}, a {field.kind} field")
