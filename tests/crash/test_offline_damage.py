"""Damage to offline feedback is reported by plans that use it and by `verify`, and harms no other search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.equivalence.test_offline_sums import documents

import rocchio
from rocchio._native import crc32c
from rocchio.errors import Corruption, DataError, NotFound
from rocchio.lexical.offline_file import LIST_ARRAYS
from rocchio.lexical.reader import LEXICAL_ARRAYS
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import FileInfo, MappedFile, chunk_count
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.manifest import MANIFEST

QUERIES = ["w0 w3 w7", "w1 w12", "w28"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage") / "c"
    col = rocchio.create(folder, {"text": rocchio.text()}, analyzer="whitespace")
    col.add(documents(1, 25))
    col.commit()
    col.precompute("bm25", queries="salient(terms=3)", depth=10)
    return folder


def files(folder: Path) -> list[Path]:
    found = sorted((folder / "offline").iterdir())
    assert [path.suffix for path in found] == [".arrays", ".bin"]
    return found


def answers(col: rocchio.Collection) -> Any:
    run = col.search(QUERIES, 20, plan="offline(queries=20)")
    return run.doc_ids[:], [scores.tolist() for scores in run.scores]


def words(col: rocchio.Collection) -> Any:
    return [[(hit.doc_id, hit.score) for hit in col.search(query, 20)] for query in QUERIES]


def test_every_flipped_bit_is_harmless_or_reported(sound: Path, slow: bool) -> None:
    col = rocchio.open(sound)
    expected, in_words = answers(col), words(col)
    reported = 0
    for path in files(sound):
        content = path.read_bytes()
        for offset in range(0, len(content), 1 if slow else 3):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << (offset % 8)
            path.write_bytes(damaged)
            col = rocchio.open(sound)
            try:
                assert answers(col) == expected
            except Corruption as error:
                assert str(path.with_suffix("")) in str(error)
                reported += 1
            if offset % 60 == 0:
                assert words(col) == in_words
                assert not col.verify().ok
        path.write_bytes(content)
    assert reported > 200
    assert rocchio.open(sound).verify().ok


@pytest.mark.parametrize("kept", [0, 7, 100, -1, None])
def test_files_that_are_cut_short_or_gone(sound: Path, kept: int | None) -> None:
    in_words = words(rocchio.open(sound))
    for path in files(sound):
        content = path.read_bytes()
        path.unlink()
        if kept is not None:
            path.write_bytes(content[:kept])
        col = rocchio.open(sound)
        assert words(col) == in_words
        if content[:kept] != content or kept is None:
            with pytest.raises(NotFound if kept is None else Corruption):
                answers(col)
            assert not col.verify().ok
        path.write_bytes(content)


def rewrite(folder: Path, changes: dict[str, Any], **entry: Any) -> None:
    """The file with other arrays, and checksums that fit."""
    (path, sums) = files(folder)
    directory = LocalDirectory(folder)
    info = FileInfo(path.stat().st_size, np.frombuffer(sums.read_bytes(), "<u4"))
    assert len(info.checksums) == chunk_count(info.size)
    old = ArrayFile(MappedFile(directory, f"offline/{path.name}", info))
    types = LEXICAL_ARRAYS | LIST_ARRAYS
    arrays = {name: np.array(old.array(name, dtype)) for name, dtype in types.items()}
    out = ArrayFileWriter(directory, f"offline/{path.name}")
    for name, dtype in types.items():
        out.add(name, dtype, [changes[name](arrays[name]) if name in changes else arrays[name]])
    written = out.finish()
    sums.write_bytes(written.checksums.astype("<u4").tobytes())
    manifest = json.loads((folder / MANIFEST).read_bytes().partition(b"\n")[2])
    content = sums.read_bytes()
    manifest["offline"]["size"] = written.size
    manifest["offline"]["checksums"] |= {"size": len(content), "crc": crc32c(np.frombuffer(content, np.uint8))}
    manifest["offline"] |= entry
    body = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(f"{crc32c(np.frombuffer(body, np.uint8)):08x}\n".encode() + body + b"\n")


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(sound, tmp_path / "c"))


def flipped(seed: int) -> Any:
    def change(array: Any) -> Any:
        dice = np.random.default_rng(seed)
        out = array.copy()
        for _ in range(3):
            out[dice.integers(len(out))] = dice.integers(1 << 31) if out.itemsize > 1 else dice.integers(256)
        return out

    return change


@pytest.mark.parametrize("name", ["lists", "list_offsets", "posting_lists", "lengths"])
def test_bytes_made_to_hurt_give_an_answer_or_corruption(copy: Path, name: str, slow: bool) -> None:
    content = {path: path.read_bytes() for path in [*files(copy), copy / MANIFEST]}
    outcomes = set()
    for seed in range(300 if slow else 30):
        rewrite(copy, {name: flipped(seed)})
        col = rocchio.open(copy)
        try:
            for found in answers(col)[0]:
                assert all(doc_id in col for doc_id in found)
            outcomes.add("answer")
        except DataError:
            outcomes.add("refused")
        col.verify()
        for path, before in content.items():
            path.write_bytes(before)
    assert "refused" in outcomes


CHANGES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"lists": lambda array: array[:-1]}, {}, "do not end where their bytes end"),
    ({"lists": lambda array: array * 0}, {}, "no such length"),
    ({"list_offsets": lambda array: array[:1]}, {}, ""),
    ({}, {"count": 3}, ""),
    ({}, {"segments": {}}, "impossible entry"),
]


@pytest.mark.parametrize(("changes", "entry", "words_of_error"), CHANGES)
def test_shapes_that_do_not_fit(copy: Path, changes: Any, entry: Any, words_of_error: str) -> None:
    rewrite(copy, changes, **entry)
    col = rocchio.open(copy)
    with pytest.raises(Corruption, match=words_of_error):
        answers(col)
    assert any(words_of_error in str(problem) for problem in col.verify().problems)


@pytest.mark.parametrize("tokens", [0, 1, 2**62])
def test_a_wrong_number_of_terms_is_reported(copy: Path, tokens: int) -> None:
    rewrite(copy, {}, tokens=tokens)
    col = rocchio.open(copy)
    assert all(np.isfinite(scores).all() for scores in col.search(QUERIES, 20, plan="offline").scores)
    assert any("terms of pseudo-queries, found" in str(problem) for problem in col.verify().problems)


@pytest.mark.parametrize(
    "entry", [{"count": -1}, {"plan": 5, "segments": 3}, {"name": "../x"}, {"segments": {"a/b": 1}}, {"entries": True}]
)
def test_impossible_entries_of_the_manifest(copy: Path, entry: dict[str, Any]) -> None:
    rewrite(copy, {}, **entry)
    with pytest.raises(Corruption, match="the manifest cannot be read"):
        rocchio.open(copy)


def test_an_interrupted_precompute_leaves_nothing(copy: Path) -> None:
    class Stop(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Stop

    before = [path.read_bytes() for path in files(copy)]
    col = rocchio.open(copy)
    with pytest.raises(Stop):
        col.precompute("bm25", progress=stop)
    assert [path.read_bytes() for path in files(copy)] == before
    assert answers(col) == answers(rocchio.open(copy))


def test_orphans_are_removed(copy: Path) -> None:
    (copy / "offline" / "offline-00000099.arrays").write_bytes(b"torn")
    col = rocchio.open(copy)
    col.delete("d001")
    col.commit()
    files(copy)
