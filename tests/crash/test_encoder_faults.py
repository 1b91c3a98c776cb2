"""A failure or a power cut while a model is fitted, fitted anew, or exchanged: vectors of one model, never of two."""

from __future__ import annotations

import contextlib
import errno
import gc
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio.engine.collection import Collection
from rocchio.engine.opening import open_for_maintenance
from rocchio.errors import StorageFailure
from rocchio.storage.manifest import Manifest
from rocchio.testing import FaultyDirectory, SimulatedCrash

State = dict[str, str]
NONE: State = {}
FEW: State = {f"d{i}": f"alpha beta{i % 2} gamma" for i in range(4)}
MANY: State = FEW | {f"g{i}": f"alpha zeta{i % 3} eta" for i in range(20)}
STRIDE = 5
"""Without --slow every so many steps are tried, others in each scenario."""


def make(folder: Path, documents: State) -> None:
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")}
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    add(col, documents)


def add(col: Collection, documents: State) -> None:
    col.upsert({"doc_id": doc_id, "text": text} for doc_id, text in documents.items())
    col.commit()


def fit(col: Collection) -> None:
    add(col, FEW)
    assert col.snapshot().manifest.models["v"].documents == len(FEW)


def outgrow(col: Collection) -> None:
    add(col, MANY)
    assert col.snapshot().manifest.models["v"].documents == len(MANY)


def exchange(col: Collection) -> None:
    col.embed("v", "lsa(dim=3)")
    col.embed("v", letters)


def letters(texts: list[str]) -> np.ndarray:
    return np.array([[text.count("a"), text.count("e"), 1] for text in texts], np.float32)


SCENARIOS: dict[str, tuple[Callable[[Collection], None], State, list[State]]] = {
    "fit": (fit, NONE, [NONE, FEW]),
    "outgrow": (outgrow, FEW, [FEW, MANY]),
    "exchange": (exchange, FEW, [FEW]),
}


def state(folder: Path) -> State:
    """Texts by doc_id, all of whose vectors are what the schema's encoder makes of them."""
    is_function = "callable" in str(open_for_maintenance(folder).schema.fields["v"])
    col = rocchio.open(folder, encoders={"v": letters} if is_function else None)
    report = col.verify()
    assert report.ok, report.problems
    found = {hit.doc_id: hit.fields["text"] for hit in col.search("alpha", k=100)}
    assert len(found) == len(col)
    if not found:
        return found
    vectors, present, _ = col.snapshot().query_vectors(list(found.values()), "v")
    assert present.all()
    for doc_id, vector in zip(found, vectors, strict=True):
        assert np.allclose(col.vector(doc_id, "v"), vector, atol=1e-6)
    assert len(col.search("alpha", field="v", k=100)) == len(found)
    return found


@pytest.fixture(params=SCENARIOS)
def scenario(
    request: pytest.FixtureRequest, tmp_path: Path, slow: bool
) -> tuple[Path, Callable[[Collection], None], list[State], range]:
    action, before, allowed = SCENARIOS[request.param]
    make(tmp_path / "template", before)
    shutil.copytree(tmp_path / "template", tmp_path / "probe")
    directory = FaultyDirectory(tmp_path / "probe")
    action(open_on(directory))
    first = list(SCENARIOS).index(request.param)
    return tmp_path, action, allowed, range(0 if slow else first, len(directory.steps), 1 if slow else STRIDE)


def open_on(directory: FaultyDirectory) -> Collection:
    return Collection(directory, directory.root, None, 64)


Scenario = tuple[Path, Callable[[Collection], None], list[State], range]


def test_crash(scenario: Scenario, slow: bool) -> None:
    tmp_path, action, allowed, steps = scenario
    for step in steps:
        for seed in range(10) if slow else (step,):
            folder = tmp_path / "crashed"
            shutil.copytree(tmp_path / "template", folder)
            directory = FaultyDirectory(folder, fail_at=step, crash=True, torn=seed % 2 == 1)
            col = open_on(directory)
            with pytest.raises(SimulatedCrash):
                action(col)
            del col
            gc.collect()  # a dead process holds no lock
            directory.after_crash(seed)
            check_survivor(folder, allowed, f"step {step} ({directory.steps[-1]}), seed {seed}")
            shutil.rmtree(folder)


def test_failure(scenario: Scenario) -> None:
    tmp_path, action, allowed, steps = scenario
    for step in steps:
        folder = tmp_path / "failed"
        shutil.copytree(tmp_path / "template", folder)
        directory = FaultyDirectory(folder, fail_at=step, torn=step % 2 == 1, error=errno.ENOSPC)
        col = open_on(directory)
        with contextlib.suppress(StorageFailure):
            action(col)
            # only the removal of old files, after the commit, may fail without an error
            assert directory.steps[step].startswith("remove"), directory.steps[step]
        directory.fail_at = None
        assert state(folder) in allowed, directory.steps[step]
        col.close()
        check_survivor(folder, allowed, f"step {step}")
        shutil.rmtree(folder)


def check_survivor(folder: Path, allowed: list[State], where: str) -> None:
    """A whole state, that can be written to, and no file that nothing names."""
    found = state(folder)
    assert found in allowed, where
    with open_for_maintenance(folder) as col:
        col.delete(list(found)[:1])
        col.commit()
        col.compact()
        manifest = col.snapshot().manifest
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    assert names == {name.partition("/")[0] for name in [*_files(manifest), *manifest.derived_files]}, where
    models = {f"models/{path.name}" for path in (folder / "models").glob("*")}
    assert models == set(manifest.derived_files), where


def _files(manifest: Manifest) -> list[str]:
    return [name for entry in manifest.segments for name in entry.files()]
