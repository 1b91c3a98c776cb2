"""The same searches on every level of instruction set give the same bytes: each level in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.equivalence.test_frozen import make

from rocchio._native import cpu_level

LEVELS = ("portable", "avx2", "avx512")

SEARCHES = """
import sys
import numpy as np
import rocchio
from rocchio._native import cpu_level
from tests.equivalence.test_frozen import answers

col = rocchio.open(sys.argv[1], cache_mb=1)
queries = [f"t{i} t{(7 * i) % 60} t{(i * i) % 60}" for i in range(60)]
found = [cpu_level(), answers(col)]
for k in (1, 10, 1000):
    for kernel in ("automatic", "pruned", "exhaustive", "reference"):
        for variant in ("lucene", "bm25+"):
            run = col.search(queries, k=k, kernel=kernel, scoring=rocchio.Bm25(variant=variant), threads=2)
            found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
weighted = [{f"t{i}": 1.5, f"t{i + 3}": 0.3, "t0": 0.01} for i in range(40)]
for alpha in (1.0, 0.8, 0.5):
    run = col.search(weighted, k=10, field="s", kernel="pruned", alpha=alpha)
    found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
print(repr(found))
"""


def searched(folder: Path, level: str) -> tuple[str, str]:
    """The level that was used, and everything that was found, as text."""
    done = subprocess.run(
        [sys.executable, "-c", SEARCHES, str(folder)],
        env=os.environ | {"ROCCHIO_CPU_LEVEL": level}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    used, _, found = done.stdout.partition(", ")
    return used.strip("['"), found


@pytest.mark.parametrize("frozen", [False, True])
def test_levels_agree_to_the_last_byte(tmp_path: Path, frozen: bool) -> None:
    col = make(tmp_path / "c", 5000)
    col.delete([f"d{row:05}" for row in range(0, 5000, 11)])
    col.commit()
    if frozen:
        col.freeze()
        col.freeze(field="s")
    found = dict(searched(tmp_path / "c", level) for level in LEVELS)
    assert "portable" in found
    assert cpu_level() in found
    assert len(set(found.values())) == 1, {level: len(text) for level, text in found.items()}
