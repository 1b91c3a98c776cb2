"""CSV and TSV documents."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import BadRecord, InvalidArgument
from rocchio.sources import Reject, StopAtFirst, delimited, open_source


def read(path: Path, **options) -> tuple[list[dict], list[int], list[Reject]]:
    rejects: list[Reject] = []
    batches = list(open_source(path, **options).batches(rejects.append))
    return [r for batch in batches for r in batch.records], [p for batch in batches for p in batch.places], rejects


def write(folder: Path, data: bytes | str, name: str = "docs.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_csv_with_byte_order_mark_quotes_and_blank_lines(tmp_path):
    text = '\ufeffid,title,text\r\n1,"a, ""b""","two\r\nlines"\r\n\r\n \n2,,plain\n'
    records, places, rejects = read(write(tmp_path, text))
    assert records == [
        {"doc_id": "1", "title": 'a, "b"', "text": "two\r\nlines"},
        {"doc_id": "2", "text": "plain"},
    ]
    assert places == [2, 6]
    assert rejects == []


def test_tsv_cells_are_literal(tmp_path):
    text = 'docno\ttext\n1\t"open quote\n2\tsay "x"\r\n'
    records, places, rejects = read(write(tmp_path, text, "docs.tsv"))
    assert records == [{"doc_id": "1", "text": '"open quote'}, {"doc_id": "2", "text": 'say "x"'}]
    assert places == [2, 3]
    assert rejects == []


@pytest.mark.parametrize("name", ["docs.csv.gz", "docs.tsv.gz"])
def test_compressed_and_cut(tmp_path, name):
    cell = "\t" if "tsv" in name else ","
    data = gzip.compress((f"id{cell}text\n" + "".join(f"{n}{cell}text {n}\n" for n in range(9_000))).encode())
    records, places, rejects = read(write(tmp_path, data, name))
    assert len(records) == 9_000
    assert places == list(range(2, 9_002))
    assert rejects == []
    records, _, rejects = read(write(tmp_path, data[:-100], name))
    assert 0 < len(records) < 9_000
    assert [reject.line for reject in rejects] == [len(records) + 2]
    assert "cut off" in rejects[0].reason
    with pytest.raises(BadRecord, match="cut off"):
        read(write(tmp_path, data[:12], name))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"x,1,2", "expected 2 cells as in the header, found 3"),
        (b"x", "expected 2 cells as in the header, found 1"),
        (b"x,a\0b", "expected text, found a NUL byte at byte 3 of the row"),
        (b"x,a\xffb", "expected UTF-8, found byte 0xff at byte 3 of the row"),
        (b",text", "expected an id under 'id', found fields 'text'"),
        (b'x,"a"b', 'expected cells quoted as in RFC 4180 ("" for a quote inside a quoted cell)'),
        (b'x,"never closed', 'expected cells quoted as in RFC 4180 ("" for a quote inside a quoted cell)'),
    ],
)
def test_rejects_say_why_and_the_rest_is_read(tmp_path, row, reason):
    path = write(tmp_path, b"id,text\na,1\n" + row + b"\nb,2\nc,3\n")
    records, places, rejects = read(path)
    assert [record["doc_id"] for record in records] == ["a", "b", "c"]
    assert places == [2, 4, 5]
    assert [reject.line for reject in rejects] == [3]
    assert rejects[0].reason.startswith(reason)
    assert rejects[0].text.encode("utf-8", "surrogateescape").startswith(row[:1])


def test_a_stray_quote_costs_one_line_however_long_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROW_LIMIT_BYTES", 1000)
    path = write(tmp_path, 'id,text\nx,"stray\n' + "".join(f"{n},{'y' * 50}\n" for n in range(2_000)))
    records, _, rejects = read(path)
    assert len(records) == 2_000
    assert [reject.line for reject in rejects] == [2]
    assert "still open after" in rejects[0].reason


def test_cells_beyond_the_default_limit_of_csv(tmp_path):
    records, _, rejects = read(write(tmp_path, f"id,text\n1,{'x' * 300_000}\n"))
    assert len(records[0]["text"]) == 300_000
    assert rejects == []


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ("", BadRecord, "expected a header line with the field names, found an empty file"),
        ("id,,text\n1,2,3\n", BadRecord, "expected a name in every cell of the header"),
        (b"id,\xff\n", BadRecord, "unusable header: expected UTF-8"),
        (
            "name,text\n1,2\n",
            InvalidArgument,
            "expected an id column named one of doc_id, _id, id, docno, found columns",
        ),
        ("id,text,text\n", InvalidArgument, "expected different column names, found 'text' more than once"),
    ],
)
def test_files_without_a_usable_header(tmp_path, data, error, message):
    with pytest.raises(error, match=message):
        list(open_source(write(tmp_path, data)).batches(StopAtFirst()))


def test_id_field(tmp_path):
    path = write(tmp_path, "url,id,text\nhttp://a,1,x\n")
    assert read(path, id_field="url")[0] == [{"doc_id": "http://a", "id": "1", "text": "x"}]
    with pytest.raises(InvalidArgument, match="expected an id column named 'key', found columns 'url', 'id', 'text'"):
        read(path, id_field="key")
    with pytest.raises(InvalidArgument, match="has both the id column 'url' and a column 'doc_id'"):
        read(write(tmp_path, "url,doc_id\n"), id_field="url")


cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells)))
def test_what_csv_writes_comes_back(tmp_path_factory, rows):
    out = io.StringIO()
    csv.writer(out).writerows([("doc_id", "a", "b"), *((f"d{n}", *row) for n, row in enumerate(rows))])
    path = write(tmp_path_factory.mktemp("csv"), out.getvalue())
    records, _, rejects = read(path)
    expected = [{"doc_id": f"d{n}", "a": a, "b": b} for n, (a, b) in enumerate(rows)]
    assert records == [{name: cell for name, cell in row.items() if cell} for row in expected]
    assert rejects == []


@given(st.lists(st.sampled_from([b"a,b", b'"', b"\n", b"x,", b"\xff", b"\0", b"\r", b'""', b"1,2\n"]), max_size=30))
def test_any_bytes_no_line_is_lost(tmp_path_factory, pieces):
    body = b"".join(pieces)
    path = write(tmp_path_factory.mktemp("any"), b"doc_id,b\n" + body)
    _, places, rejects = read(path)
    starts = sorted(places + [reject.line for reject in rejects])
    assert len(set(starts)) == len(starts)
    lines = body.split(b"\n")
    covered = sum(text.count("\n") for text in (reject.text for reject in rejects)) + len(starts)
    assert covered <= len(lines)
    if b'"' not in body:  # without quotes each non-blank line is one row
        assert starts == [n for n, line in enumerate(lines, start=2) if line.strip()]
