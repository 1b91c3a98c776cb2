"""A failure or a power cut at every single step of a commit and of a compaction: old state or new state, never half."""

from __future__ import annotations

import contextlib
import errno
import gc
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import StorageFailure
from rocchio.testing import FaultyDirectory, SimulatedCrash

State = dict[str, str]
OLD: State = {f"d{i}": f"alpha beta{i} gamma" for i in range(12)}
NEW: State = {
    **{k: v for k, v in OLD.items() if k not in ("d3", "d4")},
    "d5": "delta again",
    "e1": "epsilon alpha",
}


def record(doc_id: str, text: str) -> dict[str, Any]:
    """A document that a text field and a sparse field find by the same words; a vector finds it too."""
    weights = {word: len(word) / 4 for word in text.split()}
    return {"doc_id": doc_id, "text": text, "weights": weights, "vector": vector(text), "size": len(text) % 3}


def vector(text: str) -> list[float]:
    return [float(len(text)), float(text.count("a")), 1.0]


def make(folder: Path) -> None:
    fields = {"text": rocchio.text(), "weights": rocchio.sparse(), "vector": rocchio.vector(3, metric="l2")}
    fields["size"] = rocchio.number()
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    for doc_ids in (list(OLD)[:8], list(OLD)[8:]):
        col.add(record(doc_id, OLD[doc_id]) for doc_id in doc_ids)
        col.commit()


def commit(col: Collection) -> None:
    col.upsert(record(doc_id, NEW[doc_id]) for doc_id in ("d5", "e1"))
    col.delete(["d3", "d4"])
    col.commit()


def compact(col: Collection) -> None:
    col.delete(["d0"])
    col.commit()
    col.compact()


def cluster(col: Collection) -> None:
    col.compact(cluster_by="size")
    col.compact(cluster_by=[])


def freeze(col: Collection) -> None:
    col.freeze()
    col.freeze(field="weights")
    col.thaw()


def state(col: Collection) -> State:
    """Read back in every way: stored fields, search, counts; all must agree."""
    report = col.verify()
    assert report.ok, report.problems
    words = "alpha beta0 again epsilon gamma"
    found = {hit.doc_id: hit.fields["text"] for hit in col.search(words, k=100)}
    sparse = col.search(dict.fromkeys(words.split(), 1.0), field="weights", k=100)
    assert {hit.doc_id: hit.fields["text"] for hit in sparse} == found
    assert all("alpha" not in found[hit.doc_id] or hit.score >= 1.25 for hit in sparse)
    assert len(found) == len(col)
    dense = col.search([0.0, 0.0, 0.0], field="vector", k=100, recall=1)
    assert {hit.doc_id: hit.score for hit in dense} == {
        doc_id: -sum(number**2 for number in vector(text)) for doc_id, text in found.items()
    }
    assert all((col.vector(doc_id, "vector") == vector(text)).all() for doc_id, text in found.items())
    assert found == {doc_id: col.get(doc_id)["text"] for doc_id in found}
    return found


def open_on(directory: FaultyDirectory) -> Collection:
    return Collection(directory, directory.root, None, 64)


def steps_of(folder: Path, action: Callable[[Collection], None]) -> int:
    directory = FaultyDirectory(folder)
    action(open_on(directory))
    return len(directory.steps)


SCENARIOS = {
    "commit": (commit, [OLD, NEW]),
    "compact": (compact, [OLD, {k: v for k, v in OLD.items() if k != "d0"}]),
    "cluster": (cluster, [OLD]),
    "freeze": (freeze, [OLD]),
}


@pytest.fixture(params=SCENARIOS)
def scenario(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[Path, Callable[[Collection], None], list[State], int]:
    action, allowed = SCENARIOS[request.param]
    make(tmp_path / "template")
    shutil.copytree(tmp_path / "template", tmp_path / "probe")
    steps = steps_of(tmp_path / "probe", action)
    assert steps > 10
    return tmp_path, action, allowed, steps


def test_crash_at_every_step(scenario: tuple[Path, Callable[[Collection], None], list[State], int], slow: bool) -> None:
    """Which writes are lost depends on a seed: without --slow each step has one, and steps take turns."""
    tmp_path, action, allowed, steps = scenario
    for step in range(steps):
        for seed in range(40) if slow else [step % 6]:
            folder = tmp_path / "crashed"
            shutil.copytree(tmp_path / "template", folder)
            directory = FaultyDirectory(folder, fail_at=step, crash=True, torn=seed % 2 == 1)
            col = open_on(directory)
            with pytest.raises(SimulatedCrash):
                action(col)
            del col
            gc.collect()  # a dead process holds no lock
            directory.after_crash(seed)
            _check_survivor(folder, allowed, f"step {step} ({directory.steps[-1]}), seed {seed}")
            shutil.rmtree(folder)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_failure_at_every_step(
    scenario: tuple[Path, Callable[[Collection], None], list[State], int], error: int
) -> None:
    """The same handle must show a whole state after the failure and be able to write again."""
    tmp_path, action, allowed, steps = scenario
    for step in range(steps):
        folder = tmp_path / "failed"
        shutil.copytree(tmp_path / "template", folder)
        directory = FaultyDirectory(folder, fail_at=step, torn=step % 2 == 1, error=error)
        col = open_on(directory)
        with contextlib.suppress(StorageFailure):
            action(col)
            # only the removal of old files, after the commit, may fail without an error
            assert directory.steps[step].startswith("remove"), directory.steps[step]
        directory.fail_at = None
        assert state(col) in allowed, directory.steps[-1]
        col.upsert(record("later", "alpha"))
        col.commit()
        assert "later" in state(col)
        col.close()
        _check_survivor(folder, [{**known, "later": "alpha"} for known in allowed], f"step {step}")
        shutil.rmtree(folder)


def test_a_commit_that_returned_survives_a_crash_right_after(tmp_path: Path) -> None:
    make(tmp_path / "c")
    directory = FaultyDirectory(tmp_path / "c")
    commit(open_on(directory))
    for seed in range(20):
        shutil.copytree(tmp_path / "c", tmp_path / "copy")
        directory.root = tmp_path / "copy"
        directory.after_crash(seed)
        assert state(rocchio.open(tmp_path / "copy")) == NEW
        shutil.rmtree(tmp_path / "copy")


def _check_survivor(folder: Path, allowed: list[State], where: str) -> None:
    col = rocchio.open(folder)
    assert state(col) in allowed, where
    col.upsert(record("after", "alpha after"))
    col.commit()
    assert state(rocchio.open(folder))["after"] == "alpha after", where
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    assert names == {entry.name for entry in col.snapshot().manifest.segments}, f"orphans left, {where}"
