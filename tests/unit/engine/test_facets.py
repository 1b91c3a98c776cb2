"""Facets count exactly what a loop over the documents counts."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.engine import facets
from rocchio.engine.facet_ranges import MOST_RANGES, date_ranges, number_ranges
from rocchio.errors import InvalidArgument

FIELDS = {
    "text": rocchio.text(),
    "lang": rocchio.keyword(),
    "tags": rocchio.keyword(),
    "year": rocchio.number(integer=True),
    "price": rocchio.number(),
    "draft": rocchio.bool(),
    "day": rocchio.date(),
}


def documents(count: int = 300) -> list[dict[str, Any]]:
    random = np.random.default_rng(8)
    made = []
    for number in range(count):
        document: dict[str, Any] = {"doc_id": f"d{number:03}", "text": ["alpha", "beta", "alpha beta"][number % 3]}
        if number % 7:
            document["lang"] = ["en", "de", "fr"][int(random.integers(3))]
            document["tags"] = [f"t{each}" for each in random.integers(0, 9, 3)]
        if number % 5:
            document |= {"year": int(random.integers(1950, 2025)), "price": float(random.normal(0, 1000))}
            document |= {"draft": bool(random.integers(2)), "day": dt.datetime(2000 + number % 20, 5, 6, tzinfo=dt.UTC)}
        made.append(document)
    return made


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    """Of three segments, with deletions."""
    made = documents()
    col = rocchio.create(tmp_path / "c", fields=FIELDS)
    for first in range(0, 300, 100):
        col.add(made[first : first + 100])
        col.commit()
    col.delete([f"d{number:03}" for number in range(0, 300, 11)])
    col.commit()
    return col


def wanted(col: rocchio.Collection, **chosen: Any) -> list[dict[str, Any]]:
    return [col.get(each["doc_id"]) for each in documents() if each["doc_id"] in col and chosen.get("keep", bool)(each)]


def test_counts_are_those_of_a_loop(col: rocchio.Collection):
    found = col.facets(values=1000)
    every = wanted(col)
    assert found.documents == len(every) == len(col)
    for name in ("lang", "tags", "draft", "year", "price", "day"):
        present = [each[name] for each in every if each.get(name) not in (None, [])]
        facet = found.fields[name]
        assert facet.missing == len(every) - len(present)
        values = Counter(value for each in present for value in (set(each) if isinstance(each, list) else [each]))
        if name in ("lang", "tags", "draft"):
            assert {each.value: each.count for each in facet.values} == values
            assert [each.count for each in facet.values] == sorted(values.values(), reverse=True)
        assert facet.distinct == len(values)
    for name in ("year", "price"):
        present = [each[name] for each in every if each.get(name) is not None]
        ranges = found.fields[name].ranges
        assert 2 <= len(ranges) <= MOST_RANGES
        assert [each.count for each in ranges] == [sum(r.low <= v < r.high for v in present) for r in ranges]
        assert sum(each.count for each in ranges) == len(present)


def test_under_a_filter_and_among_hits(col: rocchio.Collection):
    found = col.facets(["lang"], where="year >= 2000")
    assert found.documents == col.count("year >= 2000")
    assert {each.value: each.count for each in found.fields["lang"].values} == {
        lang: count for lang in ("en", "de", "fr") if (count := col.count(f"year >= 2000 AND lang = '{lang}'"))
    }
    hits = [hit.doc_id for hit in col.search("alpha", k=50)]
    among = col.facets(["tags"], where="year >= 2000", among=[*hits, "unknown"])
    assert among.documents == sum((col.get(each).get("year") or 0) >= 2000 for each in hits)
    assert col.facets(among=[]).documents == 0


def test_values_are_cut_and_ties_ordered(col: rocchio.Collection):
    facet = col.facets(["tags"], values=3).fields["tags"]
    assert len(facet.values) == 3
    assert facet.distinct == 9


def test_a_field_of_names_is_no_facet(col: rocchio.Collection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(facets, "MOST_DISTINCT", 8)
    facet = col.facets(["tags"]).fields["tags"]
    assert (facet.distinct, facet.values) == (None, ())


def test_few_numbers_are_values(tmp_path: Path):
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "n": rocchio.number(integer=True)})
    col.add({"doc_id": str(number), "n": number % 4} for number in range(10))
    col.commit()
    assert [(each.value, each.count) for each in col.facets().fields["n"].values] == [(0, 3), (1, 3), (2, 2), (3, 2)]
    empty = rocchio.create(tmp_path / "e", fields=FIELDS)
    assert empty.facets().to_dict()["documents"] == 0


def test_documents_of_several_passages_count_once(tmp_path: Path):
    fields = {"text": rocchio.text(passages=rocchio.passages(tokens=5, overlap=0)), "lang": rocchio.keyword()}
    col = rocchio.create(tmp_path / "c", fields=fields)
    words = "one two three four five. six seven eight nine ten. eleven twelve."
    col.add([{"doc_id": "a", "text": words, "lang": "en"}, {"doc_id": "b", "text": "six", "lang": "de"}])
    col.commit()
    found = col.facets(among=[hit.doc_id for hit in col.search("six")])
    assert found.documents == 2
    assert {each.value: each.count for each in found.fields["lang"].values} == {"de": 1, "en": 1}


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 37.5, 1e6, 1e12])
@pytest.mark.parametrize("shift", [0.0, 1.0, -1e5])
def test_ranges_hold_every_number(scale: float, shift: float):
    numbers = np.random.default_rng(1).normal(size=500) * scale + shift
    ranges = number_ranges(numbers)
    assert 1 <= len(ranges) <= MOST_RANGES
    assert sum(each.count for each in ranges) == 500
    assert ranges[0].low <= numbers.min() <= numbers.max() < ranges[-1].high
    assert all(one.high == other.low for one, other in itertools.pairwise(ranges))


@pytest.mark.parametrize("days", [0.01, 1, 40, 400, 9000, 700_000])
def test_ranges_hold_every_date(days: float):
    random = np.random.default_rng(2)
    micro = np.int64(86_400_000_000)
    dates = (random.random(300) * days * micro).astype(np.int64) - 5000 * micro
    ranges = date_ranges(dates)
    assert 1 <= len(ranges) <= MOST_RANGES
    assert sum(each.count for each in ranges) == 300
    assert str(ranges[0].low) <= str(np.datetime64(int(dates.min()), "us"))
    assert date_ranges(dates[:0]) == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": ["text"]}, "found 'text'"),
        ({"fields": ["other"]}, "found 'other'"),
        ({"fields": "lang"}, "expected a list of fields"),
        ({"values": 0}, "from 1 to 1000 values"),
        ({"values": True}, "from 1 to 1000 values"),
        ({"where": "lang >"}, "\\^"),
    ],
    ids=["text", "unknown", "string", "zero", "bool", "filter"],
)
def test_refusals(col: rocchio.Collection, options: dict[str, Any], said: str):
    with pytest.raises(InvalidArgument, match=said):
        col.facets(**options)
