"""`rocchio experiment`: plans side by side on judged queries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import rocchio
from rocchio.cli.options import AsJson, CollectionPath, TenantName
from rocchio.cli.output import err, out, print_json, step_progress
from rocchio.engine.experiment import DEPTH, MEASURES
from rocchio.errors import InvalidArgument
from rocchio.sources import read_qrels, read_topics

EXAMPLES = (
    "Examples:\n\n[bold]rocchio experiment papers.rocchio queries.jsonl qrels.tsv bm25 "
    '"bm25 >> rm3 >> bm25" "bm25 >> soft_rocchio >> bm25"[/bold]\n\n'
    '[bold]rocchio experiment papers.rocchio queries.jsonl qrels.tsv bm25 "rm3=bm25 >> rm3 >> bm25" --feedback-quality '
    "--plot gains.png[/bold]"
)


def experiment(
    collection: CollectionPath,
    topics: Annotated[Path, typer.Argument(help="Queries: JSON Lines, TSV or TREC.", show_default=False)],
    qrels: Annotated[Path, typer.Argument(help="Judgements in TREC or BEIR format.", show_default=False)],
    plans: Annotated[
        list[str],
        typer.Argument(help="Plans, the baseline first; rm3=bm25 >> rm3 >> bm25 has a name."),
    ],
    measures: Annotated[str, typer.Option("-m", "--measures", help="Measures as ir_measures names them.")] = MEASURES,
    depth: Annotated[int, typer.Option(help="Results of each query.")] = DEPTH,
    feedback_quality: Annotated[
        bool, typer.Option("--feedback-quality", help="Also run plans with strong, moderate and weak feedback.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="File for the value of every query.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file for gains and losses by query; needs matplotlib.")] = None,
    threads: Annotated[int, typer.Option(help="Threads for each search.")] = 1,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Compare plans on judged queries: means, significance, the queries they help and hurt."""
    col = rocchio.open(collection, tenant=tenant)
    judged, queries = read_qrels(qrels), read_topics(topics)
    with step_progress("running plans", as_json) as update:
        found = col.experiment(
            _named(plans),
            queries,
            {query_id: grades for query_id, grades in judged.items() if query_id in queries},
            measures=measures,
            depth=depth,
            feedback_quality=feedback_quality,
            threads=threads,
            progress=update,
        )
    if csv is not None:
        found.to_csv(csv)
    if plot is not None:
        found.plot(plot)
    if as_json:
        print_json(found.to_dict())
        return
    out.print(str(found), markup=False, soft_wrap=True)
    left = sum(query_id not in queries for query_id in judged)
    if left:
        err.print(f"{left:,} judged queries are not among the topics and are left out", markup=False)


def _named(plans: list[str]) -> dict[str, str]:
    """{name: plan} from `name=plan` or plans alone. Raises InvalidArgument."""
    named: dict[str, str] = {}
    for given in plans:
        name, equals, plan = given.partition("=")
        has_name = equals and name.strip().replace("-", "_").isidentifier()
        key, value = (name.strip(), plan.strip()) if has_name else (given, given)
        if key in named:
            raise InvalidArgument(f"expected different plans, found {key!r} twice")
        named[key] = value
    return named
