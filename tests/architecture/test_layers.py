"""Imports go down: the contract of pyproject.toml holds, and the documents say the same."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]


def test_contract_holds():
    entry = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", entry, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_contract_covers_every_module():
    named = {name.strip() for layer in CONTRACT["layers"] for name in layer.split("|")}
    found = {path.stem for path in (ROOT / "src" / "rocchio").glob("*.py")}
    found |= {path.parent.name for path in (ROOT / "src" / "rocchio").glob("*/__init__.py")}
    assert CONTRACT["exhaustive"]
    assert found - {"__init__", "__main__"} == named


def test_architecture_page_shows_the_contract():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert "\n".join(CONTRACT["layers"]) in page
