"""Vectors as users hand them over: every kind of array, checked, without needless copies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import rocchio
from rocchio._native import out_of_bounds
from rocchio.engine.columns import columns
from rocchio.engine.records import from_arrow, to_arrow
from rocchio.engine.vector_values import (
    MAX_VALUE,
    MIN_VALUE,
    array_of,
    column_of_arrow,
    column_of_values,
    matrix_of,
    query_matrix,
)
from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema

FIELD = rocchio.vector(3)
SCHEMA = Schema({"v": FIELD, "n": rocchio.number(), "w": rocchio.vector(2, metric="ip", dtype="float16")}, "standard")
GIVEN = [[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]


class Tensor:
    """What rocchio asks of a tensor of torch."""

    def __init__(self, values: np.ndarray, dtype: str) -> None:
        self.values, self.dtype = values, dtype

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def float(self) -> Tensor:
        return Tensor(self.values.astype(np.float32), "torch.float32")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values


class OnlyDlpack:
    """An array that speaks nothing but DLPack."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


def stored(values: list[Any], field: Any = FIELD) -> tuple[list[Any], dict[int, str]]:
    column, reasons = column_of_values(values, field)
    assert len(column) == len(values)
    assert column.type == pa.list_(pa.float16() if field.dtype == "float16" else pa.float32(), field.dim)
    column.validate(full=True)
    return column.to_pylist(), reasons


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int64", ">f4"])
def test_arrays_of_numbers(dtype: str) -> None:
    rows = [np.array([1, 2, 3], dtype), np.array([4, 0, 6], dtype)]
    assert stored(list(rows)) == ([[1, 2, 3], [4, 0, 6]], {})
    assert stored([None, rows[0], None]) == ([None, [1, 2, 3], None], {})
    assert stored([rows[0][::-1], np.stack(rows)[1]]) == ([[3, 2, 1], [4, 0, 6]], {})


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        lambda v: np.array(v, object).tolist(),
        lambda v: pa.array(v, pa.float32()),
        lambda v: pa.chunked_array([v[:1], v[1:]]),
        lambda v: pa.array([v])[0],
        lambda v: pa.array([v], pa.list_(pa.float64(), 3))[0],
        lambda v: [np.float32(x) for x in v],
        lambda v: OnlyDlpack(np.array(v, np.float32)),
        lambda v: Tensor(np.array(v, np.float32), "torch.float32"),
        lambda v: Tensor(np.array(v, np.float32), "torch.bfloat16"),
    ],
    ids=["list", "tuple", "object", "arrow", "chunked", "list scalar", "fixed scalar", "scalars", "dlpack", "torch",
         "bfloat16"],
)  # fmt: skip
def test_whatever_holds_numbers(wrap: Any) -> None:
    assert stored([wrap(given) for given in GIVEN]) == (GIVEN, {})
    queries, single = query_matrix(wrap(GIVEN[0]), "v", FIELD)
    assert (queries.tolist(), queries.dtype, single) == ([GIVEN[0]], np.float32, True)
    queries, single = query_matrix([wrap(given) for given in GIVEN], "v", FIELD)
    assert (queries.tolist(), single) == (GIVEN, False)


def test_whole_numbers_and_fractions_in_lists() -> None:
    assert stored([[1, 2, 3], [0.5, 1, 0], [2**60, 1, 0]]) == ([[1, 2, 3], [0.5, 1, 0], None], {2: REFUSED["large"][1]})


def test_bfloat16_of_numpy() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array(GIVEN, ml_dtypes.bfloat16)
    assert stored(list(array)) == (GIVEN, {})
    assert array_of(array).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int8"])
def test_tensors(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[1, 2, 3], [4, 0, 6]], dtype=getattr(torch, dtype))
    assert stored(list(tensor)) == ([[1, 2, 3], [4, 0, 6]], {})
    assert (
        array_of(tensor.clone().requires_grad_() if tensor.is_floating_point() else tensor).tolist() == tensor.tolist()
    )
    if dtype == "float32":
        assert np.shares_memory(array_of(tensor), tensor.numpy())


