"""Every level of instruction set writes the same bytes and finds the same: each level in a process of its own."""

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
        for variant in ("lucene", "bm25+", "anserini"):
            run = col.search(queries, k=k, kernel=kernel, scoring=rocchio.Bm25(variant=variant), threads=2)
            found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
signed = [{f"t{i}": 1.5, f"t{i + 1}": -0.5, "t0": -0.01} for i in range(30)] + [{f"t{i}": 1 + i % 7 for i in range(60)}]
for k in (1, 10, 1000):
    for kernel in ("automatic", "pruned", "exhaustive", "reference"):
        run = col.search(signed, k=k, kernel=kernel)
        found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
weighted = [{f"t{i}": 1.5, f"t{i + 3}": 0.3, "t0": 0.01} for i in range(40)]
for alpha in (1.0, 0.8, 0.5):
    run = col.search(weighted, k=10, field="s", kernel="pruned", alpha=alpha)
    found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
print(repr(found))
"""


VECTORS = """
import sys
from pathlib import Path
import numpy as np
import rocchio
from rocchio._native import cpu_level
from rocchio.dense import index_writer
from rocchio.dense.calibration import QUERY_COUNTS
from tests.equivalence.test_vector_index import clustered, digest

index_writer.LEAST_ROWS = 500
QUERY_COUNTS[10] = 100
folder = Path(sys.argv[1])
fields = {
    "c": rocchio.vector(20), "i": rocchio.vector(70, metric="ip"),
    "d": rocchio.vector(100, metric="l2", dtype="float16"),
}
columns = {name: clustered(1, 1100, field.dim) for name, field in fields.items()}
col = rocchio.create(folder, fields=fields)
col.add(rocchio.columns(doc_id=[f"d{row}" for row in range(1100)], **columns))
col.commit()
found = [cpu_level(), digest(folder)]
for name, field in fields.items():
    for k, recall in ((1, 0.8), (10, 0.9), (10, 1), (2000, 1)):
        run = col.search(clustered(2, 40, field.dim), field=name, k=k, recall=recall, threads=2)
        found.append((run.doc_ids[:], [scores.tobytes() for scores in run.scores]))
print(repr(found))
"""


def searched(program: str, folder: Path, level: str) -> tuple[str, str]:
    """The level that was used, and everything that was found, as text."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
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
    found = dict(searched(SEARCHES, tmp_path / "c", level) for level in LEVELS)
    assert "portable" in found
    assert cpu_level() in found
    assert len(set(found.values())) == 1, {level: len(text) for level, text in found.items()}


def test_levels_build_the_same_vector_indexes(tmp_path: Path) -> None:
    found = dict(searched(VECTORS, tmp_path / level, level) for level in LEVELS)
    assert "portable" in found
    assert cpu_level() in found
    assert len(set(found.values())) == 1, {level: len(text) for level, text in found.items()}
