"""Records in, typed Arrow batches out; what does not fit is named with its reason."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rocchio.engine import vector_values
from rocchio.engine.shown import shown_with_type
from rocchio.engine.sparse_values import check_weights, column_of_arrow, column_of_dicts
from rocchio.errors import SchemaMismatch
from rocchio.storage.documents import arrow_schema, arrow_type
from rocchio.storage.schema import ID_FIELD, Field, Schema
from rocchio.storage.tenancy import MOST_TENANTS, TENANTS_FIELD, check_tenants, is_tenant

MAX_ID_BYTES = 4096

Record = dict[str, Any]
BadRow = tuple[int, str]
"""Position in the batch, and why it cannot be stored."""
VectorColumn = tuple[pa.FixedSizeListArray, vector_values.Reasons]

_PLAIN_TYPES: dict[str, frozenset[type]] = {
    "text": frozenset({str, type(None)}),
    "number": frozenset({int, float, type(None)}),
    "bool": frozenset({bool, type(None)}),
}


def to_arrow(records: Sequence[Record], schema: Schema) -> tuple[pa.RecordBatch, list[BadRow]]:
    """A batch with the collection's columns, holding the good records in order, and the bad ones apart."""
    vectors = {
        name: vector_values.column_of_values(
            [record.get(name) if isinstance(record, dict) else None for record in records], schema.fields[name]
        )
        for name in schema.vector_fields
    }
    return _with_vectors(records, vectors, schema)


def _with_vectors(
    records: Sequence[Record], vectors: Mapping[str, VectorColumn], schema: Schema
) -> tuple[pa.RecordBatch, list[BadRow]]:
    """Like `to_arrow`, with the vectors of all records as columns, and what is wrong with which of them."""
    columns = {name: column for name, (column, _) in vectors.items()}
    reasons = _reasons(vectors)
    if not reasons:
        batch = _convert_plain(records, columns, schema)
        if batch is not None:
            return batch, []
    good, bad, positions = [], [], []
    for position, record in enumerate(records):
        try:
            checked = check_record(record, schema)
        except ValueError as error:
            bad.append((position, str(error)))
            continue
        if position in reasons:
            bad.append((position, reasons[position]))
            continue
        good.append(checked)
        positions.append(position)
    kept = pa.array(positions, pa.int64())
    arrays = [pa.array([record[ID_FIELD] for record in good], pa.large_string())]
    for name, field in schema.columns.items():
        if name in columns:
            arrays.append(columns[name].take(kept))
        else:
            arrays.append(pa.array([record[name] for record in good], arrow_type(field)))
    return pa.record_batch(arrays, schema=arrow_schema(schema)), bad


def _reasons(vectors: Mapping[str, VectorColumn]) -> dict[int, str]:
    """What is wrong with the vectors of which record; of several fields the first."""
    reasons: dict[int, str] = {}
    for name, (_, of_field) in vectors.items():
        for position, reason in of_field.items():
            reasons.setdefault(position, f"field {name!r}: {reason}")
    return reasons


def _convert_plain(  # noqa: PLR0912  # a branch for each kind of field
    records: Sequence[Record], vectors: Mapping[str, pa.Array], schema: Schema
) -> pa.RecordBatch | None:
    """The fast path: whole columns of plain types. None when any record needs a closer look."""
    known = {ID_FIELD, *schema.columns}
    if not all(type(record) is dict and record.keys() <= known and record.get(ID_FIELD) for record in records):
        return None
    columns = []
    try:
        ids = [record[ID_FIELD] for record in records]
        if set(map(type, ids)) - {str} or max(map(len, ids), default=0) > MAX_ID_BYTES // 4:
            return None
        columns.append(pa.array(ids, pa.large_string()))
        for name, field in schema.columns.items():
            if name in vectors:
                columns.append(vectors[name])
                continue
            values = [record.get(name) for record in records]
            if name == TENANTS_FIELD and not _are_plain_tenants(values):
                return None
            if field.kind == "sparse":
                if (weights := column_of_dicts(values, field)) is None:
                    return None
                columns.append(weights)
                continue
            if field.kind == "keyword":
                values = [[value] if type(value) is str else value for value in values]
                if any(value is not None and not _is_list_of_str(value) for value in values):
                    return None
            elif field.kind not in _PLAIN_TYPES or set(map(type, values)) - _PLAIN_TYPES[field.kind]:
                if any(value is not None for value in values):
                    return None
            elif field.kind == "number" and not _all_storable(values, field):
                return None
            columns.append(pa.array(values, arrow_type(field)))
    except (pa.ArrowException, UnicodeError, OverflowError):
        return None
    return pa.record_batch(columns, schema=arrow_schema(schema))


