"""`rocchio calibrate`: what each recall takes, measured with your own queries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rocchio.cli.options import AsJson, CollectionPath
from rocchio.cli.output import out, print_json, step_progress
from rocchio.cli.vector_files import read_matrix
from rocchio.engine.opening import open_for_maintenance

EXAMPLES = "Example:\n\n[bold]rocchio calibrate papers.rocchio --vectors queries.npy --field v[/bold]"


def calibrate(
    collection: CollectionPath,
    vectors: Annotated[Path, typer.Option(help="Queries: a .npy file with an array (n, dim), at least 20 of them.")],
    field: Annotated[str, typer.Option(help="The vector field.")],
    as_json: AsJson = False,
) -> None:
    """Measure what each recall of a vector field takes with your own queries, and keep to it in later searches."""
    queries = read_matrix(vectors)
    with open_for_maintenance(collection) as col, step_progress("calibrating", as_json) as update:
        generation = col.calibrate(queries, field, progress=update)
        recalls = col.info().vector_fields[field].recalls
    if as_json:
        print_json({"generation": generation, "recalls": [asdict(one) for one in recalls]})
        return
    for one in recalls:
        lists, rows = (f"{one.lists:,}", f"{one.rows:,}") if one.lists and one.rows else ("all", "all")
        out.print(f"recall {one.recall:g} of the best 10: {lists} lists, {rows} rows looked at closely")
    if not recalls:
        out.print("so few vectors are all compared: every answer is exact")
