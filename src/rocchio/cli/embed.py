"""`rocchio embed`: vectors for the documents of a collection, filled in or made anew."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

import rocchio
from rocchio.cli.options import AsJson, CollectionPath, names
from rocchio.cli.output import counted, err, out, print_json, step_progress
from rocchio.engine.collection import Collection

EXAMPLES = (
    'Examples:\n\n[bold]rocchio embed papers.rocchio --field dense --encoder "lsa(dim=256)"[/bold]\n\n'
    '[bold]rocchio embed papers.rocchio --field minilm --encoder "st(all-MiniLM-L6-v2)" --source title,text[/bold]\n\n'
    "[bold]rocchio embed papers.rocchio --field minilm[/bold]"
)


def embed(
    collection: CollectionPath,
    field: Annotated[str, typer.Option(help="Vector field, or the name of a new one.")] = "dense",
    encoder: Annotated[
        str | None,
        typer.Option(help='Make all vectors with it, like "lsa(dim=256)". Default: fill in where there is none.'),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Text fields to encode. Default: those it had, or all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Encode the documents that are there, in one commit: until it is done, searches see what was there before.

    Run it again after an interruption: what was encoded is in the embedding cache.
    """
    started = time.monotonic()
    with rocchio.open(collection) as col:
        with step_progress("encoding", as_json) as update:
            done = col.embed(field, encoder, source=names(source) or None, progress=update)
        tell_truncated(col)
        usage = {name: asdict(used) for name, used in col.encoder_usage().items()}
    if as_json:
        print_json(asdict(done) | {"usage": usage})
        return
    if done.unchanged:
        out.print(f"{field}: no text without a vector of {done.encoder}; nothing was written", markup=False)
        return
    seconds = time.monotonic() - started
    out.print(
        f"{field}: {counted(done.vectors, 'vector')} of {done.encoder}, {done.before:,} before; took {seconds:.1f} s",
        markup=False,
    )


def tell_truncated(col: Collection) -> None:
    """Say on standard error how many texts were longer than a model takes."""
    for name, used in col.encoder_usage().items():
        if used.truncated:
            err.print(f"{counted(used.truncated, 'text')} longer than {name} takes, cut off", markup=False)
