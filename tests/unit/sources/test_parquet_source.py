"""Parquet documents."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rocchio.errors import BadRecord, InvalidArgument, NotFound
from rocchio.sources import Reject, StopAtFirst, open_source


def read(path, **options) -> tuple[pa.Table, list[int], list[Reject]]:
    rejects: list[Reject] = []
    batches = list(open_source(path, **options).batches(rejects.append))
    table = pa.Table.from_batches([batch.records for batch in batches]) if batches else None
    return table, [place for batch in batches for place in batch.places], rejects


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["a", "b"]),
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array([1, 2], pa.int32()),
    ],
)
def test_ids_become_strings_under_doc_id(tmp_path, ids):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": [1, 2], "_id": ids}), path)
    table, places, rejects = read(path)
    assert table.schema.names == ["n", "doc_id"]
    assert table.schema.field("doc_id").type == pa.string()
    assert table.column("doc_id").to_pylist() == [str(value) for value in ids.to_pylist()]
    assert places == [1, 2]
    assert rejects == []


def test_rows_without_id_are_rejected(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a", None, "", " ", "b"], "text": list("vwxyz")}), path)
    table, places, rejects = read(path)
    assert table.to_pylist() == [{"doc_id": "a", "text": "v"}, {"doc_id": "b", "text": "z"}]
    assert places == [1, 5]
    assert [reject.line for reject in rejects] == [2, 3, 4]
    assert rejects[0].reason == "expected an id in 'id', found null or an empty string"
    assert rejects[0].text == '{"id": null, "text": "w"}'


def test_rows_with_text_that_is_not_utf8_are_rejected(tmp_path):
    path = tmp_path / "a.parquet"
    raw = pa.array([b"ok", b"\xff\xfe", b"fine"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"id": ["a", "b", "c"], "text": broken}), path)
    table, places, rejects = read(path)
    assert table.column("text").to_pylist() == ["ok", "fine"]
    assert places == [1, 3]
    assert [reject.line for reject in rejects] == [2]
    assert "UTF8" in rejects[0].reason or "UTF-8" in rejects[0].reason


def test_batches_are_bounded_in_rows_and_bytes(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(9_000)], "text": ["x" * 5_000] * 9_000}), path)
    source = open_source(path)
    batches = list(source.batches(StopAtFirst()))
    assert max(batch.records.num_rows for batch in batches) <= 4_000
    assert max(batch.records.nbytes for batch in batches) < 9 << 20
    assert [place for batch in batches for place in batch.places] == list(range(1, 9_001))
    assert batches[-1].position_bytes == source.size_bytes


def test_damage_is_a_reject(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"not parquet at all")
    table, _, rejects = read(path)
    assert table is None
    assert [reject.line for reject in rejects] == [0]
    assert "damaged or not Parquet" in rejects[0].reason
    with pytest.raises(BadRecord, match="damaged or not Parquet"):
        list(open_source(path).batches(StopAtFirst()))
    pq.write_table(pa.table({"id": [str(n) for n in range(20_000)]}), path, row_group_size=5_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2_000] = b"\xaa" * 2_000
    path.write_bytes(data)
    table, places, rejects = read(path)
    assert places == list(range(1, len(places) + 1))
    assert [reject.line for reject in rejects] == [len(places) + 1]


@pytest.mark.parametrize(
    ("columns", "id_field", "message"),
    [
        ({"x": [1]}, None, "expected an id column named one of doc_id, _id, id, docno, found columns 'x'"),
        ({"x": [1]}, "y", "expected an id column named 'y', found columns 'x'"),
        ({"id": [1.5]}, None, "expected strings or integers in id column 'id', found double"),
        ({"x": [1], "doc_id": [2]}, "x", "has both the id column 'x' and a column 'doc_id'"),
    ],
)
def test_files_without_a_usable_id_column(tmp_path, columns, id_field, message):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(InvalidArgument, match=message):
        list(open_source(path, id_field=id_field).batches(StopAtFirst()))


def test_a_file_that_goes_before_it_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a"]}), path)
    source = open_source(path)
    path.unlink()
    with pytest.raises(NotFound):
        list(source.batches(StopAtFirst()))
    assert source.size_bytes == 0
