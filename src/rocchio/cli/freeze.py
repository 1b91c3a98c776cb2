"""`rocchio freeze` and `rocchio thaw`: columns kept on disk, and removed."""

from __future__ import annotations

from typing import Annotated

import typer

from rocchio.cli.options import AsJson, CollectionPath, names
from rocchio.cli.output import counted, out, print_json, size, step_progress
from rocchio.engine.opening import open_for_maintenance

EXAMPLES = (
    "Examples:\n\n[bold]rocchio freeze papers.rocchio[/bold]\n\n"
    '[bold]rocchio freeze papers.rocchio --scoring "bm25(k1=1.2, b=0.75)" --max-mb 500[/bold]'
)


def freeze(
    collection: CollectionPath,
    scoring: Annotated[
        str | None, typer.Option(help='What to freeze for, like "bm25(k1=0.9, b=0.4)", which is the default.')
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="Freeze for these text fields only, or for this sparse field.")
    ] = None,
    max_mb: Annotated[int | None, typer.Option(help="Disk space in MiB; the most frequent terms come first.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep what the first search of each term computes, so that a collection is fast as soon as it is opened.

    Answers do not change. After documents were added or deleted, freeze again.
    """
    with open_for_maintenance(collection) as col, step_progress("freezing", as_json) as update:
        summary = col.freeze(scoring=scoring, field=names(field) or None, max_mb=max_mb, progress=update)
    if as_json:
        print_json({"terms": summary.terms, "size_bytes": summary.size_bytes, "generation": summary.generation})
        return
    out.print(f"{counted(summary.terms, 'column')} frozen, {size(summary.size_bytes)}")


def thaw(collection: CollectionPath, as_json: AsJson = False) -> None:
    """Remove what `freeze` wrote. Answers do not change."""
    with open_for_maintenance(collection) as col:
        freed = col.info().frozen_bytes
        generation = col.thaw()
    if as_json:
        print_json({"freed_bytes": freed, "generation": generation})
        return
    out.print(f"{size(freed)} freed")
