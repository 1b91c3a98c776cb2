"""`rocchio precompute`: results of pseudo-queries, found ahead for plans with the step `offline`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import rocchio
from rocchio.cli.options import AsJson, CollectionPath, TenantName
from rocchio.cli.output import counted, err, out, print_json, progress, size
from rocchio.engine.precompute import DEFAULT_DEPTH, DEFAULT_MAX_MB, DEFAULT_PLAN, DEFAULT_QUERIES
from rocchio.errors import InvalidArgument

EXAMPLES = (
    "Examples:\n\n[bold]rocchio precompute papers.rocchio --keep work/[/bold]\n\n"
    '[bold]rocchio precompute papers.rocchio --plan "dense >> vector_average >> dense" '
    "--queries pseudo.jsonl --max-mb 64[/bold]\n\n"
    "[bold]rocchio precompute papers.rocchio --embeddings v --per-document 4[/bold]\n\n"
    '[bold]rocchio precompute papers.rocchio --queries "chat(my-model, base_url=http://localhost:8000/v1)" '
    "--keep work/[/bold]"
)


def precompute(
    collection: CollectionPath,
    plan: Annotated[str, typer.Option(help="What is run for each pseudo-query.")] = DEFAULT_PLAN,
    queries: Annotated[
        str,
        typer.Option(
            help='Pseudo-queries: "sentences(n=3)", "salient(terms=5)", "chat(MODEL, base_url=URL)", or a file of JSON '
            "Lines with doc_id and query."
        ),
    ] = DEFAULT_QUERIES,
    depth: Annotated[int, typer.Option(help="Results of each pseudo-query that are stored.")] = DEFAULT_DEPTH,
    max_mb: Annotated[int, typer.Option(help="Disk space in MiB; the smallest scores go first.")] = DEFAULT_MAX_MB,
    keep: Annotated[
        Path | None, typer.Option(help="Folder for what is done: the same command goes on after an interruption.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads that search.")] = 1,
    remove: Annotated[bool, typer.Option("--remove", help="Only remove what was precomputed.")] = False,
    embeddings: Annotated[
        str | None,
        typer.Option(
            help="Instead, vectors of the pseudo-queries in this vector field, for plans with pseudo_embeddings."
        ),
    ] = None,
    per_document: Annotated[int, typer.Option(help="Vectors of a document at most, with --embeddings.")] = 4,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Run a plan for pseudo-queries of all documents, ahead: then --plan offline takes one search in words.

    After documents were added or deleted, precompute again.
    """
    if remove and keep is not None:
        raise InvalidArgument("expected --remove alone, found --keep; remove the folder yourself")
    if embeddings is not None and (keep is not None or plan != DEFAULT_PLAN):
        raise InvalidArgument("expected --embeddings without --plan and --keep, found one of them; leave it out")
    with rocchio.open(collection, tenant=tenant) as col:
        if embeddings is not None:
            with progress("precomputing", as_json) as update:
                done = col.precompute_embeddings(
                    None if remove else embeddings, queries=queries, per_document=per_document, max_mb=max_mb,
                    progress=lambda done, total: update(done, done, total),
                )  # fmt: skip
        elif remove:
            done = col.precompute(None)
        else:
            with progress("precomputing", as_json) as update:
                done = col.precompute(
                    plan, queries=queries, depth=depth, max_mb=max_mb, keep=keep, threads=threads,
                    progress=lambda done, total: update(done, done, total),
                )  # fmt: skip
    if as_json:
        print_json(asdict(done))
        return
    if done.cut:
        err.print(f"{counted(done.cut, 'result')} cut to keep to {max_mb} MiB", markup=False)
    of = "results" if embeddings is None else "vectors"
    stored = (
        f"{done.entries:,} {of} of {done.pseudo_queries:,} {'pseudo-queries' if embeddings is None else 'documents'}"
    )
    out.print(f"{stored} stored, {size(done.size_bytes)}")
