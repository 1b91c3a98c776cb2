"""`rocchio eval`: how good runs are, and whether they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from rocchio.cli.options import AsJson
from rocchio.cli.output import err, out, print_json
from rocchio.evaluation import Comparison, Evaluation, compare, evaluate
from rocchio.sources import read_qrels, read_run

EXAMPLES = (
    'Examples:  [bold]rocchio eval qrels.tsv run.trec -m "nDCG@10 AP R@100"[/bold]   ·   '
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
    evaluations = [evaluate(read_run(path), judged, measures) for path in runs]
    comparison = compare(evaluations[0], evaluations[1:]) if len(evaluations) > 1 else None
    if as_json:
        results = [
            {"path": str(path), **e.to_dict(per_query=per_query)} for path, e in zip(runs, evaluations, strict=True)
        ]
        print_json({"runs": results, "comparison": comparison.to_dict() if comparison else None})
        return
    _print_means(runs, evaluations)
    if per_query:
        _print_queries(runs, evaluations)
    if comparison is not None:
        _print_comparison(runs, comparison)


def _print_means(runs: list[Path], evaluations: list[Evaluation]) -> None:
    table = Table("run", *evaluations[0].measures, "queries")
    for path, evaluation in zip(runs, evaluations, strict=True):
        values = [f"{evaluation.means[measure]:.4f}" for measure in evaluation.measures]
        table.add_row(path.name, *values, f"{len(evaluation.query_ids):,}")
        if evaluation.missing:
            err.print(
                f"{path.name}: {len(evaluation.missing):,} judged queries are not in the run and count as 0",
                markup=False,
            )
        if evaluation.unjudged:
            err.print(
                f"{path.name}: {len(evaluation.unjudged):,} queries have no judgements and are left out", markup=False
            )
    out.print(table)


def _print_queries(runs: list[Path], evaluations: list[Evaluation]) -> None:
    for measure in evaluations[0].measures:
        table = Table("query", *(path.name for path in runs), title=measure)
        rows = [evaluation.per_query(measure) for evaluation in evaluations]
        for query_id in evaluations[0].query_ids:
            table.add_row(query_id, *(f"{row[query_id]:.4f}" for row in rows))
        out.print(table)


def _print_comparison(runs: list[Path], comparison: Comparison) -> None:
    per_run = len(comparison.measures)
    for index, path in enumerate(runs[1:]):
        table = Table("measure", "difference", "p", "p (Holm)", "better", "worse", "equal", "worst query", box=SIMPLE)
        table.title = f"{path.name} against {runs[0].name}, {comparison.queries:,} queries"
        for row in comparison.differences[index * per_run : (index + 1) * per_run]:
            worst = f"{row.worst[0][0]} {row.worst[0][1]:+.3f}" if row.worst else ""
            counts = (str(row.wins), str(row.losses), str(row.ties))
            table.add_row(row.measure, f"{row.difference:+.4f}", f"{row.p:.4f}", f"{row.p_holm:.4f}", *counts, worst)
        out.print(table)
    out.print("p: paired two-sided randomisation test; Holm: corrected for the number of runs", style="dim")
