"""`rocchio tune`: which fusion suits judged queries, and is what it gains more than chance?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

import rocchio
from rocchio.cli.hybrid import many_queries, split_fields
from rocchio.cli.options import AsJson, TenantName
from rocchio.cli.output import out, print_json, step_progress
from rocchio.errors import InvalidArgument
from rocchio.sources import read_qrels, read_run
from rocchio.tuning import CAUTION, FOLDS, REPEATS, TuningReport

EXAMPLES = (
    "Examples:\n\n[bold]rocchio tune qrels.tsv words.trec vectors.trec -m nDCG@10[/bold]\n\n"
    "[bold]rocchio tune qrels.tsv --collection papers.rocchio --topics queries.jsonl --vectors queries.npy[/bold]"
)


def tune(
    qrels: Annotated[Path, typer.Argument(help="Judgements in TREC or BEIR format.", show_default=False)],
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Runs in TREC format, to tune weights for.", show_default=False)
    ] = None,
    collection: Annotated[
        Path | None, typer.Option(help="Collection to tune BM25 and weights of, instead of runs.")
    ] = None,
    topics: Annotated[
        Path | None, typer.Option(help="Queries for the collection: texts, or JSON Lines with text and vector.")
    ] = None,
    vectors: Annotated[Path | None, typer.Option(help="Vectors of the topics, in their order: a .npy file.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="The vector field, if there are several.")] = None,
    measure: Annotated[str, typer.Option("-m", "--measure", help="Measure as ir_measures names it.")] = "nDCG@10",
    fusion: Annotated[
        list[str] | None,
        typer.Option(help="Fusions to try; repeat for several. Default: znorm with weights in tenths."),
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Parts of the queries; each is measured with what suits the others.")
    ] = FOLDS,
    repeats: Annotated[int, typer.Option(help="Times that the queries are cut anew.")] = REPEATS,
    caution: Annotated[float, typer.Option(help="Standard errors that a gain over the default must exceed.")] = CAUTION,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Fit the weights of a fusion, and BM25, to judged queries; test the result against the best single run.

    Values of tuned settings are cross-validated: no query is measured with a setting that was fitted to it.
    """
    options: dict[str, Any] = {"folds": folds, "repeats": repeats, "caution": caution, "fusions": fusion or None}
    judged = read_qrels(qrels)
    if bool(runs) == (collection is not None):
        raise InvalidArgument("expected runs, or --collection with --topics, found " + ("both" if runs else "neither"))
    with step_progress("tuning", as_json) as update:
        options["progress"] = update
        if runs:
            given = {path.name: replace(read_run(path), name=path.name) for path in runs}
            report = rocchio.tune(given, judged, measure, **options)
        else:
            report = _tune_collection(collection, topics, vectors, field, judged, measure, options, tenant)
    if as_json:
        print_json(report.to_dict())
        return
    out.print(str(report), markup=False)


def _tune_collection(
    collection: Path | None,
    topics: Path | None,
    vectors: Path | None,
    field: list[str] | None,
    judged: Any,
    measure: str,
    options: dict[str, Any],
    tenant: str | None,
) -> TuningReport:
    if collection is None or topics is None:
        raise InvalidArgument("expected --topics FILE with --collection, found none; it has the queries")
    col = rocchio.open(collection, tenant=tenant)
    name, others = split_fields(col.schema, field)
    if others:
        raise InvalidArgument(f"expected a vector field as --field, found {', '.join(others)}")
    return col.tune(
        many_queries(topics, vectors, name, bool(col.schema.fields[name].encoder)), judged, measure, **options
    )
