"""`rocchio recall`: what approximate search in a sparse field costs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import rocchio
from rocchio.cli.options import AsJson, CollectionPath, TenantName
from rocchio.cli.output import out, print_json, step_progress
from rocchio.engine.recall import ALPHAS, QUERY_CUTS
from rocchio.sources import read_weighted_topics

EXAMPLES = (
    "Examples:\n\n[bold]rocchio recall papers.rocchio --topics queries.jsonl --field splade[/bold]\n\n"
    "[bold]rocchio recall papers.rocchio --topics queries.jsonl --field splade --alpha 0.8 --query-cut 8[/bold]"
)


def recall(
    collection: CollectionPath,
    topics: Annotated[Path, typer.Option(help="File of queries: JSON Lines with weights.")],
    field: Annotated[str, typer.Option(help="The sparse field.")],
    k: Annotated[int, typer.Option("-k", help="Results that count.")] = 10,
    alpha: Annotated[
        list[float] | None, typer.Option(help="Values to try; repeat for several. Default: 1, 0.9, ..., 0.5.")
    ] = None,
    query_cut: Annotated[
        list[int] | None, typer.Option(help="Values to try; repeat for several. Default: all terms, 16, 8, 4.")
    ] = None,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Recall and speed of approximate searches beside the exact one, for settings of alpha and query_cut.

    Recall is the share of the exact top k that a setting finds, the mean over the queries.
    """
    col = rocchio.open(collection, tenant=tenant)
    queries = list(read_weighted_topics(topics).values())
    with step_progress("searching", as_json) as update:
        report = col.recall_report(
            queries, field, k, alphas=alpha or ALPHAS, query_cuts=query_cut or QUERY_CUTS, progress=update
        )
    if as_json:
        print_json(asdict(report))
        return
    out.print(str(report), markup=False)
    out.print(f"queries: {report.queries:,}; one thread", style="dim")
