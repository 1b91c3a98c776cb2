"""What users hand over becomes typed columns, or a reason in words; Arrow data takes the same path."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import rocchio
from rocchio.engine.records import check_record, from_arrow, to_arrow
from rocchio.storage.documents import arrow_schema
from rocchio.storage.schema import Schema

SCHEMA = Schema(
    {
        "text": rocchio.text(),
        "tag": rocchio.keyword(),
        "x": rocchio.number(),
        "n": rocchio.number(integer=True),
        "day": rocchio.date(),
        "ok": rocchio.bool(),
    },
    "whitespace",
)
UTC = dt.UTC
PLUS2 = dt.timezone(dt.timedelta(hours=2))


def _name(value: Any) -> str:
    """The same in every process: sets have no order of their own."""
    return repr(sorted(value) if isinstance(value, set | frozenset) else value)


def stored(record: dict[str, Any]) -> dict[str, Any]:
    batch, bad = to_arrow([record], SCHEMA)
    assert bad == []
    assert batch.schema == arrow_schema(SCHEMA)
    return batch.to_pylist()[0]


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("text", "a text", "a text"),
        ("text", "", ""),
        ("text", None, None),
        ("text", "naïve 日本 \x00 🚀", "naïve 日本 \x00 🚀"),
        ("text", np.str_("numpy"), "numpy"),
        ("tag", "one", ["one"]),
        ("tag", ["b", "a"], ["b", "a"]),
        ("tag", ("b", "a"), ["b", "a"]),
        ("tag", {"b", "a", "c"}, ["a", "b", "c"]),
        ("tag", frozenset({"b", "a"}), ["a", "b"]),
        ("tag", [], []),
        ("tag", "", [""]),
        ("tag", None, None),
        ("x", 3, 3.0),
        ("x", 1.5, 1.5),
        ("x", -0.0, -0.0),
        ("x", 2**53, 2.0**53),
        ("x", -(2**53), -(2.0**53)),
        ("x", 1e300, 1e300),
        ("x", np.float32(0.5), 0.5),
        ("x", np.float64(0.1), 0.1),
        ("x", np.int8(-3), -3.0),
        ("x", np.uint64(7), 7.0),
        ("n", 2**63 - 1, 2**63 - 1),
        ("n", -(2**63), -(2**63)),
        ("n", 3.0, 3),
        ("n", np.int64(2**60 + 1), 2**60 + 1),
        ("n", np.uint16(5), 5),
        ("day", "2024-02-29", dt.datetime(2024, 2, 29, tzinfo=UTC)),
        ("day", "2024-02-29T12:30:00", dt.datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("day", "2024-02-29T12:30:00Z", dt.datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("day", "2024-02-29T00:30:00+02:00", dt.datetime(2024, 2, 28, 22, 30, tzinfo=UTC)),
        ("day", "2024-02-29T12:30:00.123456", dt.datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=UTC)),
        ("day", dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, tzinfo=UTC)),
        ("day", dt.datetime(2024, 2, 29, 1, 2, 3, 4), dt.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC)),
        ("day", dt.datetime(2024, 2, 29, 1, tzinfo=PLUS2), dt.datetime(2024, 2, 28, 23, tzinfo=UTC)),
        ("day", dt.date(1, 1, 1), dt.datetime(1, 1, 1, tzinfo=UTC)),
        ("day", dt.datetime.max, dt.datetime.max.replace(tzinfo=UTC)),
        ("ok", True, True),
        ("ok", False, False),
        ("ok", np.bool_(True), True),
    ],
    ids=_name,
)
def test_values_as_stored(field: str, given: Any, expected: Any) -> None:
    found = stored({"doc_id": "d", field: given})[field]
    assert found == expected
    assert type(found) is type(expected)
    assert check_record({"doc_id": "d", field: given}, SCHEMA)[field] == expected


JUNK = [
    b"bytes", bytearray(b"x"), object(), {"a": 1}, [[1]], [None], [["a"]], {"a"}, (1,), 1j, lambda: 0,
    decimal.Decimal("1.5"), np.array([1, 2]), np.datetime64("2024-01-01"), dt.time(1), dt.timedelta(1),
    float("nan"), "text", 3, 2.5, True, "\udc80", np.float64("inf"), np.bytes_(b"x"), type,
]  # fmt: skip
WELCOME = {
    "text": [str],
    "tag": [str, list, set, tuple],
    "x": [int, float],
    "n": [int],
    "day": [str],
    "ok": [bool],
}


@pytest.mark.parametrize("field", list(SCHEMA.fields))
@pytest.mark.parametrize("value", JUNK, ids=lambda value: type(value).__name__)
def test_junk_is_stored_or_refused_with_a_reason(field: str, value: Any) -> None:
    records = [{"doc_id": "a"}, {"doc_id": "b", field: value}, {"doc_id": "c", field: None}]
    batch, bad = to_arrow(records, SCHEMA)
    assert batch.column("doc_id").to_pylist() == (["a", "c"] if bad else ["a", "b", "c"])
    batch.validate(full=True)
    for position, reason in bad:
        assert position == 1
        assert f"field {field!r}: expected" in reason
    if not bad:
        assert any(isinstance(value, kind) for kind in WELCOME[field])


@pytest.mark.parametrize("field", ["x", "n"])
def test_a_number_beyond_float64(field: str) -> None:
    batch, bad = to_arrow([{"doc_id": "a", field: 10**400}, {"doc_id": "b", field: 1}], SCHEMA)
    assert batch.num_rows == 1
    assert f"field {field!r}: expected" in bad[0][1]


def test_one_bad_value_does_not_touch_the_others() -> None:
    records = [{"doc_id": f"d{i}", "text": "x", "x": i} for i in range(10)]
    records[3]["x"] = "three"
    records[7]["doc_id"] = ""
    batch, bad = to_arrow(records, SCHEMA)
    assert batch.column("doc_id").to_pylist() == ["d0", "d1", "d2", "d4", "d5", "d6", "d8", "d9"]
    assert batch.column("x").to_pylist() == [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 9.0]
    assert [position for position, _ in bad] == [3, 7]


def test_both_paths_agree() -> None:
    """Whole columns of plain values and one record at a time give the same columns."""
    plain = [
        {"doc_id": f"d{i}", "text": f"t{i}", "tag": ["a"] if i % 2 else "b", "x": i / 2, "n": i, "ok": i > 2}
        for i in range(6)
    ]
    whole, bad = to_arrow(plain, SCHEMA)
    assert bad == []
    slow, bad = to_arrow([*plain, {"doc_id": "odd", "day": dt.date(2024, 1, 1), "x": "no"}], SCHEMA)
    assert len(bad) == 1
    assert slow == whole


@pytest.mark.parametrize("size", [4095, 4096, 4097])
@pytest.mark.parametrize("char", ["x", "é", "日"])
def test_length_of_a_doc_id(size: int, char: str) -> None:
    doc_id = char * (size // len(char.encode())) + "x" * (size % len(char.encode()))
    batch, bad = to_arrow([{"doc_id": doc_id}], SCHEMA)
    assert (batch.num_rows, len(bad)) == ((1, 0) if size <= 4096 else (0, 1))
    table = pa.record_batch({"doc_id": [doc_id]})
    assert from_arrow(table, SCHEMA)[0].num_rows == batch.num_rows


def test_subclasses_of_dict_and_no_records() -> None:
    from collections import OrderedDict, defaultdict

    assert stored(OrderedDict(doc_id="d", text="x"))["text"] == "x"
    assert stored(defaultdict(str, doc_id="d", text="x"))["text"] == "x"
    assert to_arrow([], SCHEMA)[0].num_rows == 0


# ---- Arrow


def table(**columns: Any) -> pa.RecordBatch:
    return pa.record_batch({"doc_id": pa.array(["a", "b", "c"]), **columns})


@pytest.mark.parametrize(
    ("field", "column", "expected"),
    [
        ("text", pa.array(["x", None, "z"]), ["x", None, "z"]),
        ("text", pa.array(["x", None, "z"], pa.large_string()), ["x", None, "z"]),
        ("text", pa.array(["x", None, "z"], pa.string_view()), ["x", None, "z"]),
        ("text", pa.array(["x", "x", None]).dictionary_encode(), ["x", "x", None]),
        ("text", pa.nulls(3), [None, None, None]),
        ("tag", pa.array(["x", None, "z"]), [["x"], None, ["z"]]),
        ("tag", pa.array([["x", "y"], None, []]), [["x", "y"], None, []]),
        ("tag", pa.array([["x"], None, []], pa.large_list(pa.large_string())), [["x"], None, []]),
        ("tag", pa.array(["x", "y", "x"]).dictionary_encode(), [["x"], ["y"], ["x"]]),
        ("x", pa.array([1, None, 3]), [1.0, None, 3.0]),
        ("x", pa.array([1.5, None, 3], pa.float32()), [1.5, None, 3.0]),
        ("x", pa.array([1, 2, 3], pa.uint8()), [1.0, 2.0, 3.0]),
        ("n", pa.array([1, None, 3], pa.int16()), [1, None, 3]),
        ("n", pa.array([1.0, None, 3.0]), [1, None, 3]),
        ("n", pa.array([1, 2, 2**63 - 1], pa.uint64()), [1, 2, 2**63 - 1]),
        ("ok", pa.array([True, None, False]), [True, None, False]),
        ("day", pa.array([dt.date(2024, 1, 1), None, None]), [dt.datetime(2024, 1, 1, tzinfo=UTC), None, None]),
        (
            "day",
            pa.array([dt.datetime(2024, 1, 1, 5), None, None], pa.timestamp("ms")),
            [dt.datetime(2024, 1, 1, 5, tzinfo=UTC), None, None],
        ),
        (
            "day",
            pa.array([dt.datetime(2024, 1, 1, 5, tzinfo=PLUS2), None, None], pa.timestamp("us", tz="UTC")),
            [dt.datetime(2024, 1, 1, 3, tzinfo=UTC), None, None],
        ),
        ("day", pa.array(["2024-01-01", None, None]), [dt.datetime(2024, 1, 1, tzinfo=UTC), None, None]),
    ],
    ids=lambda value: str(getattr(value, "type", ""))[:20],
)
def test_arrow_columns(field: str, column: pa.Array, expected: list[Any]) -> None:
    batch, bad = from_arrow(table(**{field: column}), SCHEMA)
    assert bad == []
    assert batch.schema == arrow_schema(SCHEMA)
    assert batch.column(field).to_pylist() == expected


def test_arrow_doc_ids() -> None:
    for ids in (pa.array(["a", "b"], pa.large_string()), pa.array(["a", "b"]).dictionary_encode()):
        batch, bad = from_arrow(pa.record_batch({"doc_id": ids}), SCHEMA)
        assert (batch.column("doc_id").to_pylist(), bad) == (["a", "b"], [])
    batch, bad = from_arrow(pa.record_batch({"doc_id": pa.array(["a", None, ""])}), SCHEMA)
    assert batch.column("doc_id").to_pylist() == ["a"]
    assert [position for position, _ in bad] == [1, 2]
    batch, bad = from_arrow(pa.record_batch({"doc_id": pa.array([1, 2])}), SCHEMA)
    assert batch.num_rows == 0
    assert "expected a doc_id that is a string" in bad[0][1]


@pytest.mark.parametrize(
    ("field", "column", "words"),
    [
        ("x", pa.array([1.0, float("nan"), 2.0]), "finite"),
        ("x", pa.array([1, 2**53 + 1, 2]), "float64 holds exactly"),
        ("n", pa.array([1, 2**63, 2], pa.uint64()), "64 bits"),
        ("n", pa.array([1.0, 1.5, 2.0]), "whole number"),
        ("text", pa.array([None, 3, None]), "expected a string"),
        ("ok", pa.array([None, 1, None]), "expected true or false"),
        ("tag", pa.array([["a"], [None], ["b"]]), "list of strings"),
    ],
)
def test_arrow_values_that_do_not_fit(field: str, column: pa.Array, words: str) -> None:
    batch, bad = from_arrow(table(**{field: column}), SCHEMA)
    assert batch.column("doc_id").to_pylist() == ["a", "c"]
    ((position, reason),) = bad
    assert position == 1
    assert f"field {field!r}: " in reason
    assert words in reason


def test_slices_keep_their_rows() -> None:
    whole = pa.record_batch({"doc_id": [f"d{i}" for i in range(10)], "text": [f"t{i}" for i in range(10)]})
    batch, bad = from_arrow(whole.slice(3, 4), SCHEMA)
    assert bad == []
    assert batch.column("text").to_pylist() == ["t3", "t4", "t5", "t6"]


def test_strings_that_are_no_utf8() -> None:
    ids = pa.array(["a", "b", "c"])
    broken = pa.StringArray.from_buffers(3, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"x\xffz"))
    batch, bad = from_arrow(pa.record_batch({"doc_id": ids, "text": broken}), SCHEMA)
    assert [position for position, _ in bad] == [1]
    assert batch.num_rows == 2
