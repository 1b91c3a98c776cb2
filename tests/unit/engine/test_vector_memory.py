"""Limits as they are given, how they are shown, and that a process stays within one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.engine.vector_memory import parse_limit

STATUS = Path("/proc/self/status")
ROWS, DIM = 24_000, 256
ORIGINAL_BYTES = 4 * ROWS * DIM

CHILD = """
import json, sys
import numpy as np
import rocchio

def resident():
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in open("/proc/self/status") if "Rss" in line}
    return 1000 * (kilobytes["RssAnon"] + kilobytes["RssFile"])

path, limit, small = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
queries = np.random.default_rng(7).normal(size=(600, %d)).astype(np.float32)
rocchio.open(small).search(np.ones(3), field="v")  # what a first search loads is not what is measured
col = rocchio.open(path, memory_limit=limit)
before = resident()
for query in queries:
    col.search(query, field="v", k=10, recall=0.9)
col.search(queries[:32], field="v", k=10, recall=1)
print(json.dumps(resident() - before))
"""


def test_limits() -> None:
    assert parse_limit(123) == parse_limit("123") == 123
    assert parse_limit("64MB") == parse_limit(" 64 mb ") == 64_000_000
    assert parse_limit("1.5GiB") == 3 << 29
    assert parse_limit("2 KiB") == 2048


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("limited") / "c"
    dice = np.random.default_rng(1)
    centres = dice.normal(size=(50, DIM))
    values = (centres[dice.integers(50, size=ROWS)] + dice.normal(size=(ROWS, DIM))).astype(np.float32)
    col = rocchio.create(path, fields={"v": rocchio.vector(DIM)})
    col.add(rocchio.columns(doc_id=[str(row) for row in range(ROWS)], v=values))
    col.commit()
    return path


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from /proc/self/status")
def test_a_process_stays_within_its_limit(path: Path, tmp_path: Path) -> None:
    small = rocchio.create(tmp_path / "small", fields={"v": rocchio.vector(3)})
    small.add([{"doc_id": "a", "v": [1, 2, 3]}])
    small.commit()

    def growth(limit: int | None) -> int:
        arguments = [str(path), json.dumps(limit), str(tmp_path / "small")]
        done = subprocess.run([sys.executable, "-c", CHILD % DIM, *arguments], check=True, capture_output=True)
        grown: int = json.loads(done.stdout)
        return grown

    few_mb = 3_000_000  # of the interpreter and the allocator
    quarter = ORIGINAL_BYTES // 4
    assert growth(quarter) < quarter + few_mb
    assert growth(None) > 1.25 * ORIGINAL_BYTES  # what the limit is for


def test_a_snapshot_says_how_it_is_divided(path: Path) -> None:
    col = rocchio.open(path, memory_limit=ORIGINAL_BYTES // 4)
    about = col.memory()
    assert about is not None and about.limit_bytes == ORIGINAL_BYTES // 4
    assert about.in_memory == ("lists",)
    assert about.codes_bytes == ROWS * DIM and about.originals_bytes == ORIGINAL_BYTES
    assert about.cached_bytes == 0 and about.read_bytes < 400_000  # tables of arrays
    assert "in memory: lists" in str(about) and "read: codes 6.1 MB, originals 24.6 MB" in str(about)
    assert col.info().to_dict()["memory"]["limit_bytes"] == about.limit_bytes
    assert rocchio.open(path).memory() is None and rocchio.open(path).info().memory is None


def test_the_command_line(path: Path, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["info", str(path), "--memory-limit", "6MB"])
    assert shown.exit_code == 0 and "in memory: lists" in shown.output
    np.save(tmp_path / "q.npy", np.ones(DIM, np.float32))
    search = ["search", str(path), "--vectors", str(tmp_path / "q.npy"), "--field", "v", "-k", "3"]
    limited = CliRunner().invoke(app, [*search, "--memory-limit", "6MB", "--json"])
    assert limited.exit_code == 0, limited.output
    assert json.loads(limited.stdout) == json.loads(CliRunner().invoke(app, [*search, "--json"]).stdout)
    explained = CliRunner().invoke(app, [*search, "--memory-limit", "6MB", "--explain"])
    assert explained.exit_code == 0 and " read " in explained.output and "in memory: lists" in explained.output
