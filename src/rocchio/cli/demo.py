"""`rocchio demo`: the whole way from documents to a measured ranking, without a network or a file."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rocchio.cli.demo_collection import build_docstrings
from rocchio.cli.options import AsJson
from rocchio.cli.output import out, print_json, show, size
from rocchio.cli.results import explanation_table, show_texts
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.evaluation import Evaluation, evaluate
from rocchio.sources import collect_docstrings, known_item_queries
from rocchio.types import Qrels, Run, Topics

MEASURES = "nDCG@10 R@100 RR"
SHOWN_QUERIES = 3


def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep the collection in this folder.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Index the docstrings of the Python standard library, search them, measure how well, explain some scores.

    The first sentence of a docstring is a query; the rest of the docstring is the document it should find.
    """
    with tempfile.TemporaryDirectory(prefix="rocchio-demo-") as folder:
        path = keep or Path(folder) / "docstrings.rocchio"
        if keep is not None and keep.exists() and any(keep.iterdir()):
            raise InvalidArgument(f"expected an empty or new folder for --keep, found files in {keep}")
        documents, topics, qrels = known_item_queries(collect_docstrings())
        started = time.perf_counter()
        col = build_docstrings(path, documents, quiet=as_json)
        build_seconds = time.perf_counter() - started
        started = time.perf_counter()
        run: Run = col.search(list(topics.values()), k=100, query_ids=list(topics))
        search_seconds = time.perf_counter() - started
        evaluation = evaluate(run, qrels, MEASURES)
        if as_json:
            print_json({"documents": len(col), "queries": len(topics), "measures": dict(evaluation.means)})
            return
        _report(col, evaluation, build_seconds, search_seconds)
        _show_hits(col, topics, qrels, run)
        if keep is not None:
            out.print(
                f'\nthe collection is in {keep}: try  rocchio search {keep} "parse a date" --explain', markup=False
            )


def _report(col: Collection, evaluation: Evaluation, build_seconds: float, search_seconds: float) -> None:
    about = col.info()
    queries = len(evaluation.query_ids)
    out.print(
        f"{about.documents:,} docstrings of the standard library indexed in {build_seconds:.2f} s "
        f"({size(about.size_bytes)} on disk, {about.tokens:,} tokens)"
    )
    out.print(f"{queries:,} known-item queries in {search_seconds:.2f} s ({queries / search_seconds:,.0f} a second)\n")
    table = Table("measure", "value", "meaning", box=SIMPLE)
    table.title = "the first sentence of a docstring looks for the rest of it"
    meaning = {
        "nDCG@10": "1 if every answer is first, less the lower it is, 0 below 10",
        "R@100": "share of answers among the first 100",
        "RR": "mean of 1 / rank of the answer (MRR)",
    }
    for measure, value in evaluation.means.items():
        table.add_row(measure, f"{value:.4f}", meaning[measure])
    show(table)


def _show_hits(col: Collection, topics: Topics, qrels: Qrels, run: Run) -> None:
    """Queries whose answer is found, but not alone: spread evenly over the topics, the same each time."""
    good = [i for i, query_id in enumerate(run.query_ids) if run.doc_ids[i][:1] == list(qrels[query_id])]
    for index in good[:: max(1, len(good) // SHOWN_QUERIES)][:SHOWN_QUERIES]:
        query_id = run.query_ids[index]
        out.print(Rule(Text(topics[query_id], "bold"), align="left"))
        hits = col.search(topics[query_id], k=3)
        for rank, hit in enumerate(hits, start=1):
            right = ("   <- the answer", "green") if hit.doc_id in qrels[query_id] else ("", "")
            out.print(Text.assemble((f"{rank:>3}. ", "dim"), (hit.doc_id, "bold cyan"), f"   {hit.score:.4f}", right))
            show_texts(col, topics[query_id], hit)
        show(explanation_table(hits[0].why()))
        out.print()
