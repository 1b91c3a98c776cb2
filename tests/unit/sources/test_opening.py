"""Compressed files: whole ones read like plain ones, damaged ones up to the damage."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure
from rocchio.sources import StopAtFirst, open_source
from rocchio.sources.opening import ByteStream, line_blocks, text_lines

LINES = [f'{{"id": {n}, "text": "{random.Random(n).randbytes(30).hex()}"}}' for n in range(20_000)]
PLAIN = "".join(line + "\n" for line in LINES).encode()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


COMPRESSED = {"docs.jsonl": bytes, "docs.jsonl.gz": gzip.compress, "docs.jsonl.zst": zstd}


def read_ids(path: Path) -> tuple[list[str], list]:
    rejects: list = []
    batches = list(open_source(path).batches(rejects.append))
    return [record["doc_id"] for batch in batches for record in batch.records], rejects


@pytest.mark.parametrize("name", COMPRESSED)
def test_whole_files(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(COMPRESSED[name](PLAIN))
    ids, rejects = read_ids(path)
    assert ids == [str(n) for n in range(20_000)]
    assert rejects == []


@pytest.mark.parametrize("name", ["docs.jsonl.gz", "docs.jsonl.zst"])
def test_concatenated_members_and_empty_files(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(COMPRESSED[name](PLAIN[:1000]) + COMPRESSED[name](PLAIN[1000:]))
    assert len(read_ids(path)[0]) == 20_000
    path.write_bytes(b"")
    assert read_ids(path) == ([], [])


@pytest.mark.parametrize("name", ["docs.jsonl.gz", "docs.jsonl.zst"])
def test_a_cut_stream_delivers_what_comes_before(tmp_path, name):
    whole = COMPRESSED[name](PLAIN)
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) * 3 // 4])
    ids, rejects = read_ids(path)
    assert ids == [str(n) for n in range(len(ids))]
    assert len(ids) > 12_000
    assert len(rejects) == 1
    assert rejects[0].line == len(ids) + 1
    assert "stream is cut off after" in rejects[0].reason
    with pytest.raises(BadRecord, match="stream is cut off after"):
        list(open_source(path).batches(StopAtFirst()))


def test_zstd_delivers_every_whole_block_before_the_cut(tmp_path):
    whole = zstd(PLAIN)
    path = tmp_path / "docs.jsonl.zst"
    path.write_bytes(whole[:-2])
    delivered = 0
    with pytest.raises(BadRecord, match="cut off"), ByteStream(path) as stream:
        for chunk in stream.chunks():
            assert PLAIN[delivered : delivered + len(chunk)] == chunk
            delivered += len(chunk)
    assert delivered >= len(PLAIN) - (128 << 10)  # a zstd block holds 128 kB at most


@pytest.mark.parametrize("name", ["docs.jsonl.gz", "docs.jsonl.zst"])
def test_files_that_are_not_compressed_are_one_reject(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(PLAIN)
    ids, rejects = read_ids(path)
    assert ids == []
    assert [reject.line for reject in rejects] == [1]
    assert "stream is damaged" in rejects[0].reason


@pytest.mark.parametrize("name", ["docs.jsonl.gz", "docs.jsonl.zst"])
def test_garbage_after_the_stream_is_one_reject(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(COMPRESSED[name](PLAIN) + b"garbage, not a member")
    ids, rejects = read_ids(path)
    assert len(ids) == 20_000
    assert len(rejects) == 1


@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), name=st.sampled_from(["gz", "zst"]))
def test_flipped_bytes_never_raise_anything_else(tmp_path_factory, position, flip, name):
    data = bytearray(COMPRESSED[f"docs.jsonl.{name}"](PLAIN[:5000]))
    data[int(position * len(data))] ^= flip
    path = tmp_path_factory.mktemp("flip") / f"docs.jsonl.{name}"
    path.write_bytes(data)
    ids, rejects = read_ids(path)
    # zstd written without checksum can decode to other bytes; gzip always notices, except in unused header bytes
    assert ids or rejects


def test_missing_paths_folders_and_names_with_nul(tmp_path):
    with pytest.raises(NotFound, match=r"expected a file at .*none.txt, found nothing; check the path"):
        list(text_lines(tmp_path / "none.txt"))
    with pytest.raises(InvalidArgument, match="expected a file, found the directory"):
        list(text_lines(tmp_path))
    with pytest.raises(InvalidArgument, match="expected a file name, found"):
        list(text_lines("a\0b"))


def test_a_path_below_a_file_is_a_storage_failure(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageFailure, match="cannot open"):
        list(text_lines(tmp_path / "file" / "x.txt"))


def test_read_errors_of_the_system_are_storage_failures(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("x")

    class Broken:
        def read1(self, _size):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(ByteStream, "_reader", lambda self: Broken())
    with pytest.raises(StorageFailure, match=r"cannot read .*Input/output error"):
        list(text_lines(path))


def test_text_lines_name_the_line_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n\ntw\xffo\n")
    with pytest.raises(BadRecord, match=r"a\.txt:3: expected UTF-8, found byte 0xff at byte 2 of the line"):
        list(text_lines(path))


@given(st.binary(max_size=400), st.integers(1, 5), st.integers(1, 50))
def test_blocks_hold_all_lines_in_order(tmp_path_factory, data, block_lines, block_bytes):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes(data)
    lines: list[bytes] = []
    for block in line_blocks(path, block_lines, block_bytes):
        assert block.first == len(lines) + 1
        assert len(block.lines) <= block_lines
        lines += block.lines
    expected = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert lines == (expected if expected[-1] else expected[:-1])


def test_a_line_longer_than_many_chunks_is_whole(tmp_path):
    path = tmp_path / "docs.jsonl"
    path.write_text('{"id": 1, "text": "' + "x" * (20 << 20) + '"}\n{"id": 2}\n')
    records = [record for batch in open_source(path).batches(StopAtFirst()) for record in batch.records]
    assert [len(record.get("text", "")) for record in records] == [20 << 20, 0]