REFUSED: dict[str, tuple[Any, str]] = {
    "short": ([1.0, 2.0], "expected a vector of 3 numbers, found 2"),
    "long": (np.ones(4, np.float32), "expected a vector of 3 numbers, found 4"),
    "empty": ([], "expected a vector of 3 numbers, found 0"),
    "matrix": (np.ones((3, 3)), "expected a vector of 3 numbers, found an array of shape (3, 3)"),
    "nested": ([[1.0, 2.0, 3.0]], "expected a vector of 3 numbers, found an array of shape (1, 3)"),
    "scalar": (np.float32(3), "expected a vector of 3 numbers, found an array of shape ()"),
    "nan": ([1.0, float("nan"), 3.0], "expected finite numbers of at most 1e+15, found nan at position 1"),
    "infinite": (np.array([1, 2, -np.inf]), "expected finite numbers of at most 1e+15, found -inf at position 2"),
    "large": ([2**60, 1, 0], "expected finite numbers of at most 1e+15, found 1.152921504606847e+18 at position 0"),
    "beyond float32": ([0, 1e300, 0], "expected finite numbers of at most 1e+15, found 1e+300 at position 1"),
    "zeros": ([0, 0, 0], "expected a vector with a direction for metric cosine, found zeros; leave it out"),
    "almost zeros": ([1e-20, 0, 0], "expected a vector with a direction for metric cosine, found almost zeros"),
    "text": ("alpha", "expected a list of numbers or an array, found 'alpha' (str)"),
    "number": (3.5, "expected a list of numbers or an array, found 3.5 (float)"),
    "texts": (["a", "b", "c"], "expected a list of numbers or an array, found 'a' (str)"),
    "hole": ([1.0, None, 2.0], "expected numbers, found None (NoneType)"),
    "truth": ([True, False, 1.0], "expected numbers, found True (bool)"),
    "truths": (np.array([True, False, True]), "expected numbers, found an array of bool"),
    "objects": (np.array([1, "a", None], object), "expected numbers, found an array of object"),
    "complex": (np.array([1j, 2, 3]), "expected numbers, found an array of complex128"),
    "mapping": ({"a": 1.0}, "expected a list of numbers or an array, found {'a': 1.0} (dict)"),
    "huge": ([10**400, 0, 0], "expected numbers, found"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_vector_is_named(case: str) -> None:
    value, reason = REFUSED[case]
    found, reasons = stored([GIVEN[0], value, None, GIVEN[1]])
    assert found == [GIVEN[0], None, None, GIVEN[1]]
    assert list(reasons) == [1]
    assert reason in reasons[1]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_query_is_named(case: str) -> None:
    value, reason = REFUSED[case]
    if reason.startswith("expected a vector of"):
        reason = "expected queries of 3 numbers for the vector field 'v'"
    if case in ("matrix", "nested", "empty"):  # several queries, or none
        assert len(query_matrix(value, "v", FIELD)[0]) == {"matrix": 3, "nested": 1, "empty": 0}[case]
        return
    with pytest.raises(InvalidArgument) as raised:
        query_matrix(value, "v", FIELD)
    assert reason in str(raised.value)


def test_the_first_wrong_query_is_named_and_zeros_have_a_score_under_other_metrics() -> None:
    queries = np.ones((4, 3), np.float32)
    queries[2], queries[3] = 0, np.nan
    with pytest.raises(InvalidArgument, match="query 2: expected a vector with a direction"):
        query_matrix(queries, "v", FIELD)
    with pytest.raises(InvalidArgument, match=r"query 3: expected finite numbers .* found nan"):
        query_matrix(queries, "v", rocchio.vector(3, metric="l2"))
    found, single = query_matrix(queries[2], "v", rocchio.vector(3, metric="ip"))
    assert found.tolist() == [[0, 0, 0]] and single


# any bits, and many near the bounds
wide = st.one_of(
    st.floats(width=32),
    st.sampled_from([bound * sign for bound in (MIN_VALUE, MAX_VALUE) for sign in (1, -1)]).flatmap(
        lambda bound: st.sampled_from(
            [np.float32(bound), *(np.nextafter(np.float32(bound), np.float32(to)) for to in (0, np.inf, -np.inf))]
        )
    ),
)


@given(
    vectors=st.integers(1, 40).flatmap(
        lambda dim: arrays(np.float32, st.tuples(st.integers(0, 5), st.just(dim)), elements=wide)
    ),
    least=st.sampled_from([0.0, MIN_VALUE]),
)
@settings(max_examples=300, deadline=None)
def test_bounds_are_those_of_the_largest_number(vectors: np.ndarray, least: float) -> None:
    largest = np.abs(vectors).max(axis=1, initial=0)
    fine = (largest <= np.float32(MAX_VALUE)) & (largest >= np.float32(least))  # false for NaN
    assert out_of_bounds(vectors, least, MAX_VALUE) == np.flatnonzero(~fine).tolist()


def test_vectors_of_several_dtypes_are_refused() -> None:
    column, reasons = column_of_values(
        [np.ones(3, np.float32), np.ones(3, np.int8), np.ones(3, np.float32), [1.0, 2.0, 3.0]], FIELD
    )
    assert column.null_count == 2
    assert reasons == {
        1: "expected vectors of one dtype, found int8 after float32; convert them first",
        3: "expected vectors of one dtype, found float64 after float32; convert them first",
    }


def test_float16_says_what_it_cannot_hold() -> None:
    field = rocchio.vector(2, metric="l2", dtype="float16")
    found, reasons = stored([[1.0, 2.0], [1.0, 70000.0], [0.0, 0.0], [1e30, 0.0]], field)
    assert found == [[1.0, 2.0], None, [0.0, 0.0], None]
    assert reasons == {
        1: "expected numbers of at most 65504, as float16 has them, found 70000.0 at position 1; use dtype='float32'",
        3: "expected finite numbers of at most 1e+15, found 1e+30 at position 0",
    }
    with_direction = rocchio.vector(2, dtype="float16")
    assert "found almost zeros" in stored([[1e-9, 0.0]], with_direction)[1][0]  # zeros once they are float16


ARROW = {
    "fixed float32": pa.list_(pa.float32(), 3),
    "fixed float16": pa.list_(pa.float16(), 3),
    "fixed int8": pa.list_(pa.int8(), 3),
    "list float64": pa.list_(pa.float64()),
    "large list": pa.large_list(pa.float32()),
    "whole": pa.list_(pa.int64()),
}


@pytest.mark.parametrize("kind", ARROW.values(), ids=list(ARROW))
def test_arrow_lists(kind: pa.DataType) -> None:
    rows = [[1, 2, 3], None, [0, 5, 0], [4, 4, 4]]
    halves = [None if row is None else [np.float16(x) for x in row] for row in rows]
    values = pa.array(halves if kind == ARROW["fixed float16"] else rows, kind)
    column, reasons = column_of_arrow(values, FIELD)
    assert (column.to_pylist(), reasons) == (rows, {})
    column, reasons = column_of_arrow(values.slice(1, 2), FIELD)
    assert (column.to_pylist(), reasons) == (rows[1:3], {})
    matrix, present = matrix_of(column)
    assert (matrix.tolist(), present.tolist()) == ([[0, 0, 0], [0, 5, 0]], [False, True])


def test_arrow_lists_that_do_not_fit() -> None:
    rows = [[1.0, 2.0, 3.0], [1.0, 2.0], None, [1.0, None, 2.0], [0.0, 1.0, float("nan")], [3.0, 2.0, 1.0]]
    column, reasons = column_of_arrow(pa.array(rows), FIELD)
    assert column.to_pylist() == [rows[0], None, None, None, None, rows[5]]
    assert list(reasons) == [1, 3, 4]
    column, reasons = column_of_arrow(pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)), FIELD)
    assert reasons == {0: "expected a vector of 3 numbers, found 2"}
    column, reasons = column_of_arrow(pa.array(["a", None]), FIELD)
    assert list(reasons) == [0]
    assert column_of_arrow(pa.nulls(2), FIELD)[0].null_count == 2
    assert len(column_of_arrow(pa.array([], pa.list_(pa.float32())), FIELD)[0]) == 0


