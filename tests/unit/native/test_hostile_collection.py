"""Files made to hurt, with checksums that fit: DataError or an answer, never a crash, never another exception."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.native import hostile

ROOT = Path(__file__).parents[3]
ROUNDS = 300

KNOWN = (  # each has a test of its own below
    "OverflowError: Python int too large to convert to C int",
    "ValueError: buffer size must be a multiple of element size",
    "UnicodeDecodeError",
    "InvalidArgument: expected steps like",
    "InvalidArgument: expected an analyzer",
    "InvalidArgument: unknown analyzer",
    "Tried to write record batch with different schema",
    "ArrowInvalid: Schema of RecordBatch",
    "KeyError",
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "c"
    hostile.make(folder)
    return folder


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "c")
    return tmp_path / "c"


def run(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "tests.unit.native.hostile", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def outcomes_of(folder: Path) -> list[str]:
    process = run("--use", folder)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, f"died with {process.returncode}: {errors[-2000:]}"
    outcomes: list[str] = json.loads(output)["outcomes"]
    return outcomes


def escaped(outcomes: list[str]) -> list[str]:
    return [outcome for outcome in outcomes if outcome.startswith("ESCAPED")]


def test_a_sound_collection_is_used_without_a_word(copy: Path) -> None:
    assert outcomes_of(copy) == []


def test_repair_gives_a_sound_collection(copy: Path) -> None:
    hostile.repair(copy)
    for path in copy.rglob("index.arrays"):
        hostile.rewrite_arrays(path, lambda arrays: None)
    hostile.repair(copy)
    assert outcomes_of(copy) == []


def test_random_damage(sound: Path, slow: bool) -> None:
    rounds = 20 * ROUNDS if slow else ROUNDS
    programs = [run(sound, first, rounds // 2) for first in (0, rounds // 2)]
    noticed = 0
    for program in programs:
        output, errors = program.communicate(timeout=1200)
        assert program.returncode == 0, f"died with {program.returncode}: {errors[-2000:]}"
        rows = [json.loads(line) for line in output.splitlines()]
        assert len(rows) == rounds // 2
        for row in rows:
            wrong = [text for text in escaped(row["outcomes"]) if not any(known in text for known in KNOWN)]
            assert not wrong, row
            noticed += bool(row["outcomes"])
    assert noticed > rounds // 2


@pytest.mark.parametrize(
    "name",
    [
        "index.arrays",
        "documents.arrow",
        "vectors-0.arrays",
        "vector-index-0.arrays",
        "columns.arrays",
        "tombstones",
        "manifest.json",
    ],
)
def test_truncations(sound: Path, tmp_path: Path, name: str) -> None:
    (original,) = [path for path in sorted(sound.rglob(f"{name}*")) if "00000001" not in path.parent.name]
    size = original.stat().st_size
    for kept in {0, 1, 8, 16, 24, 64, size // 3, size // 2, size - 64, size - 16, size - 8, size - 1}:
        folder = tmp_path / str(kept)
        shutil.copytree(sound, folder)
        path = folder / original.relative_to(sound)
        if name == "manifest.json":
            hostile.write_manifest(folder, path.read_bytes()[9 : max(9, kept - 1)])
        else:
            path.write_bytes(original.read_bytes()[:kept])
            hostile.repair(folder)
        assert hostile.use(folder), f"{name} cut to {kept} bytes went unnoticed"
        assert not escaped(hostile.use(folder)), kept


def change_manifest(folder: Path, change: Callable[[Any], None]) -> None:
    manifest = hostile.read_manifest(folder)
    change(manifest)
    hostile.write_manifest(folder, manifest)


def change_index(folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    hostile.rewrite_arrays(folder / "segment-00000000" / "index.arrays", change)
    hostile.repair(folder)


def set_first_segment(name: str, value: Any) -> Callable[[Any], None]:
    return lambda manifest: manifest["segments"][0].update({name: value})


REFUSED: dict[str, Callable[[Any], None]] = {
    "rows too few": set_first_segment("rows", 7),
    "rows too many": set_first_segment("rows", 9),
    "no rows": set_first_segment("rows", 0),
    "deleted wrong": set_first_segment("deleted", 1),
    "deleted more than rows": set_first_segment("deleted", 9),
    "name of a folder outside": set_first_segment("name", "../c/segment-00000000"),
    "absolute name": set_first_segment("name", "/etc"),
    "hidden name": set_first_segment("name", ".hidden"),
    "negative rows": set_first_segment("rows", -1),
    "rows a text": set_first_segment("rows", "8"),
    "rows true": set_first_segment("rows", True),
    "lengths missing": set_first_segment("lengths", []),
    "sizes of another file": set_first_segment("sizes", {"index.arrays": 1, "passwd": 2}),
    "sizes wrong": set_first_segment("sizes", {"index.arrays": 1, "documents.arrow": 2}),
    "missing segment": set_first_segment("name", "segment-00000099"),
    "sealed outside": set_first_segment("checksums", {"name": "../../x", "size": 1, "crc": 1}),
    "no schema": lambda manifest: manifest.pop("schema"),
    "no text field": lambda manifest: manifest["schema"].update(fields={}),
    "segments no list": lambda manifest: manifest.update(segments=3),
    "unknown kind": lambda manifest: manifest["schema"]["fields"]["text"].update(kind="vector"),
    "another dim": lambda manifest: manifest["schema"]["fields"]["v"].update(dim=3),
    "dim a text": lambda manifest: manifest["schema"]["fields"]["v"].update(dim="2"),
    "unknown metric": lambda manifest: manifest["schema"]["fields"]["v"].update(metric=["l2"]),
    "another dtype": lambda manifest: manifest["schema"]["fields"]["w"].update(dtype="float32"),
    "vector field less": lambda manifest: manifest["schema"]["fields"].pop("w"),
    "calibrations missing": lambda manifest: manifest["segments"][0].pop("calibrations"),
    "calibrations of another field": lambda manifest: manifest["segments"][0]["calibrations"].append([]),
    "calibrations null": set_first_segment("calibrations", None),
    "calibrations no lists": set_first_segment("calibrations", [3, 4]),
    "text field more": lambda manifest: manifest["schema"]["fields"]["tag"].update(kind="text"),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=list(REFUSED))
def test_manifests_that_lie_are_refused(copy: Path, change: Callable[[Any], None]) -> None:
    change_manifest(copy, change)
    outcomes = outcomes_of(copy)
    assert outcomes
    assert not escaped(outcomes)


def test_other_json_than_a_manifest(copy: Path) -> None:
    for content in (
        [],
        None,
        3,
        "x",
        {},
        b"",
        b"\xff",
        b"[" * 5000,
        {"format_version": "1"},
        {"format_version": -5},
    ):
        hostile.write_manifest(copy, content)
        assert hostile.use(copy) in (["Corruption"], ["IncompatibleFormat"])


# ---- known bugs: each is fixed when its test passes


def test_field_type_changed(copy: Path) -> None:
    change_manifest(copy, lambda m: m["schema"]["fields"]["year"].update(kind="date"))
    outcomes = outcomes_of(copy)
    assert "Corruption" in outcomes
    assert not escaped(outcomes)


def test_rows_beyond_memory(copy: Path) -> None:
    for rows in (2**63, 2**70):
        change_manifest(copy, lambda m, rows=rows: m["segments"][1].update(rows=rows))
        assert not escaped(outcomes_of(copy))


def test_boost_beyond_float(copy: Path) -> None:
    change_manifest(copy, lambda m: m["schema"]["fields"]["text"].update(boost=10**400))
    assert outcomes_of(copy) == ["Corruption"]


@pytest.mark.parametrize("boost", [float("nan"), float("inf"), -1.0, 0.0])
def test_impossible_boost(copy: Path, boost: float) -> None:
    change_manifest(copy, lambda m: m["schema"]["fields"]["text"].update(boost=boost))
    assert outcomes_of(copy) == ["Corruption"]


def test_lengths_beyond_64_bits(copy: Path) -> None:
    change_manifest(copy, lambda m: m["segments"][0].update(lengths=[2**64, 2**64]))
    assert not escaped(outcomes_of(copy))


def test_unknown_analyzer_in_the_manifest(copy: Path) -> None:
    change_manifest(copy, lambda m: m["schema"].update(analyzer="[]"))
    assert not escaped(outcomes_of(copy))


def test_field_name_that_is_no_unicode(copy: Path) -> None:
    change_manifest(copy, lambda m: m["schema"]["fields"].update({"\ud800": m["schema"]["fields"].pop("year")}))
    assert not escaped(outcomes_of(copy))


def test_checksums_of_odd_size(copy: Path) -> None:
    path = copy / "segment-00000000" / "checksums.bin"
    path.write_bytes(path.read_bytes()[:-1])
    hostile.repair_keeping(copy, path)
    assert not escaped(outcomes_of(copy))


def test_doc_ids_that_are_no_utf8(copy: Path) -> None:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays["doc_id_bytes"][-1] = 0xFF

    change_index(copy, change)
    assert not escaped(outcomes_of(copy))


def test_array_of_another_type(copy: Path) -> None:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays["document_offsets"] = arrays["document_offsets"].astype("<i8")
        arrays["document_offsets"][0] = -5

    change_index(copy, change)
    assert not escaped(outcomes_of(copy))


def rewrite_documents(folder: Path, change: Callable[[pa.RecordBatch], pa.RecordBatch], **options: Any) -> None:
    """Write the first segment's documents anew and tell the index where the batches are."""
    path = folder / "segment-00000000" / "documents.arrow"
    reader = pa.ipc.open_file(pa.py_buffer(path.read_bytes()))
    batch = change(reader.get_batch(0))
    with path.open("wb") as file:
        writer = pa.ipc.new_file(file, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))
        begin = file.tell()
        writer.write_batch(batch)
        end = file.tell()
        writer.close()

    def tell(arrays: dict[str, np.ndarray]) -> None:
        arrays["document_offsets"] = np.array([begin, end], np.uint64)

    change_index(folder, tell)


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    columns = [values if field.name == name else batch.column(field.name) for field in batch.schema]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def test_documents_can_be_rewritten(copy: Path) -> None:
    rewrite_documents(copy, lambda batch: batch)
    assert outcomes_of(copy) == []


