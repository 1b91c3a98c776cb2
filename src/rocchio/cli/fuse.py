"""`rocchio fuse`: several run files made one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import rocchio
from rocchio.cli.options import AsJson
from rocchio.cli.output import out, print_json
from rocchio.errors import InvalidArgument
from rocchio.sources import read_run

EXAMPLES = (
    'Examples:\n\n[bold]rocchio fuse words.trec vectors.trec --fusion "znorm(0.4, 0.6)" --output fused.trec[/bold]\n\n'
    "[bold]rocchio fuse a.trec b.trec c.trec -k 100 --output fused.trec[/bold]"
)


def fuse(
    runs: Annotated[list[Path], typer.Argument(help="Runs in TREC format.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Run file to write, in TREC format.")],
    fusion: Annotated[
        str,
        typer.Option(help="rrf(k=60), znorm, minmax, combsum, combmnz or borda; weights in the order of the runs."),
    ] = "rrf",
    k: Annotated[int, typer.Option("-k", help="Results for each query.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Fuse runs of the same queries into one.

    Only ranks count for rrf and borda. The others put the scores of each run on one scale first.
    """
    method = rocchio.parse_fusion(fusion)
    for path in runs:
        if output.exists() and path.exists() and output.samefile(path):
            raise InvalidArgument(f"expected another file for the fused run, found {path} among the runs")
    fused = rocchio.fuse([read_run(path) for path in runs], method, k)
    fused.to_trec(output)
    found = sum(map(len, fused.scores))
    if as_json:
        print_json({"fusion": str(method), "queries": len(fused), "hits": found, "output": str(output)})
        return
    out.print(f"{len(runs)} runs, {len(fused):,} queries, {found:,} hits by {method} -> {output}", markup=False)
