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
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


def show(table: Table) -> None:
    """Print a table whole: a narrow terminal may wrap its lines, but no value is ever cut."""
    width = out.measure(table, options=out.options.update(width=10_000)).maximum
    out.print(table, width=max(width, 20), crop=False, no_wrap=True, overflow="ignore")


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 document, 2 documents."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


class Rate(ProgressColumn):
    """How many so far, how many a second, and the time left."""

    def render(self, task: Task) -> Text:
        done = task.fields.get("done", 0)
        rate = done / task.elapsed if task.elapsed else 0.0
        left = f", {task.time_remaining:.0f} s left" if task.time_remaining is not None else ""
        return Text(f"{done:,}, {rate:,.0f}/s{left}", no_wrap=True)


@contextlib.contextmanager
def progress(title: str, quiet: bool) -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error, if that is a terminal; `update(counted, done, total)` with done of total in any unit."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), Rate())
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda counted, done, total: bar.update(task, completed=done, total=total or None, done=counted)


@contextlib.contextmanager
def step_progress(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar over steps that mean nothing to a person; `update(done, total)`."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TaskProgressColumn())
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
