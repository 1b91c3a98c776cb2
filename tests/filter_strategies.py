"""Random documents and predicates over the same few values, edges of their types among them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

import rocchio
from rocchio.filters.predicate import Bound, IsNull, Predicate, conjunction, disjunction, in_range, negation, one_of
from rocchio.filters.predicate import starts_with as prefix

FIELDS = {
    "text": rocchio.text(),
    "n": rocchio.number(integer=True),
    "x": rocchio.number(),
    "tags": rocchio.keyword(),
    "flag": rocchio.bool(),
    "day": rocchio.date(),
    "v": rocchio.vector(3, metric="l2"),
}
WORDS = ["", "a", "ab", "abc", "b", "a'b", 'q"', "é", "日本", "\x00", "AND", "%", "\U0001f600"]
WHOLE = [0, 1, 2, 3, -1, 7, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), 2020]
REAL = [0.0, -0.0, 0.5, 1.0, 1.5, -2.25, 3.0, 1e300, -1e300, 5e-324, 2.0**53, 2.0**60, 0.1]
DAYS = [
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
    dt.datetime(2020, 2, 29, tzinfo=dt.UTC),
    dt.datetime(2020, 2, 29, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    dt.datetime(2021, 1, 1),
    dt.date(2021, 1, 1),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
]
VALUES: dict[str, list[Any]] = {
    "n": [*WHOLE, 2.5, 1e300, -1e300, 0.5],
    "x": [*REAL, *WHOLE],
    "tags": WORDS,
    "flag": [True, False],
    "day": [*DAYS, "2020-02-29", "2020-02-29T12:30:00+02:00"],
    "doc_id": ["d0", "d1", "d10", "d2", "d", "nope", "日本"],
}
DOC_IDS = [f"d{number}" for number in range(40)]


@st.composite
def documents(draw: st.DrawFn, most: int = 24) -> list[dict[str, Any]]:
    """Documents with distinct doc_ids; values may be missing."""
    ids = draw(st.lists(st.sampled_from(DOC_IDS), unique=True, max_size=most))
    return [{"doc_id": doc_id, **draw(_fields)} for doc_id in ids]


_fields = st.fixed_dictionaries(
    {"text": st.sampled_from(["alpha", "alpha beta", "beta", "gamma"])},
    optional={
        "n": st.none() | st.sampled_from(WHOLE),
        "x": st.none() | st.sampled_from(REAL),
        "tags": st.none() | st.sampled_from(WORDS) | st.lists(st.sampled_from(WORDS), max_size=4),
        "flag": st.none() | st.booleans(),
        "day": st.none() | st.sampled_from(DAYS),
        "v": st.none() | st.lists(st.integers(-3, 3).map(float), min_size=3, max_size=3),
    },
)


@st.composite
def comparisons(draw: st.DrawFn) -> Predicate:
    """One comparison with a field of FIELDS or doc_id."""
    field = draw(st.sampled_from(sorted(VALUES)))
    value = st.sampled_from(VALUES[field])
    kinds = ["in", "in", "null", *(["range", "range"] if field != "flag" else [])]
    match draw(st.sampled_from([*kinds, *(["prefix"] if field in ("tags", "doc_id") else [])])):
        case "in":
            return one_of(field, draw(st.lists(value, max_size=4)))
        case "null":
            return IsNull(field, negated=draw(st.booleans()))
        case "prefix":
            return prefix(field, draw(value))
        case _:
            low, high = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
            is_between = low and high
            if is_between and field == "day":
                value = st.sampled_from(DAYS)
            bounds = [Bound(draw(value), is_between or draw(st.booleans())) if given else None for given in (low, high)]
            return in_range(field, *bounds)


predicates = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(negation),
        st.lists(inner, min_size=1, max_size=3).map(conjunction),
        st.lists(inner, min_size=1, max_size=3).map(disjunction),
    ),
    max_leaves=8,
)
