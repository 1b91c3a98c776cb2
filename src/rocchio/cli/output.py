"""What the commands print: results to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


class DocumentRate(ProgressColumn):
    """Documents per second since the start."""

    def render(self, task: Task) -> Text:
        documents = task.fields.get("documents", 0)
        rate = documents / task.elapsed if task.elapsed else 0.0
        return Text(f"{documents:,} documents, {rate:,.0f}/s")


@contextlib.contextmanager
def document_progress(title: str, quiet: bool) -> Iterator[Callable[[int, int, int], None]]:
    """A bar over the bytes of the input with rate and time left; `update(documents, done, total)`."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DocumentRate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal, transient=False) as bar:
        task = bar.add_task(title, total=None)

        def update(documents: int, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None, documents=documents)

        yield update
        bar.update(task, completed=bar.tasks[0].total or 1, total=bar.tasks[0].total or 1)


@contextlib.contextmanager
def step_progress(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar over counted steps; `update(done, total)`."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
