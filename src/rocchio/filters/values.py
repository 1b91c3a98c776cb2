"""Values that predicates compare fields with: what they may be, their order, how they are written."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, TypeAlias

import numpy as np

from rocchio.errors import InvalidArgument

Value: TypeAlias = bool | int | float | str | dt.datetime

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def as_value(given: Any) -> Value:
    """A value in the one form that equal values have. Raises InvalidArgument.

    Dates become datetimes in UTC, a time without a zone is taken as UTC; whole floats up to 2**53 become ints.
    """
    if isinstance(given, np.datetime64):
        given = given.astype("datetime64[us]").item()  # nanoseconds would become a plain int
    elif isinstance(given, np.generic):
        given = given.item()
    if isinstance(given, bool):
        return given
    if isinstance(given, str):
        _check_unicode(given)
        return given
    if isinstance(given, int):
        if not INT64_MIN <= given <= INT64_MAX:
            raise InvalidArgument("expected a whole number of 64 bits, found a larger one; write it like 1e20")
        return given
    if isinstance(given, float):
        if not math.isfinite(given):
            raise InvalidArgument(f"expected a finite number, found {given!r}")
        return int(given) if given.is_integer() and abs(given) <= 2**53 else given
    if isinstance(given, dt.date):
        return as_utc(given)
    hint = "; is_null() finds documents without a value" if given is None else ""
    raise InvalidArgument(f"expected a number, a string, a date or a bool, found {type(given).__name__}{hint}")


def as_utc(given: dt.date) -> dt.datetime:
    """A date or a datetime as a datetime in UTC. Raises InvalidArgument if that is not in the years 1 to 9999."""
    if not isinstance(given, dt.datetime):
        return dt.datetime(given.year, given.month, given.day, tzinfo=dt.UTC)
    try:
        utc = given.replace(tzinfo=dt.UTC) if given.tzinfo is None else given.astimezone(dt.UTC)
    except OverflowError as error:
        raise InvalidArgument(f"expected a date from year 1 to 9999 in UTC, found {given.isoformat()}") from error
    return utc.replace(fold=0)


def parse_date(text: str) -> dt.datetime:
    """A date in ISO 8601 form, as a datetime in UTC. Raises InvalidArgument."""
    try:
        return as_utc(dt.datetime.fromisoformat(text))
    except ValueError as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"expected a date in ISO 8601 form like '2024-05-31', found {shown(text)}") from error


def sort_key(value: Value) -> tuple[int, Value]:
    """Orders values: bools, numbers, strings, dates. Strings go by code points, which is the order of their UTF-8."""
    return rank(value), value


def rank(value: Value) -> int:
    """Which kind a value is of: 0 bool, 1 number, 2 string, 3 date."""
    return 0 if isinstance(value, bool) else 1 if isinstance(value, int | float) else 2 if isinstance(value, str) else 3


def is_single(value: Value) -> bool:
    """Whether only fields of one value a document have such values: a keyword field may hold several strings."""
    return not isinstance(value, str)


def written(value: Value) -> str:
    """A value as predicates write it."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return quoted(value, "'")
        case dt.datetime():
            is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
            text = value.replace(tzinfo=None).isoformat()
            return f"DATE '{text[:10] if is_day else text + 'Z'}'"
        case _:
            return repr(value)


def quoted(text: str, mark: str) -> str:
    """A text between quotes, with quotes inside doubled."""
    return mark + text.replace(mark, mark * 2) + mark


def shown(value: Any) -> str:
    """A value for a message, cut to a readable length."""
    text = written(value) if isinstance(value, bool | int | float | str | dt.datetime) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _check_unicode(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(
                f"expected Unicode text, found a lone surrogate at character {error.start}"
            ) from error
