"""Weights of tokens: what is accepted, in which forms, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import rocchio
from rocchio.engine.records import check_record, from_arrow, to_arrow
from rocchio.engine.sparse_values import column_of_arrow, column_of_dicts
from rocchio.errors import InvalidArgument
from rocchio.storage.documents import SPARSE_TYPE, arrow_schema
from rocchio.storage.schema import Schema

SCHEMA = Schema({"text": rocchio.text(), "s": rocchio.sparse()}, "whitespace")
FIELD = SCHEMA.fields["s"]


def stored(value: Any) -> Any:
    """As `to_arrow` stores it, the fast way and the slow one."""
    batch, bad = to_arrow([{"doc_id": "a", "s": value}], SCHEMA)
    assert bad == []
    assert batch.schema == arrow_schema(SCHEMA)
    checked = check_record({"doc_id": "a", "s": value}, SCHEMA)["s"]
    slow = pa.array([checked], SPARSE_TYPE)
    assert batch.column("s").to_pylist() == slow.to_pylist()
    return batch.column("s").to_pylist()[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": 1.5, "b": 2}, [("a", 1.5), ("b", 2.0)]),
        ({"b": 1.0, "a": 1.0}, [("b", 1.0), ("a", 1.0)]),
        ({"a": np.float32(0.5), "b": np.int64(3), "c": np.float64(0.25)}, [("a", 0.5), ("b", 3.0), ("c", 0.25)]),
        ({"a": 0.0, "b": 1, "c": 0, "d": 1e-60, "e": None}, [("b", 1.0)]),
        ({}, []),
        ({"a": 0}, []),
        (None, None),
        ({"日本": 1.0, "\x00": 2.0, "with space": 0.5}, [("日本", 1.0), ("\x00", 2.0), ("with space", 0.5)]),
        ([("a", 1.0), ["b", 2.0]], [("a", 1.0), ("b", 2.0)]),
        ([{"token": "a", "weight": 1.0}], [("a", 1.0)]),
        ({"a": 2.0**31 / 100}, [("a", float(np.float32(2.0**31 / 100)))]),
    ],
)
def test_accepted(given: Any, expected: Any) -> None:
    assert stored(given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": float("nan")}, ["expected finite weights", "nan"]),
        ({"a": float("inf")}, ["expected finite weights", "inf"]),
        ({"a": -0.5}, ["expected weights of at least 0", "-0.5", "leave it out"]),
        ({"a": True}, ["expected a number as the weight of 'a'", "True"]),
        ({"a": "1"}, ["expected a number", "'1'"]),
        ({1: 1.0}, ["expected tokens that are strings and not empty", "1"]),
        ({b"a": 1.0}, ["expected tokens that are strings", "b'a'"]),
        ({"": 1.0}, ["expected tokens that are strings and not empty", "''"]),
        ({"\ud800": 1.0}, ["expected tokens in Unicode", "lone surrogate"]),
        ({"a": 2.0**31 / 99}, ["at most 2^31 / scale"]),
        ({"a": 1.5e7, "b": 1.5e7}, ["add up to at most 2^31 / scale"]),
        ({"a": 10**400}, ["at most 2^31 / scale"]),
        ("a text", ["expected {token: weight}", "'a text'"]),
        (3, ["expected {token: weight}"]),
        ([("a", 1.0), ("a", 2.0)], ["each token once", "'a' twice"]),
        (["a"], ["(token, weight)", "'a'"]),
        ([{"term": "a", "weight": 1}], ["(token, weight)"]),
    ],
)
def test_refused(given: Any, words: list[str]) -> None:
    good = {"doc_id": "good", "s": {"a": 1.0}}
    batch, bad = to_arrow([good, {"doc_id": "bad", "s": given}, good], SCHEMA)
    assert batch.num_rows == 2
    ((position, reason),) = bad
    assert position == 1
    assert reason.startswith("field 's': expected")
    for word in words:
        assert word in reason, reason


MAPS = pa.array([[("a", 1.0), ("b", 2.0)], None, [], [("c", 0.5)]], pa.map_(pa.string(), pa.float64()))
STRUCTS = pa.array(
    [[{"weight": 1.0, "token": "a"}, {"weight": 2.0, "token": "b"}], None, [], [{"weight": 0.5, "token": "c"}]],
    pa.list_(pa.struct([("weight", pa.float32()), ("token", pa.large_string())])),
)
WIDE = pa.array([{"a": 1.0, "b": 2.0, "c": None}, None, {}, {"c": 0.5}])
EXPECTED = [[("a", 1.0), ("b", 2.0)], None, [], [("c", 0.5)]]


@pytest.mark.parametrize("values", [MAPS, STRUCTS, WIDE], ids=["map", "list of structs", "struct"])
def test_arrow_forms(values: pa.Array) -> None:
    batch = pa.record_batch({"doc_id": [str(i) for i in range(len(values))], "s": values})
    for begin in range(len(values)):
        for end in range(begin + 1, len(values) + 1):
            columns, bad = from_arrow(batch.slice(begin, end - begin), SCHEMA)
            assert bad == []
            assert columns.column("s").to_pylist() == EXPECTED[begin:end]
            columns.validate(full=True)


def test_what_is_well_formed_goes_the_fast_way() -> None:
    for values in (MAPS, STRUCTS, MAPS.slice(1, 3), STRUCTS.slice(3)):
        assert column_of_arrow(values, FIELD) is not None
    assert column_of_dicts([{"a": 1, "b": 0.0}, None, {}], FIELD) is not None


@pytest.mark.parametrize(
    ("items", "word"),
    [
        ([("a", 1.0), ("a", 2.0)], "twice"),
        ([("a", -1.0)], "at least 0"),
        ([("a", float("nan"))], "finite"),
        ([("", 1.0)], "not empty"),
    ],
)
def test_arrow_refusals(items: list[tuple[str, float]], word: str) -> None:
    values = pa.array([[("a", 1.0)], items], pa.map_(pa.string(), pa.float64()))
    columns, bad = from_arrow(pa.record_batch({"doc_id": ["g", "b"], "s": values}), SCHEMA)
    assert columns.num_rows == 1
    assert bad[0][0] == 1
    assert word in bad[0][1]


@pytest.mark.parametrize("scale", [0, -1, 1e-4, 1e7, float("nan"), "100", True, None])
def test_scale(scale: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"expected a scale from 1e-3 to 1e6, found .*; 100 keeps two decimals"):
        rocchio.sparse(scale=scale)


def test_schema_round_trip() -> None:
    schema = Schema({"s": rocchio.sparse(scale=2.5), "x": rocchio.number()}, "whitespace")
    assert Schema.from_json(schema.to_json()) == schema
    assert str(schema.fields["s"]) == "sparse(scale=2.5)"
    assert "scale" not in schema.to_json()["fields"]["x"]
