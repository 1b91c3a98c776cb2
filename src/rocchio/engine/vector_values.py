"""Vectors as users hand them over, checked and turned into matrices and columns.

Arrays of numpy, torch and whatever speaks DLPack are taken as they are; a copy is made only where the type changes.
bfloat16, which numpy does not have, becomes float32, which holds it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import out_of_bounds
from rocchio.engine.shown import shown_with_type
from rocchio.errors import InvalidArgument, SchemaMismatch
from rocchio.storage.documents import arrow_type
from rocchio.storage.schema import Field

Matrix = npt.NDArray[Any]
Reasons = dict[int, str]
"""Position in the batch -> why its vector cannot be stored."""

MAX_VALUE = 1e15
"""Of a number in a vector: scores must stay far from the largest float32."""
MIN_VALUE = 1e-15
"""Of the largest number in a vector under cosine: anything shorter has no direction worth the name."""


def array_of(value: Any) -> Matrix:
    """Any array, or list of numbers, as an array of floats or integers. Raises ValueError with the reason in words."""
    if type(value) is np.ndarray:
        return _native(value)
    if isinstance(value, list | tuple):
        return _array_of_list(value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a tensor of torch, perhaps on a device, with a gradient
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    if isinstance(value, pa.ListScalar | pa.FixedSizeListScalar | pa.LargeListScalar):
        value = value.values
    try:
        if isinstance(value, pa.Array | pa.ChunkedArray):
            array: Matrix = value.to_numpy(zero_copy_only=False)
        elif isinstance(value, np.ndarray) or hasattr(value, "__array__"):
            array = np.asarray(value)
        elif hasattr(value, "__dlpack__"):
            array = np.from_dlpack(value)
        else:
            raise ValueError(f"expected a list of numbers or an array, found {shown_with_type(value)}")
    except (TypeError, RuntimeError, BufferError, pa.ArrowException) as error:
        raise ValueError(f"expected an array that can be read, found {type(value).__name__}: {error}") from error
    return _native(array)


def _native(array: Matrix) -> Matrix:
    """With numbers in the order of bytes of this machine. Raises ValueError for what are no numbers."""
    if array.dtype.kind in "fiu":
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if array.dtype.name == "bfloat16":  # as ml_dtypes has it, and so jax: the upper half of a float32
        widened: Matrix = (array.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
        return widened
    raise ValueError(f"expected numbers, found an array of {array.dtype}")


def _array_of_list(values: Sequence[Any]) -> Matrix:
    try:
        if values and not isinstance(values[0], int | float | np.number | None):
            return np.stack([array_of(value) for value in values])
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"expected numbers, found {shown_with_type(values)}: {error}") from error
    if bool in set(map(type, values)) or array.dtype.kind not in "fiu":
        wrong = next((value for value in values if isinstance(value, bool) or not _is_number(value)), values)
        raise ValueError(f"expected numbers, found {shown_with_type(wrong)}")
    return array.astype(np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)


def column_of_values(values: Sequence[Any], field: Field) -> tuple[pa.FixedSizeListArray, Reasons]:
    """A column as long as `values`, each of them a vector or None, and what is wrong with those left null."""
    rows = [row for row, value in enumerate(values) if value is not None]
    given = [values[row] for row in rows]
    matrix = _plain_matrix(given, field)
    if matrix is not None:
        return _column(len(values), np.array(rows, np.int64), matrix, field, {})
    reasons: Reasons = {}
    good: list[int] = []
    arrays: list[Matrix] = []
    for row, value in zip(rows, given, strict=True):
        try:
            array = _vector_of(value, field, arrays[0].dtype if arrays else None)
        except ValueError as error:
            reasons[row] = str(error)
        else:
            good.append(row)
            arrays.append(array)
    matrix = np.stack(arrays) if arrays else np.empty((0, field.dim), np.float32)
    return _column(len(values), np.array(good, np.int64), matrix, field, reasons)


def _vector_of(value: Any, field: Field, dtype: np.dtype[Any] | None) -> Matrix:
    """A vector of the field, of the same `dtype` as others before it, if there were any. Raises ValueError."""
    array = array_of(value)
    if array.ndim != 1 or len(array) != field.dim:
        found = f"{len(array)}" if array.ndim == 1 else f"an array of shape {array.shape}"
        raise ValueError(f"expected a vector of {field.dim} numbers, found {found}")
    if dtype is not None and array.dtype != dtype:
        raise ValueError(f"expected vectors of one dtype, found {array.dtype} after {dtype}; convert them first")
    return array


def _plain_matrix(given: Sequence[Any], field: Field) -> Matrix | None:
    """All vectors in one array where they are alike; None when any needs a closer look."""
    kinds = set(map(type, given))
    if kinds == {np.ndarray}:
        alike = {(array.dtype, array.shape) for array in given}
        if len(alike) == 1 and given[0].shape == (field.dim,) and given[0].dtype.kind in "fiu":
            return np.stack(given)
    if kinds == {list} and {len(value) for value in given} == {field.dim}:
        numbers = list(chain.from_iterable(given))
        if not set(map(type, numbers)) - {int, float}:
            try:
                return np.array(numbers, np.float64).reshape(-1, field.dim)
            except OverflowError:
                return None
    return None


def column_of_arrow(values: pa.Array, field: Field) -> tuple[pa.FixedSizeListArray, Reasons]:
    """Like `column_of_values` for lists that are Arrow already."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    kind = values.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        return column_of_values(values.to_pylist(), field)
    rows = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
    present = values.drop_null() if values.null_count else values
    if pa.types.is_fixed_size_list(kind):
        fits = len(present) == 0 or kind.list_size == field.dim
    else:
        fits = bool((np.diff(present.offsets.to_numpy()) == field.dim).all())
    numbers = present.flatten()
    if not fits or numbers.null_count:
        return column_of_values(values.to_pylist(), field)
    matrix = numbers.to_numpy(zero_copy_only=False).reshape(-1, field.dim)
    return _column(len(values), rows, matrix, field, {})