def _is_list_of_str(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _all_storable(values: Sequence[Any], field: Field) -> bool:
    if field.integer:
        return all(value is None or type(value) is int for value in values)
    return all(value is None or (math.isfinite(value) and abs(value) <= 2**53) for value in values)


def check_record(record: Any, schema: Schema) -> Record:
    """One record with every field but vectors in its stored form. Raises ValueError with the reason in words."""
    if not isinstance(record, dict):
        raise ValueError(f"expected a record like {{'doc_id': ..., ...}}, found {type(record).__name__}")  # noqa: TRY004
    for name in record:
        if name != ID_FIELD and name not in schema.columns:
            raise ValueError(schema.unknown_field(str(name)))
    checked: Record = {ID_FIELD: check_doc_id(record.get(ID_FIELD))}
    for name, field in schema.fields.items():
        if field.kind == "vector":
            continue  # vectors are checked as a column
        value = record.get(name)
        try:
            checked[name] = None if value is None else _CHECKS[field.kind](value, field)
        except ValueError as error:
            raise ValueError(f"field {name!r}: {error}") from error
    if schema.tenants is not None:
        checked[TENANTS_FIELD] = _checked_tenants(record.get(TENANTS_FIELD))
    return checked


def _checked_tenants(value: Any) -> list[str]:
    """The tenants of a document. Raises ValueError."""
    if value is None:
        raise ValueError(
            f"expected the tenants that see the document, found none; give it {TENANTS_FIELD!r}, or tenants= for all"
        )
    return check_tenants(value)


def _are_plain_tenants(values: Sequence[Any]) -> bool:
    """Whether each is a list of tenants, in order; many documents have the same ones."""
    distinct = {tuple(value) if _is_list_of_str(value) else () for value in values}
    return all(
        key and all(map(is_tenant, key)) and len(key) <= MOST_TENANTS and list(key) == sorted(set(key))
        for key in distinct
    )


def check_doc_id(value: Any) -> str:
    """A usable doc_id. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a doc_id that is a string and not empty, found {value!r}")
    if len(_check_text(value, None).encode()) > MAX_ID_BYTES:
        raise ValueError(f"expected a doc_id of at most {MAX_ID_BYTES} bytes, found {len(value.encode())}")
    return value


def _check_text(value: Any, _: Field | None) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, found {shown_with_type(value)}")  # noqa: TRY004
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"expected Unicode text, found a lone surrogate at character {error.start}") from error
    return value


def _check_keyword(value: Any, _: Field) -> list[str]:
    values = value if isinstance(value, list | tuple | set | frozenset) else [value]
    try:
        checked = [_check_text(item, None) for item in values]
    except ValueError as error:
        raise ValueError(f"expected a string or a list of strings, found {shown_with_type(value)}") from error
    return sorted(checked) if isinstance(value, set | frozenset) else checked


def _check_number(value: Any, field: Field) -> int | float:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, found {shown_with_type(value)}")  # noqa: TRY004
    if not -1.8e308 < value < 1.8e308:  # also false for NaN
        raise ValueError(f"expected a finite number, found {shown_with_type(value)}; leave the field out instead")
    if field.integer:
        if value != int(value) or not -(2**63) <= value < 2**63:
            raise ValueError(f"expected a whole number of 64 bits, found {shown_with_type(value)}")
        return int(value)
    if isinstance(value, int) and abs(value) > 2**53:
        raise ValueError(
            f"expected a number that float64 holds exactly, found {shown_with_type(value)}; use number(integer=True)"
        )
    return float(value)


def _check_date(value: Any, _: Field) -> dt.datetime:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"expected a date in ISO 8601 form, found {shown_with_type(value)}") from error
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    if not isinstance(value, dt.datetime):
        raise ValueError(f"expected a date, a datetime or an ISO 8601 string, found {shown_with_type(value)}")  # noqa: TRY004
    try:
        # a time without a zone is taken as UTC, never as the zone of the machine
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(f"expected a date from year 1 to 9999 in UTC, found {shown_with_type(value)}") from error


def _check_bool(value: Any, _: Field) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"expected true or false, found {shown_with_type(value)}")  # noqa: TRY004
    return bool(value)


_CHECKS: dict[str, Callable[[Any, Field], Any]] = {
    "text": _check_text,
    "keyword": _check_keyword,
    "number": _check_number,
    "date": _check_date,
    "bool": _check_bool,
    "sparse": check_weights,
}


def read_strings(records: Sequence[Record], schema: Schema) -> list[Record]:
    """Records of a format that knows only strings, with numbers and booleans read out of them where that works."""
    readers = {name: _READERS[field.kind] for name, field in schema.fields.items() if field.kind in _READERS}
    return [{name: readers[name](value) if name in readers else value for name, value in r.items()} for r in records]


def _read_number(text: Any) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except (TypeError, ValueError):
            continue
    return text  # refused later, with its reason


def _read_bool(text: Any) -> Any:
    return {"true": True, "false": False, "1": True, "0": False}.get(str(text).strip().lower(), text)


_READERS: dict[str, Callable[[Any], Any]] = {"number": _read_number, "bool": _read_bool}


def from_arrow(batch: pa.RecordBatch, schema: Schema) -> tuple[pa.RecordBatch, list[BadRow]]:
    """Like `to_arrow` for data that is Arrow already: columns are cast where that loses nothing.

    Raises SchemaMismatch when there is no doc_id column or a column name stands twice.
    """
    names = batch.schema.names
    if ID_FIELD not in names or len(set(names)) < len(names):
        raise SchemaMismatch(f"expected columns with different names and one {ID_FIELD!r}, found {names}")
    vectors = {
        name: vector_values.column_of_arrow(batch.column(name), schema.fields[name])
        for name in schema.vector_fields
        if name in names
    }
    if not _reasons(vectors):
        fast = _cast_columns(batch, {name: column for name, (column, _) in vectors.items()}, schema)
        if fast is not None:
            return fast, []
    rest = batch.select([name for name in names if name not in vectors])
    missing: dict[str, VectorColumn] = {
        name: (pa.nulls(batch.num_rows, arrow_type(schema.fields[name])), {})
        for name in schema.vector_fields
        if name not in vectors
    }
    return _with_vectors(to_records(rest), vectors | missing, schema)


def to_records(batch: pa.RecordBatch) -> list[Record]:
    """Rows as dicts. A value that Python cannot hold (a date out of range, broken UTF-8) becomes an `Unreadable`."""
    try:
        records: list[Record] = batch.to_pylist()
    except (ValueError, OverflowError):
        columns = {name: [_value(cell) for cell in batch.column(name)] for name in batch.schema.names}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return records


class Unreadable:
    """Stands for a value that could not be read; no field accepts it. Prints the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __repr__(self) -> str:
        return f"a value that cannot be read: {self._reason}"


def _value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError) as error:
        return Unreadable(str(error))


