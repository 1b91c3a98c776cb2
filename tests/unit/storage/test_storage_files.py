"""Array files, tombstones and the manifest: what is written is read back, what is not sound is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio._native import CHUNK_BYTES, chunk_checksums, crc32c
from rocchio.errors import Corruption, DataError, IncompatibleFormat, InvalidArgument, NotFound
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import CheckedFileWriter, FileInfo, MappedFile, SealedFile, write_sealed
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.lock import LOCK_FILE, WriterLock
from rocchio.storage.manifest import MANIFEST, Manifest, SegmentEntry, read_manifest, write_manifest
from rocchio.storage.schema import Field, Schema
from rocchio.storage.tombstones import Tombstones

SCHEMA = Schema({"title": rocchio.text(boost=2.0), "year": rocchio.number(integer=True)}, "whitespace")


@pytest.fixture
def directory(tmp_path: Path) -> LocalDirectory:
    return LocalDirectory(tmp_path)


def info_of(data: bytes) -> FileInfo:
    return FileInfo(len(data), chunk_checksums(np.frombuffer(data, np.uint8)))


# ---- checked files


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7])
@pytest.mark.parametrize("step", [1 << 30, CHUNK_BYTES, 60_001])
def test_checksums_do_not_depend_on_the_writes(directory: LocalDirectory, size: int, step: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    writer = CheckedFileWriter(directory, "f")
    for begin in range(0, size, step):
        assert writer.write(data[begin : begin + step]) == len(data[begin : begin + step])
    info = writer.finish()
    assert info.size == size
    assert info.checksums.tolist() == (chunk_checksums(data).tolist() if size else [])
    file = MappedFile(directory, "f", info)
    assert file.damage() == []
    assert file.view(0, size).tobytes() == data.tobytes()


def test_damage_is_told_with_its_place(directory: LocalDirectory, tmp_path: Path) -> None:
    data = bytes(range(256)) * (3 * CHUNK_BYTES // 256)
    (tmp_path / "f").write_bytes(data[: CHUNK_BYTES + 5] + b"!" + data[CHUNK_BYTES + 6 :])
    file = MappedFile(directory, "f", info_of(data))
    assert file.view(0, CHUNK_BYTES).tobytes() == data[:CHUNK_BYTES]
    with pytest.raises(Corruption, match="checksum mismatch") as caught:
        file.view(CHUNK_BYTES, CHUNK_BYTES + 1)
    assert caught.value.offset == CHUNK_BYTES
    assert [error.offset for error in file.damage()] == [CHUNK_BYTES]
    with pytest.raises(Corruption, match="expected 5 bytes, found"):
        MappedFile(directory, "f", info_of(b"12345"))
    with pytest.raises(NotFound, match="there is no such file"):
        MappedFile(directory, "g", info_of(data))


def test_sealed_files(directory: LocalDirectory, tmp_path: Path) -> None:
    for content in (b"", b"some bytes"):
        sealed = write_sealed(directory, "s", content)
        assert sealed.read(directory) == content
    for wrong in (b"some bytez", b"some byte", b""):
        (tmp_path / "s").write_bytes(wrong)
        with pytest.raises(Corruption):
            sealed.read(directory)


# ---- array files

ARRAYS = {
    "a": np.arange(100, dtype=np.uint8),
    "b": np.arange(7, dtype=np.uint32),
    "c": np.arange(9, dtype=np.uint64) << np.uint64(60),
    "d": -np.arange(5, dtype=np.int64),
    "e": np.linspace(0, 1, 11),
    "empty": np.empty(0, np.uint32),
    "large": np.arange(100_000, dtype=np.uint32),
}


def write_arrays(directory: LocalDirectory, name: str = "f") -> FileInfo:
    writer = ArrayFileWriter(directory, name)
    for key, array in ARRAYS.items():
        writer.add(key, array.dtype.str[1:], np.array_split(array, 3))
    return writer.finish()


def test_arrays_round_trip(directory: LocalDirectory) -> None:
    file = ArrayFile(MappedFile(directory, "f", write_arrays(directory)))
    for key, array in ARRAYS.items():
        assert key in file
        found = file.array(key, array.dtype.str[1:])
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)
        assert not found.flags.writeable
        dtype = array.dtype.str[1:]
        assert file.native(key, dtype)[1] % 64 == 0
        assert file.native(key, dtype)[2] == len(array)
        with pytest.raises(Corruption, match=f"expected array '{key}' of .., found {dtype}"):
            file.native(key, "u4" if dtype == "u1" else "u1")
    assert "nothing" not in file
    with pytest.raises(Corruption, match=r"expected an array 'nothing', found \['a', 'b'"):
        file.array("nothing", "u4")


def test_rows_of_an_array(directory: LocalDirectory) -> None:
    file = ArrayFile(MappedFile(directory, "f", write_arrays(directory)))
    assert file.rows("large", "u4", 10, 3, 5).tolist() == [[*range(30, 40)], [*range(40, 50)]]
    for first, last in ((0, 10_001), (-1, 2), (5, 3)):
        with pytest.raises(Corruption, match=f"array 'large' has no rows {first} to {last}"):
            file.rows("large", "u4", 10, first, last)


def test_no_arrays(directory: LocalDirectory) -> None:
    assert "x" not in ArrayFile(MappedFile(directory, "f", ArrayFileWriter(directory, "f").finish()))


def with_table(tmp_path: Path, table: Any, body: bytes = bytes(640)) -> ArrayFile:
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    data = body + text + struct.pack("<Q8s", len(text), b"ROCARR\r\n")
    (tmp_path / "f").write_bytes(data)
    return ArrayFile(MappedFile(LocalDirectory(tmp_path), "f", info_of(data)))


def entry(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "arrays": {"x": {"dtype": "u4", "offset": 0, "count": 10, **changes}}}


def test_a_table_of_our_own(tmp_path: Path) -> None:
    assert with_table(tmp_path, entry()).array("x", "u4").tolist() == [0] * 10
    assert len(with_table(tmp_path, entry(count=160)).array("x", "u4")) == 160


@pytest.mark.parametrize(
    "table",
    [
        entry(count=161),
        entry(count=2**62),
        entry(count=2**64),
        entry(count=-1),
        entry(count=1.0),
        entry(count=True),
        entry(count="10"),
        entry(count=None),
        entry(offset=-64),
        entry(offset=1),
        entry(offset=704),
        entry(offset=2**64),
        entry(offset=[0]),
        entry(dtype="i4"),
        entry(dtype="O"),
        entry(dtype=["u4"]),
        entry(dtype=None),
        {"version": 1, "arrays": {"x": []}},
        {"version": 1, "arrays": {"x": {}}},
        {"version": 1, "arrays": []},
        {"version": 1, "arrays": None},
        {"version": 1},
        {"arrays": {}},
        [],
        None,
        "x",
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=lambda table: repr(table)[:60],
)
def test_hostile_tables(tmp_path: Path, table: Any) -> None:
    with pytest.raises(Corruption):
        with_table(tmp_path, table)


def test_table_of_another_version(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleFormat, match="format version 2, this rocchio reads up to 1"):
        with_table(tmp_path, {"version": 2, "arrays": "something new"})
    with pytest.raises(DataError):
        with_table(tmp_path, {"version": "1", "arrays": {}})


@pytest.mark.parametrize("data", [b"", b"x" * 15, b"x" * 16, struct.pack("<Q8s", 1, b"ROCARR\r\n"), b"x" * 1000])
def test_not_an_array_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(Corruption):
        ArrayFile(MappedFile(LocalDirectory(tmp_path), "f", info_of(data)))


# ---- tombstones


class Segment:
    """What `Tombstones.delete` needs of a segment."""

    def forward(self, row: int) -> tuple[Any, Any]:
        return np.array([row % 3, 10 + row], np.uint32), None


def test_tombstones_round_trip() -> None:
    none = Tombstones.none(20)
    assert not none.is_deleted.any()
    assert len(none.is_deleted) == 20
    some = none.delete([3, 17, 3], Segment())  # type: ignore[arg-type]
    more = some.delete([17, 6], Segment())  # type: ignore[arg-type]
    assert np.flatnonzero(more.is_deleted).tolist() == [3, 6, 17]
    assert dict(zip(more.terms.tolist(), more.counts.tolist(), strict=True)) == {0: 2, 2: 1, 13: 1, 16: 1, 27: 1}
    for tombstones in (some, more):
        read = Tombstones.from_bytes(tombstones.to_bytes(), 20, "t")
        assert read.live.tobytes() == tombstones.live.tobytes()
        assert read.terms.tolist() == tombstones.terms.tolist()
        assert read.counts.tolist() == tombstones.counts.tolist()
        assert np.array_equal(read.is_deleted, tombstones.is_deleted)


def test_hostile_tombstones() -> None:
    good = Tombstones.none(20).delete([3, 17], Segment()).to_bytes()  # type: ignore[arg-type]
    for size in range(len(good)):
        with pytest.raises(Corruption):
            Tombstones.from_bytes(good[:size], 20, "t")
    with pytest.raises(Corruption):
        Tombstones.from_bytes(good + b"x", 20, "t")
    with pytest.raises(Corruption, match="expected the tombstones of 21 rows"):
        Tombstones.from_bytes(good, 21, "t")
    with pytest.raises(Corruption):
        Tombstones.from_bytes(b"x" + good[1:], 20, "t")
    with pytest.raises(IncompatibleFormat, match="format version 9"):
        Tombstones.from_bytes(good[:8] + b"\x09" + good[9:], 20, "t")
    unordered = bytearray(good)
    unordered[27:31], unordered[31:35] = good[31:35], good[27:31]
    with pytest.raises(Corruption, match="terms are not increasing"):
        Tombstones.from_bytes(bytes(unordered), 20, "t")
    for count in (0, 2**40, 2**64 - 1):
        with pytest.raises(Corruption):
            Tombstones.from_bytes(good[:16] + struct.pack("<Q", count) + good[24:], 20, "t")


# ---- manifest


def manifest() -> Manifest:
    sealed = SealedFile("segment-00000003/tombstones-00000007.bin", 40, 123)
    first = SegmentEntry("segment-00000003", 10, {"index.arrays": 5, "documents.arrow": 7}, sealed, (44,), sealed, 2)
    second = SegmentEntry("segment-00000004", 3, {"index.arrays": 1, "documents.arrow": 2}, sealed, (4,))
    return Manifest(SCHEMA, 7, 5, (first, second))


def test_manifest_round_trip(directory: LocalDirectory, tmp_path: Path) -> None:
    write_manifest(directory, manifest())
    assert read_manifest(directory) == manifest()
    assert read_manifest(directory).document_count == 11
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]
    lines = (tmp_path / MANIFEST).read_text().splitlines()
    assert len(lines) == 2
    assert int(lines[0], 16) == crc32c(np.frombuffer(lines[1].encode(), np.uint8))
    write_manifest(directory, Manifest(SCHEMA))
    assert read_manifest(directory) == Manifest(SCHEMA)


def test_every_changed_byte_of_a_manifest_is_noticed(directory: LocalDirectory, tmp_path: Path) -> None:
    write_manifest(directory, manifest())
    data = (tmp_path / MANIFEST).read_bytes()
    for place in range(len(data)):
        (tmp_path / MANIFEST).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(Corruption, match="checksum mismatch"):
            read_manifest(directory)
    for size in range(0, len(data), 7):
        (tmp_path / MANIFEST).write_bytes(data[:size])
        with pytest.raises(Corruption, match="checksum mismatch"):
            read_manifest(directory)


def rewrite(tmp_path: Path, content: Any) -> None:
    body = json.dumps(content).encode()
    crc = crc32c(np.frombuffer(body, np.uint8))
    (tmp_path / MANIFEST).write_bytes(f"{crc:08x}\n".encode() + body + b"\n")


@pytest.mark.parametrize(
    "name",
    ["../x", "..", ".", "", "/etc", "a/b", "a\\b", ".hidden", "a\x00b", "C:", "~", "a b", 3, None, ["x"], {}],
)
def test_hostile_names(directory: LocalDirectory, tmp_path: Path, name: Any) -> None:
    write_manifest(directory, manifest())
    content = json.loads((tmp_path / MANIFEST).read_bytes().partition(b"\n")[2])
    changes: list[dict[str, Any]] = [
        {"name": name},
        {"checksums": {"name": f"{name}/x", "size": 1, "crc": 1}},
        {"checksums": {"name": f"x/{name}", "size": 1, "crc": 1}},
        {"tombstones": {"name": "x/" + str(name) + "/..", "size": 1, "crc": 1}},
    ]
    if isinstance(name, str):
        changes.append({"sizes": {name: 1}})
    for change in changes:
        if change.get("checksums", {}).get("name") in ("3/x", "x/3", "None/x", "x/None"):
            continue  # these are plain names
        rewrite(tmp_path, {**content, "segments": [{**content["segments"][0], **change}]})
        with pytest.raises(Corruption, match="the manifest cannot be read"):
            read_manifest(directory)


@pytest.mark.parametrize("value", [-1, 1.0, "1", None, True, [1]])
@pytest.mark.parametrize("key", ["rows", "deleted", "generation", "next_segment", "lengths", "size", "clicks"])
def test_counts_that_are_none(directory: LocalDirectory, tmp_path: Path, key: str, value: Any) -> None:
    write_manifest(directory, manifest())
    content = json.loads((tmp_path / MANIFEST).read_bytes().partition(b"\n")[2])
    segment = content["segments"][0]
    match key:
        case "generation" | "next_segment":
            content[key] = value
        case "lengths":
            segment[key] = [value]
        case "clicks":
            content[key]["crc"] = value
        case "size":
            segment["sizes"]["index.arrays"] = value
        case _:
            segment[key] = value
    rewrite(tmp_path, content)
    with pytest.raises(Corruption):
        read_manifest(directory)


def test_newer_manifest(directory: LocalDirectory, tmp_path: Path) -> None:
    rewrite(tmp_path, {"format_version": 1, "anything": "else"})
    with pytest.raises(IncompatibleFormat, match="version 1, this rocchio reads from 2 on; index the documents anew"):
        read_manifest(directory)
    rewrite(tmp_path, {"format_version": 5, "anything": "else"})
    with pytest.raises(IncompatibleFormat, match="has format version 5, this rocchio reads up to 4; upgrade rocchio"):
        read_manifest(directory)


def test_no_manifest(directory: LocalDirectory) -> None:
    with pytest.raises(NotFound, match=r"manifest\.json"):
        read_manifest(directory)


# ---- schema


def test_schema_round_trip() -> None:
    fields = {
        "title": rocchio.text(boost=0.5),
        "größe": rocchio.number(),
        "n": rocchio.number(integer=True),
        "day": rocchio.date(),
        "tag": rocchio.keyword(),
        "ok": rocchio.bool(),
    }
    schema = Schema(fields, "english")
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    assert schema.text_fields == ["title"]
    assert schema.boosts == [0.5]
    shown = ["text(boost=0.5)", "number()", "number(integer=True)", "date()", "keyword()", "bool()"]
    assert [str(field) for field in fields.values()] == shown
    assert str(rocchio.text()) == "text()"


def test_schema_weights() -> None:
    schema = Schema({"a": rocchio.text(boost=2.0), "n": rocchio.number(), "b": rocchio.text()}, "english")
    assert schema.weights(None) == [2.0, 1.0]
    assert schema.weights("b") == [0.0, 1.0]
    assert schema.weights(["b", "a"]) == [2.0, 1.0]
    assert schema.weights({"a": 3}) == [3.0, 0.0]
    assert schema.weights(iter(["a"])) == [2.0, 0.0]
    for wrong in ("n", "c", [], {}, {"a": 0}, {"a": float("nan")}, ["a", "n"]):
        with pytest.raises(InvalidArgument):
            schema.weights(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [{}, {"n": rocchio.number()}, {"": rocchio.text()}, {"_a": rocchio.text()}, {"doc_id": rocchio.text()},
     {"x" * 257: rocchio.text()}, {"a": rocchio.text(), "b": 3}, {"a": rocchio.text(), "b": Field("vector")}],
)  # fmt: skip
def test_impossible_schemas(fields: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected"):
        Schema(fields, "english")


# ---- directory and lock


def test_directory_errors_name_the_file(directory: LocalDirectory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFound, match=r"cannot read .*nothing: there is no such file"):
        directory.read("nothing")
    with pytest.raises(OSError, match="cannot create"):
        directory.create("file/below")
    with pytest.raises(OSError, match="cannot rename"):
        directory.make_folder("folder")
        directory.rename("file", "folder")
    directory.remove("nothing")
    assert directory.names("nothing") == []
    assert directory.names("") == ["file", "folder"]


def test_lock_is_released(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path)
    with pytest.raises(rocchio.errors.BusyError):
        WriterLock(tmp_path)
    lock.release()
    lock.release()
    (tmp_path / LOCK_FILE).write_text("not JSON")
    WriterLock(tmp_path).release()
