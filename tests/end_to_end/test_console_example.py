"""The script that drives the demonstration's server with curl runs and shows answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")

SCRIPT = Path(__file__).parents[2] / "examples" / "console.sh"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_it_asks_what_the_console_asks():
    rocchio = Path(sys.executable).parent / "rocchio"
    if not rocchio.exists():
        pytest.skip("rocchio is not installed beside this Python")
    done = subprocess.run([SCRIPT], env={**os.environ, "ROCCHIO": str(rocchio)}, capture_output=True, text=True,
                          timeout=240, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for route in ("search", "facets", "refine", "experiments", "map"):
        assert f"> {route} " in done.stdout
    assert "content-security-policy: default-src 'none'" in done.stdout