def _cast_columns(batch: pa.RecordBatch, vectors: Mapping[str, pa.Array], schema: Schema) -> pa.RecordBatch | None:
    names = set(batch.schema.names)
    if names - {ID_FIELD, *schema.fields} or schema.tenants is not None:
        return None
    columns = []
    for column in arrow_schema(schema):
        if column.name not in names:
            columns.append(pa.nulls(batch.num_rows, column.type))
            continue
        if column.name in vectors:
            columns.append(vectors[column.name])
            continue
        values = _cast_column(batch.column(column.name), column, schema)
        if values is None:
            return None
        columns.append(values)
    if not _all_usable_ids(columns[0]):
        return None
    return pa.record_batch(columns, schema=arrow_schema(schema))


def _cast_column(values: pa.Array, column: pa.Field, schema: Schema) -> pa.Array | None:
    field = schema.fields.get(column.name)
    try:
        if field is not None and field.kind == "sparse":
            return column_of_arrow(values, field)
        if not _may_cast(values.type, column.type):
            return None
        values = values.cast(column.type)
        values.validate(full=True)
    except pa.ArrowException:
        return None
    return values


def _all_usable_ids(ids: pa.LargeStringArray) -> bool:
    sizes = pc.min_max(pc.binary_length(ids)).as_py()
    return not ids.null_count and (len(ids) == 0 or 0 < sizes["min"] <= sizes["max"] <= MAX_ID_BYTES)


def _may_cast(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column may be cast whole; otherwise its values are looked at one by one."""
    if pa.types.is_floating(wanted) or pa.types.is_timestamp(wanted) or pa.types.is_list(wanted):
        return False  # finite numbers, years from 1 to 9999, no nulls in lists: checked value by value
    if found == wanted:
        return True
    to_text = pa.types.is_large_string(wanted) and (pa.types.is_string(found) or pa.types.is_string_view(found))
    return bool(to_text)