def test_documents_of_other_columns(copy: Path) -> None:
    rewrite_documents(copy, lambda batch: batch.drop_columns(["year"]))
    outcomes = outcomes_of(copy)
    assert "Corruption" in outcomes
    assert not escaped(outcomes)


def test_fewer_documents(copy: Path) -> None:
    rewrite_documents(copy, lambda batch: batch.slice(1))
    outcomes = outcomes_of(copy)
    assert "Corruption" in outcomes
    assert not escaped(outcomes)


def test_dates_beyond_python(copy: Path) -> None:
    far = pa.array([2**62] * 8, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    rewrite_documents(copy, lambda batch: with_column(batch, "day", far))
    assert not escaped(outcomes_of(copy))


def test_documents_without_doc_id(copy: Path) -> None:
    ids = pa.array(["d00", None, *(f"d0{i}" for i in range(2, 8))], pa.large_string())
    rewrite_documents(copy, lambda batch: with_column(batch, "doc_id", ids))
    assert not escaped(outcomes_of(copy))


def test_documents_whose_lists_name_their_items_differently(copy: Path) -> None:
    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        other = pa.list_(pa.field("thing", pa.string()))
        fields = [field.with_type(other) if field.name == "tag" else field for field in batch.schema]
        columns = [batch.column(f.name).cast(other) if f.name == "tag" else batch.column(f.name) for f in fields]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))

    rewrite_documents(copy, change)
    assert not escaped(outcomes_of(copy))


def change_vectors(folder: Path, field: int, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    hostile.rewrite_arrays(folder / "segment-00000000" / f"vectors-{field}.arrays", change)
    hostile.repair(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite(copy: Path, value: float) -> None:
    change_vectors(copy, 0, lambda arrays: arrays["vectors"].__setitem__(3, value))
    assert outcomes_of(copy) == ["problem: Corruption"]


def test_vectors_without_a_direction(copy: Path) -> None:
    change_vectors(copy, 0, lambda arrays: arrays["vectors"].fill(0))
    assert outcomes_of(copy) == ["problem: Corruption"]


def test_vectors_of_rows_that_have_none(copy: Path) -> None:
    change_vectors(copy, 1, lambda arrays: arrays["vectors"].__setitem__(0, 1))
    assert outcomes_of(copy) == ["problem: Corruption"]


def test_a_mask_of_another_length(copy: Path) -> None:
    change_vectors(copy, 1, lambda arrays: arrays.update(present=np.array([255, 1], np.uint8)))
    assert outcomes_of(copy) == ["Corruption"]
