"""Reports in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table and the empty line after it."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines] + [""]


def publish(lines: Sequence[str], output: Path | None) -> None:
    """Print a report, and write it where that is asked for."""
    text = "\n".join(lines).rstrip()
    print(text)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
