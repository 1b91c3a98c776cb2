"""`rocchio eval`: how good runs are, and whether they differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from rocchio.cli.options import AsJson
from rocchio.cli.output import err, out, print_json, show
from rocchio.evaluation import Comparison, Evaluation, compare, evaluate
from rocchio.sources import read_qrels, read_run
from rocchio.types import Run

EXAMPLES = (
    'Examples:\n\n[bold]rocchio eval qrels.tsv run.trec -m "nDCG@10 AP R@100"[/bold]\n\n'
    "[bold]rocchio eval qrels.tsv baseline.trec other.trec --json[/bold]"
)


def evaluate_runs(
    qrels: Annotated[Path, typer.Argument(help="Judgements in TREC or BEIR format.", show_default=False)],
    runs: Annotated[
        list[Path], typer.Argument(help="Runs in TREC format; the first is the baseline.", show_default=False)
    ],
    measures: Annotated[
        str, typer.Option("-m", "--measures", help="Measures as ir_measures names them.")
    ] = "nDCG@10 AP R@100",
    per_query: Annotated[bool, typer.Option(help="Show every query.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure runs against judgements; several runs are compared with the first, query by query."""
    judged = read_qrels(qrels)
    evaluations = [evaluate(_named(path), judged, measures) for path in runs]
    comparison = compare(evaluations[0], evaluations[1:]) if len(evaluations) > 1 else None
    if as_json:
        results = [
            {"path": str(path), **e.to_dict(per_query=per_query)} for path, e in zip(runs, evaluations, strict=True)
        ]
        print_json({"runs": results, "comparison": comparison.to_dict() if comparison else None})
        return
    _print_means(evaluations)
    if per_query:
        _print_queries(evaluations)
    if comparison is not None:
        _print_comparison(comparison)


def _named(path: Path) -> Run:
    """A run under its file's name: the tag in the file often is the same for all."""
    return replace(read_run(path), name=path.name)


def _print_means(evaluations: list[Evaluation]) -> None:
    table = Table("measure", box=SIMPLE)
    for evaluation in evaluations:
        table.add_column(evaluation.name, justify="right")
    for measure in evaluations[0].measures:
        table.add_row(measure, *(f"{evaluation.means[measure]:.4f}" for evaluation in evaluations))
    show(table)
    out.print(f"means over {len(evaluations[0].query_ids):,} judged queries", style="dim")
    for evaluation in evaluations:
        if evaluation.missing:
            err.print(
                f"{evaluation.name}: {len(evaluation.missing):,} judged queries are missing and count as 0",
                markup=False,
            )
        if evaluation.unjudged:
            err.print(
                f"{evaluation.name}: {len(evaluation.unjudged):,} queries without judgements are left out", markup=False
            )


def _print_queries(evaluations: list[Evaluation]) -> None:
    for measure in evaluations[0].measures:
        table = Table("query", title=measure, box=SIMPLE)
        for evaluation in evaluations:
            table.add_column(evaluation.name, justify="right")
        rows = [evaluation.per_query(measure) for evaluation in evaluations]
        for query_id in evaluations[0].query_ids:
            table.add_row(query_id, *(f"{row[query_id]:.4f}" for row in rows))
        show(table)


def _print_comparison(comparison: Comparison) -> None:
    runs = list(dict.fromkeys(row.run for row in comparison.differences))
    for run in runs:
        table = Table("measure", box=SIMPLE, title=f"{run} against {comparison.baseline}", padding=(0, 1))
        for name in ("difference", "p", "p (Holm)", "better", "worse", "equal"):
            table.add_column(name, justify="right")
        for row in comparison.differences:
            if row.run == run:
                counts = (str(row.wins), str(row.losses), str(row.ties))
                table.add_row(row.measure, f"{row.difference:+.4f}", f"{row.p:.4f}", f"{row.p_holm:.4f}", *counts)
        show(table)
        for row in comparison.differences:
            if row.run == run and row.worst:
                worst = ", ".join(f"{query_id} ({value:+.3f})" for query_id, value in row.worst[:3])
                out.print(f"  loses most {row.measure}: {worst}", markup=False)
    out.print("p: paired two-sided randomisation test; Holm: corrected for the number of runs", style="dim")
