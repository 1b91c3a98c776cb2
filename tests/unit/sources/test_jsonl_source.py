"""JSON Lines documents: every non-blank line is delivered or rejected, with its place."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rocchio.errors import BadRecord
from rocchio.sources import Reject, StopAtFirst, open_source


def read(path: Path, **options) -> tuple[list[dict], list[int], list[Reject]]:
    records, places, rejects = [], [], []
    for batch in open_source(path, **options).batches(rejects.append):
        assert len(batch.records) == len(batch.places)
        assert batch.path == str(path)
        records += batch.records
        places += batch.places
    return records, places, rejects


def write(folder: Path, data: bytes | str) -> Path:
    path = folder / "docs.jsonl"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_delivers_records_with_their_lines_and_skips_blank_lines(tmp_path):
    path = write(tmp_path, '\ufeff{"_id": "a", "text": "x"}\r\n\n  \n{"doc_id": "b", "n": 1}\n{"id": 7}')
    records, places, rejects = read(path)
    assert records == [{"doc_id": "a", "text": "x"}, {"doc_id": "b", "n": 1}, {"doc_id": "7"}]
    assert places == [1, 4, 5]
    assert rejects == []


def test_the_first_id_name_wins_and_the_others_stay_fields(tmp_path):
    records, _, _ = read(write(tmp_path, '{"id": "x", "_id": "y", "docno": "z"}'))
    assert records == [{"doc_id": "y", "id": "x", "docno": "z"}]


def test_id_field_names_the_key(tmp_path):
    path = write(tmp_path, '{"pmid": 12, "id": "x"}\n{"id": "x"}\n{"pmid": 1, "doc_id": "x"}')
    records, _, rejects = read(path, id_field="pmid")
    assert records == [{"doc_id": "12", "id": "x"}]
    assert rejects[0].reason == "expected an id under 'pmid', found fields 'id'"
    assert rejects[1].reason == "has both 'pmid' (the id) and a field named 'doc_id'; rename one of them"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1}', "expected an id under one of doc_id, _id, id, docno, found fields 'a'"),
        (b"{}", "expected an id under one of doc_id, _id, id, docno, found no fields"),
        (b'{"id": ""}', "expected an id in 'id', found an empty string"),
        (b'{"id": " "}', "expected an id in 'id', found an empty string"),
        (b'{"id": null}', "expected a string or an integer as id in 'id', found null"),
        (b'{"id": [1]}', "expected a string or an integer as id in 'id', found list '[1]'"),
        (b'{"id": true}', "expected a string or an integer as id in 'id', found bool 'True'"),
        (b'{"id": 1.5}', "expected a string or an integer as id in 'id', found float '1.5'"),
        (b'{"id": "a"', "expected a JSON object, found invalid JSON: Expecting ',' delimiter at character 10"),
        (b'["id"]', "expected a JSON object, found an array"),
        (b"3", "expected a JSON object, found a number"),
        (b"null", "expected a JSON object, found null"),
        (b'{"id": "a", "x": NaN}', "expected a JSON number, found NaN, which is not JSON"),
        (b'{"id": "a", "x": -Infinity}', "expected a JSON number, found -Infinity, which is not JSON"),
        (b'{"id": "a\xff"}', "expected UTF-8, found byte 0xff at byte 9 of the line"),
        (b'{"id": "a", "x": "\\ud800"}', "expected text, found half of a surrogate pair"),
        (b'{"id": "a", "x": ' + b"[" * 100_000, "expected a JSON object, found one that is nested too deeply"),
        (b'{"id": ' + b"1" * 5000 + b"}", "Exceeds the limit"),
    ],
)
def test_rejects_say_why(tmp_path, line, reason):
    records, places, rejects = read(write(tmp_path, b'{"id": "ok"}\n' + line + b'\n{"id": "ok2"}\n'))
    assert [record["doc_id"] for record in records] == ["ok", "ok2"]
    assert places == [1, 3]
    assert [(reject.line, reject.path) for reject in rejects] == [(2, str(tmp_path / "docs.jsonl"))]
    assert rejects[0].reason.startswith(reason)
    assert len(rejects[0].text) <= 10_000


def test_stop_at_first_raises_with_path_and_line(tmp_path):
    path = write(tmp_path, '{"id": "ok"}\nnot json\n')
    with pytest.raises(BadRecord, match=r"docs\.jsonl:2: expected a JSON object") as caught:
        list(open_source(path).batches(StopAtFirst()))
    assert caught.value.line == 2


def test_surrogate_pairs_are_text(tmp_path):
    records, _, rejects = read(write(tmp_path, '{"id": "a", "x": "\\ud83d\\ude00"}'))
    assert records == [{"doc_id": "a", "x": "\N{GRINNING FACE}"}]
    assert rejects == []


def test_batches_are_bounded_and_report_progress(tmp_path):
    path = write(tmp_path, "".join(f'{{"id": {n}, "text": "{"x" * 500}"}}\n' for n in range(10_001)))
    source = open_source(path)
    batches = list(source.batches(StopAtFirst()))
    assert sum(len(batch.records) for batch in batches) == 10_001
    assert max(len(batch.records) for batch in batches) <= 4_000
    assert all(isinstance(batch.places, range) for batch in batches)
    assert [batch.position_bytes for batch in batches] == sorted(batch.position_bytes for batch in batches)
    assert batches[-1].position_bytes == source.size_bytes == path.stat().st_size


def test_memory_does_not_grow_with_the_file(tmp_path):
    line = json.dumps({"id": "a", "text": "x" * 20_000}) + "\n"
    path = tmp_path / "docs.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as out:
        for _ in range(4_000):  # 80 MB
            out.write(line)
    tracemalloc.start()
    count = sum(len(batch.records) for batch in open_source(path).batches(StopAtFirst()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_000
    assert peak < 48 << 20


@given(data=st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(
    [b'{"id": 1}', b"[]", b"\xff", b"{", b" ", b"", b"\r", b"NaN", b'{"id": "\\ud800"}', b"\xef\xbb"]
)).map(b"\n".join)))  # fmt: skip
@example(data=b"\xef\xbb\xbf")
@example(data=b"\x0c\n\x1c\n1")
def test_any_bytes_every_line_is_delivered_or_rejected(tmp_path_factory, data):
    path = write(tmp_path_factory.mktemp("any"), data)
    _, places, rejects = read(path)
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [number for number, line in enumerate(lines, start=1) if line and not line.isspace()]
    assert sorted(places + [reject.line for reject in rejects]) == expected


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        )
    )
)
def test_any_objects_come_back(tmp_path_factory, fields):
    records = [{**row, "doc_id": f"d{index}"} for index, row in enumerate(fields)]
    path = write(tmp_path_factory.mktemp("any"), "".join(json.dumps(record) + "\n" for record in records))
    assert read(path)[0] == records
