"""Predicates are values in normal form whose text parses back; any text gives a value or a clear error."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.filter_strategies import FIELDS, predicates

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.filters import Predicate, parse, typed
from rocchio.filters.parse import MAX_LENGTH
from rocchio.storage.schema import Schema

SCHEMA = Schema(FIELDS | {"AND": rocchio.keyword(), 'a "b" c': rocchio.bool(), "date": rocchio.date()}, "whitespace")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("n>=2020 and Tags contains 'x'", "Tags = 'x' AND n >= 2020"),
        ("n = 1 OR n IN (3, 2, 2) or n = 1", "n IN (1, 2, 3)"),
        ("n != 1 AND n <> 2", "n NOT IN (1, 2)"),
        ("NOT (flag AND n < 3)", "flag = FALSE OR n >= 3"),
        ("NOT NOT flag", "flag = TRUE"),
        ("n > 1 AND x = 2 AND n >= 1 AND n <= 9 AND n < 10", "n > 1 AND n <= 9 AND x = 2"),
        ("n >= 1 AND n <= 9", "n BETWEEN 1 AND 9"),
        ("NOT n BETWEEN 1 AND 9", "n < 1 OR n > 9"),
        ("5 < n", "n > 5"),
        ("2 = n", "n = 2"),
        ("tags >= 'a' AND tags <= 'b'", "tags <= 'b' AND tags >= 'a'"),
        ("tags NOT BETWEEN 'a' AND 'b'", "tags NOT BETWEEN 'a' AND 'b'"),
        ("NOT tags > 'a'", "NOT tags > 'a'"),
        ("NOT tags STARTS  WITH 'it''s'", "tags NOT STARTS WITH 'it''s'"),
        ("day >= DATE '2020-01-01' AND day < timestamp '2020-02-01T01:00:00+01:00'",
         "day >= DATE '2020-01-01' AND day < DATE '2020-02-01'"),
        ("n IS NULL OR NOT n IS NULL", "n IS NOT NULL OR n IS NULL"),
        ("(a = 1 OR b = 2) AND c = 3", "(a = 1 OR b = 2) AND c = 3"),
        ("a = 1 OR b = 2 AND c = 3", "a = 1 OR b = 2 AND c = 3"),
        ("n = 2.0 OR n = -0.0 OR n = 1e2 OR n = .5", "n IN (0, 0.5, 2, 100)"),
        ('"AND" = \'x\' AND "a ""b"" c"', '"AND" = \'x\' AND "a ""b"" c" = TRUE'),
        ("date = DATE '2020-01-01T00:00:00.5Z'", "date = DATE '2020-01-01T00:00:00.500000Z'"),
        ("n IN ()", "n IN ()"),
    ],
)  # fmt: skip
def test_normal_form(text: str, normal: str) -> None:
    assert str(parse(text)) == normal
    assert str(parse(normal)) == normal


def test_dates_are_read_where_the_schema_has_dates() -> None:
    assert str(parse("day >= '2020-01-01' AND day < '2020-02-01T00:00:00+01:00'", SCHEMA)) == (
        "day >= DATE '2020-01-01' AND day < DATE '2020-01-31T23:00:00Z'"
    )
    assert str(parse("date = '2020-01-01'", SCHEMA)) == "date = DATE '2020-01-01'"


@given(predicates)
def test_the_text_of_a_predicate_parses_back_to_it(predicate: Predicate) -> None:
    assert parse(str(predicate)) == predicate
    assert hash(parse(str(predicate))) == hash(predicate)
    fitting = typed(predicate, SCHEMA)
    assert parse(str(fitting), SCHEMA) == parse(str(predicate), SCHEMA) == fitting
    assert typed(fitting, SCHEMA) == fitting


@given(predicates)
def test_negating_twice_changes_nothing(predicate: Predicate) -> None:
    fitting = typed(predicate, SCHEMA)
    assert ~~fitting == fitting


@given(predicates, predicates, predicates)
def test_order_and_repetition_do_not_matter(a: Predicate, b: Predicate, c: Predicate) -> None:
    assert a & b & c == c & (b & a) & a
    assert a | b | c == c | (b | a) | a
    assert ~(a & b) == ~a | ~b


WORDS = st.sampled_from(
    ["n", "x", "tags", "flag", "day", "date", "nope", '"', "'", "'a'", "1", "-1.5e3", "(", ")", ",", "AND", "or", "NOT",
     "IN", "BETWEEN", "IS", "NULL", "CONTAINS", "STARTS WITH", "TRUE", "DATE '2020-01-01'", "<", "<=", "=", "!=", "&",
     "9" * 50, "\x00", "日本", "\n", "__import__('os')", "; DROP TABLE x", "--", "/*"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)))
@example("(" * 10_000)
@example("NOT " * 2_500)
@example("n=1 AND(" * 1_250)
@example("n IN (" + "1," * 4_990)
@example("'" * 9_999)
@example('"' * 10_000)
@example("n = " + "9" * 9_990)
@example("n = 1e999999999")
@example("\ud800 = 1")
@example("day = '10000-01-01'")
@example("day = '0001-01-01T00:00:00+10:00'")
def test_any_text_is_a_predicate_or_a_clear_error(text: str) -> None:
    for schema in (None, SCHEMA):
        try:
            found = parse(text, schema)
        except InvalidArgument as error:
            assert "expected" in str(error) or "cannot read" in str(error) or "unknown field" in str(error)
        else:
            if len(str(found)) <= MAX_LENGTH:
                assert parse(str(found), schema) == found


def test_python_expressions_are_the_same_values() -> None:
    field = rocchio.field
    n, tags, flag = field("n"), field("tags"), field("flag")
    for expression, text in {
        (n >= 2020) & ~flag & tags.contains("x"): "n >= 2020 AND NOT flag AND tags CONTAINS 'x'",
        (n < 1) | (n == 3) | (n != 4): "n < 1 OR n = 3 OR n != 4",
        n.between(1, 5) & (n <= 3) & (n > 0): "n BETWEEN 1 AND 3",
        n.isin([3, 1]) | flag: "n IN (1, 3) OR flag",
        flag & (n == 1): "flag AND n = 1",
        flag | (n == 1): "n = 1 OR flag",
        tags.starts_with("a") & n.is_null(): "tags STARTS WITH 'a' AND n IS NULL",
        (tags == "a") & n.is_not_null(): "tags = 'a' AND n IS NOT NULL",
        ~(n == None): "n IS NOT NULL",  # noqa: E711
    }.items():
        assert expression == parse(text)
    assert repr(n) == "rocchio.field('n')"