def test_arrow_tensors() -> None:
    values = pa.FixedShapeTensorArray.from_numpy_ndarray(np.array(GIVEN, np.float32))
    assert column_of_arrow(values, FIELD)[0].to_pylist() == GIVEN


def test_float32_comes_from_arrow_without_a_copy() -> None:
    array = np.array(GIVEN, np.float32)
    values = pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), 3)
    column, _ = column_of_arrow(values, FIELD)
    assert np.shares_memory(matrix_of(column)[0], array)
    (batch,) = columns(doc_id=["a", "b"], v=array).batches(10)
    assert np.shares_memory(matrix_of(from_arrow(batch, Schema({"v": FIELD}, "standard"))[0].column("v"))[0], array)


def test_bad_vectors_leave_the_other_columns_alone() -> None:
    records = [
        {"doc_id": "a", "v": [1, 2, 3], "n": 1.5, "w": [1, 2]},
        {"doc_id": "b", "v": [1, 2], "n": 2, "w": [1, 2]},
        {"doc_id": "c", "n": "x", "w": [1, 2]},
        {"doc_id": "d", "v": None, "n": 4, "w": np.array([3, 4])},
        {"doc_id": "e", "w": [float("inf"), 0]},
        "no record",
    ]
    batch, bad = to_arrow(records, SCHEMA)  # type: ignore[arg-type]
    assert batch.to_pylist() == [
        {"doc_id": "a", "v": [1, 2, 3], "n": 1.5, "w": [1, 2]},
    ]
    assert [position for position, _ in bad] == [1, 2, 3, 4, 5]
    assert bad[0][1] == "field 'v': expected a vector of 3 numbers, found 2"
    assert bad[2][1].startswith("field 'w': expected vectors of one dtype, found int64 after float64")


