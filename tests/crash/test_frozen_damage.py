"""Frozen columns are a cache: whatever happens to their files, answers stay and `verify` says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.equivalence.test_frozen import answers, make

import rocchio
from rocchio.engine.frozen import frozen_problems, open_frozen_columns
from rocchio.storage.directory import LocalDirectory


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen") / "c"
    col = make(folder, 200)
    col.freeze()
    col.freeze(field="s")
    return folder


def files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("frozen*"))
    assert len(found) == 4
    return found


def test_flipped_bits_change_no_answer(frozen: Path, slow: bool) -> None:
    expected = answers(rocchio.open(frozen))
    for path in files(frozen):
        content = path.read_bytes()
        for offset in range(0, len(content), 1 if slow else max(1, len(content) // 25)):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << (offset % 8)
            path.write_bytes(damaged)
            assert answers(rocchio.open(frozen)) == expected
            report = rocchio.open(frozen).verify()
            assert [str(path) in str(problem) for problem in report.problems], offset
        path.write_bytes(content)
    assert rocchio.open(frozen).verify().ok


@pytest.mark.parametrize("kept", [0, 7, 100, -1, None])
def test_files_that_are_cut_short_or_gone(frozen: Path, kept: int | None) -> None:
    expected = answers(rocchio.open(frozen))
    for path in files(frozen):
        content = path.read_bytes()
        path.unlink()
        if kept is not None:
            path.write_bytes(content[:kept])
        col = rocchio.open(frozen)
        assert answers(col) == expected
        if content[:kept] != content:
            assert not col.verify().ok
        path.write_bytes(content)


def test_freezing_again_repairs(frozen: Path) -> None:
    for path in files(frozen):
        path.write_bytes(b"")
    col = rocchio.open(frozen)
    assert not col.verify().ok
    col.freeze()
    col.freeze(field="s")
    assert rocchio.open(frozen).verify().ok


def test_entries_that_contradict_the_collection(frozen: Path) -> None:
    directory = LocalDirectory(frozen)
    (segment, *_) = rocchio.open(frozen).snapshot().segments
    indexes, ((name, entry), *_) = segment.indexes, segment.entry.frozen.items()
    too_large = replace(segment.entry, frozen={name: replace(entry, size=entry.size + (1 << 20))})
    (problem,) = frozen_problems(directory, too_large, indexes)
    assert "the checksums do not fit the file's size" in str(problem)
    assert open_frozen_columns(directory, too_large) == {}
    (problem,) = frozen_problems(directory, replace(segment.entry, frozen={"nothing": entry}), indexes)
    assert "there is no nothing to have frozen columns of" in str(problem)


def test_an_interrupted_freeze_leaves_nothing(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Stop

    col = make(tmp_path / "c", 100)
    before = sorted(path.name for path in (tmp_path / "c").rglob("*"))
    with pytest.raises(Stop):
        col.freeze(progress=stop)
    assert sorted(path.name for path in (tmp_path / "c").rglob("*") if path.name != "writer.lock") == [
        name for name in before if name != "writer.lock"
    ]
    assert col.freeze().terms > 0
