"""A failure, a power cut or a kill at any step of grants and revokes: what was returned is there, the rest is not."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rocchio
from rocchio import ALL_TENANTS
from rocchio.engine.collection import Collection
from rocchio.errors import Corruption, StorageFailure
from rocchio.testing import FaultyDirectory, SimulatedCrash

WRITER = """
import sys, rocchio
col = rocchio.open(sys.argv[1])
number = col.tenants().get("t", 0)
while True:
    assert col.grant(str(number), "t").changed == 1
    print(number, flush=True)
    number += 1
"""


def make(folder: Path, documents: int = 8) -> None:
    col = rocchio.create(folder, fields={"text": rocchio.text()}, analyzer="whitespace", tenants="tenants")
    col.add([{"doc_id": str(number), "text": "wing"} for number in range(documents)], tenants="owner")
    col.commit()


def granted(col: Collection) -> set[str]:
    """What the tenant t sees, by every way of looking."""
    assert col.verify().ok
    count = col.tenants().get("t", 0)
    if not count:
        return set()
    found = {hit.doc_id for hit in col.search("wing", k=1000, tenant="t")}
    assert len(found) == count == col.count(tenant="t")
    assert all(doc_id in col.for_tenant("t") for doc_id in found)
    return found


def open_on(directory: FaultyDirectory) -> Collection:
    return Collection(directory, directory.root, None, 64)


STATES: list[set[str]] = [set(), {"0", "1", "2"}, {"1", "2"}, {"1", "2", "5"}]


def script(col: Collection) -> None:
    col.grant(["0", "1", "2"], "t")
    col.revoke(["0", "7"], "t")
    col.grant(["5"], "t")


def steps_of(folder: Path, template: Path) -> int:
    shutil.copytree(template, folder)
    directory = FaultyDirectory(folder)
    script(open_on(directory))
    assert any(step.startswith("append tenants/grants-") for step in directory.steps)
    return len(directory.steps)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A collection, and the number of steps of the script."""
    folder = tmp_path_factory.mktemp("grants")
    make(folder / "template")
    return folder / "template", steps_of(folder / "probe", folder / "template")


def test_crash_at_every_step(template: tuple[Path, int], tmp_path: Path, slow: bool) -> None:
    for step in range(template[1]):
        for seed in range(20 if slow else 2):
            folder = tmp_path / "crashed"
            shutil.copytree(template[0], folder)
            directory = FaultyDirectory(folder, fail_at=step, crash=True, torn=seed % 2 == 1)
            col = open_on(directory)
            done = 0
            with pytest.raises(SimulatedCrash):
                col.grant(["0", "1", "2"], "t")
                done = 1
                col.revoke(["0", "7"], "t")
                done = 2
                col.grant(["5"], "t")
                done = 3
            if col._lock is not None:
                col._lock.release()  # a dead process holds no lock
            directory.after_crash(seed)
            again = rocchio.open(folder)
            found = granted(again)
            assert found in STATES[done : done + 2], directory.steps[-1]
            again.grant(["6"], "t")
            assert granted(rocchio.open(folder)) == found | {"6"}
            again.compact()
            assert granted(rocchio.open(folder)) == found | {"6"}
            shutil.rmtree(folder)


def test_failure_at_every_step(template: tuple[Path, int], tmp_path: Path) -> None:
    for step in range(template[1]):
        folder = tmp_path / "failed"
        shutil.copytree(template[0], folder)
        directory = FaultyDirectory(folder, fail_at=step, torn=step % 2 == 1)
        col = open_on(directory)
        with contextlib.suppress(StorageFailure):
            script(col)
        directory.fail_at = None
        found = granted(col)
        assert found in STATES, directory.steps[-1]
        col.grant(["6"], "t")
        assert granted(col) == granted(rocchio.open(folder)) == found | {"6"}
        shutil.rmtree(folder)


def test_crash_while_a_tenant_is_deleted(template: tuple[Path, int], tmp_path: Path) -> None:
    """All of a tenant is there, or nothing is; then deleting again leaves nothing."""

    def run(col: Collection) -> None:
        col.delete_tenant("owner")

    shutil.copytree(template[0], tmp_path / "probe")
    with rocchio.open(tmp_path / "probe") as col:
        col.grant(["0", "1"], "t")
    shutil.copytree(tmp_path / "probe", tmp_path / "counted")
    counted = FaultyDirectory(tmp_path / "counted")
    run(open_on(counted))
    for step in range(len(counted.steps)):
        folder = tmp_path / "crashed"
        shutil.copytree(tmp_path / "probe", folder)
        directory = FaultyDirectory(folder, fail_at=step, crash=True, torn=step % 2 == 1)
        col = open_on(directory)
        with contextlib.suppress(SimulatedCrash):
            run(col)
        if col._lock is not None:
            col._lock.release()
        directory.after_crash(step)
        again = rocchio.open(folder)
        assert granted(again) == {"0", "1"}
        assert again.tenants() in ({"t": 2}, {"owner": 8, "t": 2}), directory.steps[-1]
        with contextlib.suppress(rocchio.errors.NotFound):
            assert again.delete_tenant("owner").remaining == ()
        assert again.tenants() == {"t": 2}
        assert len(again.snapshot(ALL_TENANTS)) == 2
        assert b"owner" not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)


@pytest.mark.parametrize("place", ["shorter", "changed", "gone", "unknown document"])
def test_damaged_log(template: tuple[Path, int], tmp_path: Path, place: str) -> None:
    shutil.copytree(template[0], tmp_path / "c")
    with rocchio.open(tmp_path / "c") as col:
        col.grant(["0", "1"], "t")
    (log,) = (tmp_path / "c" / "tenants").iterdir()
    content = log.read_bytes()
    if place == "shorter":
        log.write_bytes(content[:-1])
    elif place == "changed":
        log.write_bytes(content.replace(b"[0,1]", b"[0,2]"))
    elif place == "gone":
        log.unlink()
    else:
        from dataclasses import replace

        import numpy as np

        from rocchio.storage.directory import LocalDirectory
        from rocchio.storage.grant_log import append_grants, read_grants
        from rocchio.storage.manifest import read_manifest, write_manifest

        directory = LocalDirectory(tmp_path / "c")
        manifest = read_manifest(directory)
        grant = replace(read_grants(directory, manifest.grants)[0], documents=np.array([8]))
        write_manifest(directory, replace(manifest, grants=append_grants(directory, manifest.grants, [grant], 9)))
    with pytest.raises(Corruption):
        rocchio.open(tmp_path / "c")


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_acknowledged_grants_survive_kill(tmp_path: Path) -> None:
    make(tmp_path / "c", documents=400)
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "c")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        acknowledged = max(int(line) + 1 for line in lines if line.strip().isdigit())
        found = granted(rocchio.open(tmp_path / "c"))
        assert found == set(map(str, range(len(found))))
        assert acknowledged <= len(found) <= acknowledged + 1
