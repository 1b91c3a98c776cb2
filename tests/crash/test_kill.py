"""kill -9 of a real process that adds and commits: every acknowledged commit is there, none is half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rocchio

BATCH = 7
WRITER = f"""
import sys, rocchio
col = rocchio.open(sys.argv[1])
number = len(col) // {BATCH}
while True:
    col.add({{"doc_id": f"{{number:06}}-{{i}}", "text": f"batch{{number}} word{{i}}"}} for i in range({BATCH}))
    col.commit()
    print(number, flush=True)
    number += 1
    if number % 5 == 0:
        col.compact()
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_acknowledged_commits_survive_kill(tmp_path: Path, slow: bool) -> None:
    dice = random.Random(11)
    folder = tmp_path / "c"
    rocchio.create(folder, fields={"text": rocchio.text()}, analyzer="whitespace")
    acknowledged = 0
    for _ in range(100 if slow else 8):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline()]  # at least one commit a round
        time.sleep(dice.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        acknowledged = max([acknowledged, *(int(line) + 1 for line in lines if line.strip().isdigit())])
        col = rocchio.open(folder)
        batches, rest = divmod(len(col), BATCH)
        assert rest == 0, "half a batch"
        assert acknowledged <= batches <= acknowledged + 1
        assert col.verify().ok
        assert len(col.search(f"batch{acknowledged - 1}", k=20)) == BATCH
        acknowledged = batches