def column_of_matrix(vectors: Matrix, present: npt.NDArray[np.bool_], field: Field) -> pa.FixedSizeListArray:
    """A column of the vectors (n, dim) that an encoder made, null where none is `present` or one has no direction.

    Raises SchemaMismatch for a number that the field's type cannot hold.
    """
    if field.metric == "cosine":
        present = present & (np.abs(vectors).max(axis=1, initial=0) >= MIN_VALUE)
    rows = np.flatnonzero(present)
    column, wrong = _column(len(present), rows, vectors[rows], field, {})
    for reason in wrong.values():
        raise SchemaMismatch(f"{reason}; {field.encoder} made it")
    return column


def _column(
    count: int, rows: npt.NDArray[np.int64], matrix: Matrix, field: Field, reasons: Reasons
) -> tuple[pa.FixedSizeListArray, Reasons]:
    """`count` vectors of which `matrix` (n, dim) has those at `rows`; what is wrong with any joins the `reasons`."""
    stored, wrong = _checked(matrix, field)
    reasons |= {int(rows[index]): reason for index, reason in wrong.items()}
    absent = np.ones(count, np.bool_)
    absent[rows] = False
    absent[list(reasons)] = True
    if len(rows) < count:
        whole = np.zeros((count, field.dim), stored.dtype)
        whole[rows] = stored
        stored = whole
    numbers = pa.array(np.ascontiguousarray(stored).reshape(-1))
    mask = pa.array(absent) if absent.any() else None
    return pa.FixedSizeListArray.from_arrays(numbers, type=arrow_type(field), mask=mask), reasons


def _checked(matrix: Matrix, field: Field) -> tuple[Matrix, Reasons]:
    """The vectors (n, dim) in the field's dtype, and what is wrong with which of them."""
    if matrix.dtype == field.dtype:
        stored = matrix
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            stored = matrix.astype(field.dtype)
    least = MIN_VALUE if field.metric == "cosine" else 0.0
    wrong = out_of_bounds(np.ascontiguousarray(stored, np.float32), least, MAX_VALUE)
    return stored, {row: _reason(matrix[row], field) for row in wrong}


def _reason(vector: Matrix, field: Field) -> str:
    """Why a vector cannot be stored or searched with."""
    with np.errstate(over="ignore", invalid="ignore"):
        stored = np.abs(vector.astype(field.dtype).astype(np.float32))
    wrong = np.flatnonzero(~(stored <= MAX_VALUE))
    if not len(wrong):
        found = "almost zeros" if vector.any() else "zeros"
        return f"expected a vector with a direction for metric cosine, found {found}; leave it out, or use ip or l2"
    place = int(wrong[0])
    found = f"found {vector[place]} at position {place}"
    if field.dtype == "float16" and abs(vector[place]) <= MAX_VALUE:
        return f"expected numbers of at most 65504, as float16 has them, {found}; use dtype='float32'"
    return f"expected finite numbers of at most {MAX_VALUE:g}, {found}"


def matrix_of(column: pa.FixedSizeListArray) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Vectors (n, dim) of a column, zeros where there is none, and which rows have one (n,)."""
    dim = column.type.list_size
    present = column.is_valid().to_numpy(zero_copy_only=False)
    given = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)  # flatten leaves null vectors out
    if len(given) == len(column):
        return given, present
    whole = np.zeros((len(column), dim), given.dtype)
    whole[present] = given
    return whole, present


@cache
def _as_query(dim: int, metric: str) -> Field:
    """What queries of a vector field must be, whatever it stores."""
    return Field("vector", dim=dim, metric=metric, dtype="float32")


def query_matrix(query: Any, name: str, field: Field) -> tuple[npt.NDArray[np.float32], bool]:
    """Queries for the vector field `name` as float32 (n, dim), and whether it was a single vector (dim,).

    Raises InvalidArgument.
    """
    try:
        array = array_of(query)
    except ValueError as error:
        raise InvalidArgument(
            f"expected vectors to search the vector field {name!r}: {error}; encode texts with the model that encoded "
            "the documents"
        ) from error
    if array.size == 0 and len(array) == 0:
        return np.empty((0, field.dim), np.float32), False
    if array.ndim not in (1, 2) or array.shape[-1] != field.dim:
        raise InvalidArgument(
            f"expected queries of {field.dim} numbers for the vector field {name!r}, found an array of shape "
            f"{array.shape}; give one vector ({field.dim},) or several (n, {field.dim})"
        )
    queries, wrong = _checked(array.reshape(-1, field.dim), _as_query(field.dim, field.metric))
    for row, reason in wrong.items():
        raise InvalidArgument(f"query {row}: {reason}")
    return np.ascontiguousarray(queries), array.ndim == 1
