"""A failure, a power cut or a kill at any step of logging clicks: what was returned is there, the rest is not."""

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
from rocchio.engine.collection import Collection
from rocchio.errors import StorageFailure
from rocchio.testing import FaultyDirectory, SimulatedCrash

WRITER = """
import sys, rocchio
col = rocchio.open(sys.argv[1])
number = col.click_statistics().impressions
while True:
    col.log_clicks({"session": str(number), "query": "q", "shown": ["a"], "clicked": [1]})
    print(number, flush=True)
    number += 1
"""


def make(folder: Path) -> None:
    col = rocchio.create(folder, fields={"text": rocchio.text()}, analyzer="whitespace")
    col.add({"doc_id": "a", "text": "wing"})
    col.commit()


def log(col: Collection, first: int, count: int = 3) -> None:
    col.log_clicks(
        {"session": str(number), "query": "wing", "shown": ["a"], "clicked": [1]}
        for number in range(first, first + count)
    )


def sessions(col: Collection) -> list[int]:
    assert col.verify().ok
    assert [hit.doc_id for hit in col.search("wing", plan="corocchio >> bm25")] == ["a"]
    return [int(impression.session) for impression in col.snapshot().clicks.impressions]


def open_on(directory: FaultyDirectory) -> Collection:
    return Collection(directory, directory.root, None, 64)


def twice(col: Collection) -> None:
    log(col, 0)
    log(col, 3)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A collection, and the number of steps that logging twice takes."""
    folder = tmp_path_factory.mktemp("clicks")
    make(folder / "template")
    shutil.copytree(folder / "template", folder / "probe")
    directory = FaultyDirectory(folder / "probe")
    twice(open_on(directory))
    assert any(step == "append clicks.jsonl" for step in directory.steps)
    return folder / "template", len(directory.steps)


def test_crash_at_every_step(template: tuple[Path, int], tmp_path: Path, slow: bool) -> None:
    for step in range(template[1]):
        for seed in range(20 if slow else 2):
            folder = tmp_path / "crashed"
            shutil.copytree(template[0], folder)
            directory = FaultyDirectory(folder, fail_at=step, crash=True, torn=seed % 2 == 1)
            col = open_on(directory)
            acknowledged = 0
            with pytest.raises(SimulatedCrash):
                for first in (0, 3):
                    log(col, first)
                    acknowledged = first + 3
            if col._lock is not None:
                col._lock.release()  # a dead process holds no lock
            directory.after_crash(seed)
            again = rocchio.open(folder)
            found = sessions(again)
            assert found in ([], [0, 1, 2], [0, 1, 2, 3, 4, 5]), directory.steps[-1]
            assert len(found) >= acknowledged, directory.steps[-1]
            log(again, 9, 1)
            assert sessions(rocchio.open(folder)) == [*found, 9]
            assert again.click_statistics().pending_bytes == 0
            shutil.rmtree(folder)


def test_failure_at_every_step(template: tuple[Path, int], tmp_path: Path) -> None:
    for step in range(template[1]):
        folder = tmp_path / "failed"
        shutil.copytree(template[0], folder)
        directory = FaultyDirectory(folder, fail_at=step, torn=step % 2 == 1)
        col = open_on(directory)
        with contextlib.suppress(StorageFailure):
            twice(col)
            assert directory.steps[step].startswith("remove"), directory.steps[step]
        directory.fail_at = None
        found = sessions(col)
        assert found in ([], [0, 1, 2], [0, 1, 2, 3, 4, 5]), directory.steps[-1]
        log(col, 9, 1)
        assert sessions(col) == sessions(rocchio.open(folder)) == [*found, 9]
        shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_acknowledged_clicks_survive_kill(tmp_path: Path) -> None:
    make(tmp_path / "c")
    acknowledged = 0
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "c")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        acknowledged = max(int(line) + 1 for line in lines if line.strip().isdigit())
        found = sessions(rocchio.open(tmp_path / "c"))
        assert found == list(range(len(found)))
        assert acknowledged <= len(found) <= acknowledged + 1
