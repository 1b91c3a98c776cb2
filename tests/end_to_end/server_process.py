"""`rocchio serve` as a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ENTRY = "from rocchio.cli.main import main; main()"


@contextlib.contextmanager
def server(path: Path, *options: str, code: str = ENTRY) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL; killed at the end if it still runs. Its log goes to `path`.log."""
    command = [sys.executable, "-c", code, "serve", str(path), "--port", "0", *options]
    with Path(f"{path}.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), Path(f"{path}.log").read_text(encoding="utf-8")
        yield process, line.split()[-1]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