def test_number_columns_of_arrow_beside_vectors() -> None:
    """Floats are looked at one by one, vectors never."""
    table = pa.record_batch(
        {"doc_id": ["a", "b", "c"], "n": [1.5, float("nan"), 2.5], "v": pa.array([[1, 2, 3], [1, 2, 3], [4, 5, 6]])}
    )
    batch, bad = from_arrow(table, SCHEMA)
    assert batch.column("v").to_pylist() == [[1, 2, 3], [4, 5, 6]]
    assert [position for position, _ in bad] == [1]


def add_and_read(tmp_path: Path, documents: Any, **fields: Any) -> rocchio.Collection:
    col = rocchio.create(tmp_path / "c", fields={"v": FIELD, **fields})
    col.add(documents)
    col.commit()
    for doc_id, vector in zip("ab", GIVEN, strict=True):
        assert col.vector(doc_id, "v").tolist() == vector  # type: ignore[union-attr]
    return col


@pytest.mark.parametrize(
    "vectors",
    [np.array(GIVEN), np.array(GIVEN, np.float16), GIVEN, [np.array(GIVEN[0]), np.array(GIVEN[1])], pa.array(GIVEN),
     pa.chunked_array([GIVEN[:1], GIVEN[1:]]), np.asfortranarray(np.array(GIVEN)), np.array(GIVEN * 2)[:2],
     Tensor(np.array(GIVEN), "torch.float32").__array__(), OnlyDlpack(np.array(GIVEN))],
)  # fmt: skip
def test_columns(tmp_path: Path, vectors: Any) -> None:
    made = columns(doc_id=np.array(["a", "b"]), v=vectors, text=["alpha", None], tags=[["x"], ["y", "z"]])
    assert len(made) == 2
    assert repr(made) == "<rocchio.columns doc_id, v, text, tags: 2 documents>"
    col = add_and_read(tmp_path, made, text=rocchio.text(), tags=rocchio.keyword())
    assert col.get("b") == {"text": None, "tags": ["y", "z"]}


def test_columns_in_batches(tmp_path: Path) -> None:
    array = np.random.default_rng(1).normal(size=(10_000, 3))
    col = rocchio.create(tmp_path / "c", fields={"v": FIELD})
    assert col.add(columns(doc_id=[f"d{row}" for row in range(10_000)], v=array)).added == 10_000
    col.commit()
    assert col.vector("d9999", "v").tolist() == array[9999].astype(np.float32).tolist()  # type: ignore[union-attr]


def test_files(tmp_path: Path) -> None:
    records = [{"doc_id": doc_id, "v": given} for doc_id, given in zip("ab", GIVEN, strict=True)]
    (tmp_path / "docs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "docs.parquet")
    for name in ("docs.jsonl", "docs.parquet"):
        add_and_read(tmp_path / name.partition(".")[2], tmp_path / name)


def test_an_array_may_change_once_add_returned(tmp_path: Path) -> None:
    array = np.array(GIVEN, np.float32)
    col = rocchio.create(tmp_path / "c", fields={"v": FIELD})
    col.add(columns(doc_id=["a", "b"], v=array))
    array[:] = 7
    col.commit()
    assert col.vector("a", "v").tolist() == GIVEN[0]  # type: ignore[union-attr]
