"""The typed face of the extension, `_ext.pyi`, names exactly what the extension has.

Regenerate it with: python -m nanobind.stubgen -m rocchio._native._ext -o src/rocchio/_native/_ext.pyi
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

STUB = Path(__file__).parents[2] / "src" / "rocchio" / "_native" / "_ext.pyi"
DEFINITION = re.compile(r"^( *)(?:class|def) (\w+)|^( *)(\w+): \w+", re.MULTILINE)


def definitions(text: str) -> set[tuple[str, ...]]:
    """Indented names: signatures may be written differently by other versions of the generator."""
    return {match.groups(default="") for match in DEFINITION.finditer(text)}


def test_the_stub_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "_ext.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "rocchio._native._ext", "-o", str(fresh)]
    subprocess.run(command, check=True)
    assert definitions(STUB.read_text()) == definitions(fresh.read_text())
