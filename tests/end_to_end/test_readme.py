"""Everything README.md and the first how-to show runs, and gives what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "docs/how-to/first-collection.md",
    "docs/how-to/clicks.md",
    "docs/how-to/console.md",
    "docs/how-to/errors.md",
    "docs/how-to/filters.md",
    "docs/how-to/tenants.md",
    "docs/how-to/encoders.md",
    "docs/how-to/feedback.md",
    "docs/how-to/frameworks.md",
    "docs/how-to/hybrid.md",
    "docs/how-to/long-documents.md",
    "docs/how-to/memory.md",
    "docs/how-to/offline-feedback.md",
    "docs/how-to/serve.md",
    "docs/how-to/sparse.md",
    "docs/how-to/vectors.md",
    "docs/formats/documents.md",
]
NEEDS = {"docs/how-to/frameworks.md": ("langchain_core", "haystack", "sklearn")}
"""What the examples of a page import beside rocchio's own extras."""

BLOCK = re.compile(r"^```(python|sh|console|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^(\S.*?)(?:  |\n)# -> (.+)$", re.MULTILINE)
"""`expression  # -> value` states what the expression gives; the comment may stand on the next line."""


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def command_lines(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def run_python(code: str, names: dict[str, object]) -> None:
    checked = SHOWN.sub(r"assert (_found := (\1)) == (\2), f'found {_found!r}'", code)
    exec(compile(checked, "<page>", "exec"), names)


def run_rocchio(line: str, folder: Path) -> str:
    program, *arguments = shlex.split(line, comments=True)
    assert program == "rocchio", f"a block of rocchio commands has {line!r}"
    entry = "from rocchio.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", entry, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def check_output(shown: str, printed: str) -> None:
    """Each line of a text block is a line that the commands before it printed; widths of columns do not count."""
    lines = [line.split() for line in printed.splitlines()]
    missing = [line for line in shown.splitlines() if line.split() not in lines]
    assert not missing, f"shown, but not printed: {missing}; printed:\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in NEEDS.get(page, ()):
        pytest.importorskip(name, reason=f"{name} is not installed: make test installs it")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    ran, printed = 0, ""
    for language, code in blocks(page):
        if language == "python":
            run_python(code, names)
            ran += 1
        elif command_lines(code)[0].startswith("rocchio"):
            printed = "".join(run_rocchio(line, tmp_path) for line in command_lines(code))
            ran += 1
        elif language == "text":
            check_output(code, printed)
    assert ran, f"expected examples in {page}"


def test_a_wrong_value_is_noticed():
    with pytest.raises(AssertionError, match="found 2"):
        run_python("1 + 1  # -> 3\n", {})


def test_readme_covers_python_and_the_command_line():
    lines = [line for language, code in blocks("README.md") if language == "sh" for line in command_lines(code)]
    commands = {line.split()[1] for line in lines if line.startswith("rocchio ")}
    assert {"index", "search", "eval", "info", "verify"} <= commands


def test_the_installed_command_works():
    found = Path(sys.executable).parent / "rocchio"
    if not found.exists():
        pytest.skip("rocchio is not installed beside this Python")
    done = subprocess.run([str(found), "--version"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("rocchio ")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_folder_runs(example: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
