"""What a wrong filter says, with a mark under the place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.errors import InvalidArgument, NotFound
from rocchio.filters.predicate import conjunction, disjunction

FIELDS = {
    "text": rocchio.text(),
    "year": rocchio.number(),
    "lang": rocchio.keyword(),
    "draft": rocchio.bool(),
    "day": rocchio.date(),
    "v": rocchio.vector(2),
}


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    col = rocchio.create(tmp_path_factory.mktemp("filters") / "c", fields=FIELDS)
    col.add({"doc_id": "a", "text": "one", "year": 2020, "v": [1, 0]})
    col.add({"doc_id": "b", "text": "one", "year": 2021, "v": [1, 1]})
    col.commit()
    return col


@pytest.mark.parametrize(
    ("where", "message", "mark"),
    [
        ("yaer >= 2020", "unknown field 'yaer', expected one of", "^^^^"),
        ("year >= 2020 AND lagn = 'en'", "did you mean 'lang'?", " " * 17 + "^^^^"),
        ("year = 'x'", "expected a number to compare the number field 'year' with, found 'x'", "       ^^^"),
        ("lang IN ('en', 5)", "expected a string to compare the keyword field 'lang' with, found 5", " " * 15 + "^"),
        ("year = DATE '2020-01-01'", "dates are compared with date fields", "       " + "^" * 17),
        ("draft = 1", "expected TRUE or FALSE to compare the bool field 'draft' with, found 1", "        ^"),
        ("draft > TRUE", "expected = or != with the bool field 'draft'", "      ^"),
        ("day > 'soon'", "expected a date in ISO 8601 form like '2024-05-31', found 'soon'", "      ^^^^^^"),
        ("year STARTS WITH '2'", "expected a keyword field for STARTS WITH, found 'year'", "^^^^"),
        ("year CONTAINS 5", "expected a keyword field for CONTAINS, found 'year', a number field", "^^^^"),
        ("text = 'one'", "found 'text', a text field; search it, or keep what you filter by", "^^^^"),
        ("v IS NULL", "found 'v', a vector field", "^"),
        ("NOT year", "expected a number to compare the number field 'year' with, found TRUE", "    ^^^^"),
        ("year >=", "expected a value, found the end of the predicate", "       ^"),
        ("year >= 2020 AND", "found the end of the predicate", " " * 16 + "^"),
        ("year LIKE 'x'", "found LIKE; write STARTS WITH 'beginning'", "     ^^^^"),
        ("year = NULL", "found NULL; write IS NULL", "       ^^^^"),
        ("year > 1 && draft", "cannot read '&'; write AND", " " * 9 + "^"),
        ('lang = "en"', "strings stand in single quotes", '       ^^^^'),
        ("lang = 'en", "a string ends with a single quote", "       ^"),
        ("(year > 1", "expected ), found the end", " " * 9 + "^"),
        ("year > 1)", "found ); no ( stands before it", " " * 8 + "^"),
        ("year = 99999999999999999999", "expected a whole number of 64 bits", "       " + "^" * 20),
        ("year = 1e999", "expected a finite number", "       ^^^^^"),
        ("year BETWEEN 1 AND 'a'", "expected a number to compare the number field", " " * 19 + "^^^"),
        ("((" * 30 + "draft", "expected at most 50 levels of parentheses and NOT, found more", " " * 50 + "^"),
    ],
)  # fmt: skip
def test_mistakes_in_a_text_are_marked(col: rocchio.Collection, where: str, message: str, mark: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        col.search("one", where=where)
    text = str(caught.value)
    assert message in text
    assert text.splitlines()[-1][2:] == mark, text


def test_marks_stand_right_in_long_texts_and_on_several_lines(col: rocchio.Collection) -> None:
    long = " OR ".join(["lang = 'en'"] * 30) + " OR yaer = 1 OR " + " OR ".join(["lang = 'de'"] * 30)
    with pytest.raises(InvalidArgument) as caught:
        col.count(long)
    shown, marks = str(caught.value).splitlines()[1:]
    assert len(shown) < 120
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "yaer"
    with pytest.raises(InvalidArgument, match="line 2, character 12"):
        col.count("lang = 'en'\nAND year = 'x'")
    with pytest.raises(InvalidArgument) as caught:
        col.count("lang = '日本' AND yaer = 1")
    assert str(caught.value).splitlines()[2] == " " * 2 + " " * 18 + "^^^^"  # two columns for each of these


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (5, "expected where as a text like"),
        ({"year": 2020}, "expected where as a text like"),
        ("", "expected a predicate like year >= 2020, found an empty text"),
        ("year = 1 OR " * 900, "expected a predicate of at most 10,000 characters"),
        (rocchio.field("nope") == 1, "unknown field 'nope'"),
        (rocchio.field("year") == "x", "expected a number to compare"),
        (rocchio.field("year"), "expected a number to compare the number field 'year' with, found TRUE"),
        (rocchio.field("draft") > True, "expected = or != with the bool field"),
        (rocchio.field("year").starts_with("x"), "expected a keyword field for STARTS WITH"),
    ],
)
def test_mistakes_without_a_place(col: rocchio.Collection, where: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message.replace("(", "\\(")):
        col.count(where)


def test_mistakes_in_expressions() -> None:
    year = rocchio.field("year")
    for make, message in {
        lambda: rocchio.field(3): "expected the name of a field",
        lambda: year == -math.inf: "expected a finite number",
        lambda: year == 2**64: "expected a whole number of 64 bits",
        lambda: year == "\ud800": "expected Unicode text",
        lambda: year >= None: r"found NoneType; is_null\(\) finds",
        lambda: year == b"x": "expected a number, a string, a date or a bool, found bytes",
        lambda: year.isin("abc"): "expected a list of values",
        lambda: year.isin(range(100_001)): "expected at most 100,000 values",
        lambda: year.between(1, "b"): "expected two values of one kind",
        lambda: year.starts_with(3): "expected a string that 'year' starts with",
        lambda: 1 <= year <= 5: "expected predicates to be combined with &, | and ~",
        lambda: (year >= 1) and (year < 5): "expected predicates to be combined",
        lambda: (year >= 1) & 5: "expected a predicate like rocchio.field",
        lambda: conjunction([]): "expected at least one predicate",
    }.items():
        with pytest.raises(InvalidArgument, match=message):
            make()


def test_too_deep_expressions_are_refused() -> None:
    deep = rocchio.field("a") == 1
    with pytest.raises(InvalidArgument, match="expected at most 50 levels of AND and OR"):
        for level in range(60):
            both = [deep, rocchio.field(f"f{level}") == 1]
            deep = disjunction(both) if level % 2 else conjunction(both)


def test_lists_of_filters_need_as_many_queries(col: rocchio.Collection) -> None:
    with pytest.raises(InvalidArgument, match="found 1 for 2 queries"):
        col.search(["one", "two"], where=["year = 1"])
    with pytest.raises(InvalidArgument, match="found 1 for one query"):
        col.search("one", where=["year = 1"])
    with pytest.raises(InvalidArgument, match="found 2 for one query"):
        col.search([1.0, 2.0], field="v", where=["year = 1", "year = 2"])
    with pytest.raises(InvalidArgument, match="found 2 for one query"):
        col.search(np.ones(2), field="v", where=["year = 1", "year = 2"])
    with pytest.raises(InvalidArgument, match="expected 2 query_ids"):
        col.search(["one", "two"], where=["year = 1", None], query_ids=["q"])
    assert col.search(["one", "one"], where=["year = 2020", None]).doc_ids == [["a"], ["a", "b"]]


def test_what_a_filter_excludes_is_not_explained(col: rocchio.Collection) -> None:
    assert col.explain("one", "a", where="year = 2020").score > 0
    with pytest.raises(NotFound, match="expected a document that the filter allows"):
        col.explain("one", "b", where="year = 2020")


def test_the_cache_of_masks_stays_below_its_bound(tmp_path: Path) -> None:
    from rocchio.engine.filtering import Filters

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "n": rocchio.number()})
    col.add({"doc_id": str(n), "text": "x", "n": n} for n in range(1000))
    col.commit()
    snapshot = col.snapshot()
    filters = Filters(snapshot.segments, snapshot.schema, most_bytes=1000)
    for _ in range(2):
        for n in range(20):
            assert filters.masks(filters.predicate(f"n < {n}")).count == n
            assert filters._kept_bytes <= 1000 and len(filters._kept) <= 6
