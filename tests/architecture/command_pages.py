"""The pages of docs/cli, made from `rocchio COMMAND --help`.

Write them anew with: .venv/bin/python -m tests.architecture.command_pages
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from rocchio.cli.main import app

FOLDER = Path(__file__).parents[2] / "docs" / "cli"
ENTRY = "import sys; sys.argv[0] = 'rocchio'; from rocchio.cli.main import main; main()"


def commands() -> dict[str, Any]:
    """All commands by name, in the order of `rocchio --help`."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def help_text(*command: str) -> str:
    """What `rocchio COMMAND --help` prints on a terminal of 100 columns without colours."""
    plain = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    colours = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
    environment = {name: value for name, value in os.environ.items() if name not in colours} | plain
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *command, "--help"],
        env=environment, capture_output=True, encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def made_with() -> str:
    """The libraries that draw the help: another version may draw it differently."""
    return f"<!-- `rocchio COMMAND --help` as drawn by typer {version('typer')} and rich {version('rich')} -->"


def page(command: str) -> str:
    """The page of a command."""
    under = getattr(commands()[command], "commands", {})
    texts = [help_text(command), *(help_text(command, name) for name in under)]
    return f"{made_with()}\n# rocchio {command}\n" + "".join(f"\n```text\n{text}\n```\n" for text in texts)


def write_pages() -> None:
    """Write all pages and remove those of commands that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        if old.stem not in commands():
            old.unlink()
    for command in commands():
        (FOLDER / f"{command}.md").write_text(page(command), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
