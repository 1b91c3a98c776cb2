"""`rocchio search`: one query on the screen, or many into a run file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

import rocchio
from rocchio.cli.hybrid import Asked, Mode, many_queries, one_query, plain_fields, split_fields
from rocchio.cli.options import AsJson, CollectionPath, MemoryLimit, TenantName
from rocchio.cli.output import counted, err, out, print_json, size
from rocchio.cli.plan_search import search_with_plan
from rocchio.cli.results import hit_json, print_hits, search_topics
from rocchio.cli.vector_files import read_matrix
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.sources import read_topics, read_vector_topics, read_weighted_topics
from rocchio.types import Hit

EXAMPLES = (
    'Examples:\n\n[bold]rocchio search papers.rocchio "relevance feedback" -k 5[/bold]\n\n'
    '[bold]rocchio search papers.rocchio "relevance feedback" --explain[/bold]\n\n'
    '[bold]rocchio search papers.rocchio --topics queries.jsonl --plan "bm25(k1=0.9, b=0.4)" -k 1000 '
    "--output run.trec[/bold]\n\n"
    "[bold]rocchio search papers.rocchio --topics queries.tsv --vectors queries.npy --output run.trec[/bold]"
)


def search(
    context: typer.Context,
    collection: CollectionPath,
    query: Annotated[str | None, typer.Argument(help="What to look for.", show_default=False)] = None,
    k: Annotated[
        int | None,
        typer.Option("-k", help="Number of results. Default: 10, with --topics 1000.", show_default=False),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            help="How to search, like bm25(k1=0.9, b=0.4) or bm25 >> rm3 >> bm25. Default: bm25, with an encoder "
            "hybrid.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="Text field to search (repeat for several), or a sparse or vector field."),
    ] = None,
    topics: Annotated[
        Path | None,
        typer.Option(
            help="File of queries: JSON Lines (with weights or a vector where the field takes them), TSV or TREC."
        ),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(
            help="Queries for a vector field: a .npy file with an array (n, dim) or (dim,). With a query, or topics in "
            "the same order, both are searched and fused."
        ),
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="What to search. Default: what is given. With hybrid, JSON Lines topics may have text and vector.",
            show_default=False,
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(help="How words and vectors are fused. Default: znorm(0.4, 0.6).", show_default=False),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(
            help="Least share of the true results wanted of a vector field, on average; 1 is exact. Default: 0.99.",
            show_default=False,
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            help="Find only documents for which this is true, like \"year >= 2020 AND lang IN ('en', 'de')\".",
            show_default=False,
        ),
    ] = None,
    relevant: Annotated[
        list[str] | None, typer.Option(help="A doc_id that is relevant, for the plan's feedback (repeat for several).")
    ] = None,
    not_relevant: Annotated[list[str] | None, typer.Option(help="A doc_id that is not (repeat for several).")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Run file to write, in TREC format.")] = None,
    threads: Annotated[int, typer.Option(help="Threads for --topics.")] = 1,
    explain: Annotated[bool, typer.Option(help="Show each score, term by term.")] = False,
    memory_limit: MemoryLimit = None,
    tenant: TenantName = None,
    all_tenants: Annotated[
        bool, typer.Option("--all-tenants", help="Search the documents of all tenants, as whoever runs the collection.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search a collection."""
    if topics is not None and explain:
        raise InvalidArgument("expected --explain with a single query, found --topics")
    if tenant is not None and all_tenants:
        raise InvalidArgument("expected --tenant or --all-tenants, found both")
    col = rocchio.open(collection, tenant=rocchio.ALL_TENANTS if all_tenants else tenant, memory_limit=memory_limit)
    if memory_limit is not None and tenant is None and not as_json:
        context.call_on_close(lambda: _say_memory(col))
    asked = Asked(query, topics, vectors, field or None, mode)
    both = asked.is_hybrid(col.schema)
    _check_given(query, topics, vectors, output, both)
    if plan is not None:
        if recall is not None or fusion is not None:
            raise InvalidArgument(
                "expected --plan without --recall and --fusion, found one of them; its steps have settings of their "
                "own, like dense(recall=0.9) or rrf(bm25, dense)"
            )
        given = {"threads": threads, "where": where, "relevant": relevant or None, "not_relevant": not_relevant or None}
        search_with_plan(col, plan, asked, k, output, explain, as_json, given)
        return
    if relevant or not_relevant:
        raise InvalidArgument(
            "expected --plan with --relevant and --not-relevant, found none; like bm25 >> rm3 >> bm25"
        )
    if query is not None and recall is not None and not both:
        raise InvalidArgument("expected --recall with vectors, found a text; leave --recall out")
    options: dict[str, Any] = {"field": field or None, "threads": threads}
    given_options = (("recall", recall), ("fusion", fusion), ("where", where))
    options |= {name: value for name, value in given_options if value is not None}
    if both:
        _search_both(col, asked, k, output, explain, as_json, options)
        return
    options["field"] = field = plain_fields(col.schema, mode, field or None)
    if topics is not None:
        search_topics(col, _read_topics(col, topics, field), 1000 if k is None else k, output, as_json, options)
        return
    if vectors is not None:
        _search_matrix(col, vectors, k, output, explain, as_json, options)
        return
    assert query is not None
    started = time.perf_counter()
    hits: list[Hit] = col.search(query, k=10 if k is None else k, **options)
    seconds = time.perf_counter() - started
    if as_json:
        print_json({"query": query, "hits": [hit_json(hit, explain) for hit in hits]})
        return
    print_hits(col, query, hits, explain)
    if not hits:
        err.print(_why_nothing(col, query, where), markup=False)
    err.print(f"{len(hits)} of {counted(len(col), 'document')} in {seconds * 1000:.1f} ms", style="dim")


def _say_memory(col: Collection) -> None:
    """How the limit was divided, and what that cost."""
    memory = col.memory()
    if memory is not None:
        err.print(f"memory {memory}; {size(memory.read_bytes)} read in {counted(memory.reads, 'read')}", style="dim")


def _check_given(query: str | None, topics: Path | None, vectors: Path | None, output: Path | None, both: bool) -> None:
    """Raises InvalidArgument for what is not one kind of queries, or has no place for their answers."""
    given = sum(value is not None for value in (query, topics, vectors))
    if given != 1 and not both:
        found = "several" if given else "neither"
        raise InvalidArgument(f"expected a query, --topics FILE or --vectors FILE, found {found}")
    if query is not None and output is not None:
        raise InvalidArgument("expected --topics with --output, found a single query; leave --output out")
    if topics is not None and output is not None and topics.exists() and output.exists() and output.samefile(topics):
        raise InvalidArgument(f"expected another file for the run, found the topics {topics} themselves")


def _why_nothing(col: Collection, query: str, where: str | None) -> str:
    if where is not None and col.count(where) == 0:
        return f"no document satisfies {where}"
    terms = col.terms(query)
    if not terms:
        return f"nothing is left to search of {query!r} after the analyzer {col.info().analyzer}"
    filtered = f" and satisfies {where}" if where is not None else ""
    return f"no document holds any of the terms {', '.join(terms)}{filtered}"


def _search_matrix(
    col: Collection,
    path: Path,
    k: int | None,
    output: Path | None,
    explain: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Search with the vectors of a file: a single one on the screen, several into a run; their ids are positions."""
    queries = read_matrix(path)
    if queries.ndim == 2 and (output is not None or len(queries) != 1):
        named = {str(row): vector for row, vector in enumerate(queries)}
        search_topics(col, named, 1000 if k is None else k, output, as_json, options)
        return
    del options["threads"]
    hits: list[Hit] = col.search(queries.reshape(-1), 10 if k is None else k, **options)
    if as_json:
        print_json({"query": str(path), "hits": [hit_json(hit, explain) for hit in hits]})
        return
    for rank, hit in enumerate(hits, start=1):
        out.print(Text.assemble((f"{rank:>3}. ", "dim"), (hit.doc_id, "bold cyan"), (f"   {hit.score:.4f}", "green")))
        if explain:
            out.print(str(hit.why()), markup=False)


def _search_both(
    col: Collection,
    asked: Asked,
    k: int | None,
    output: Path | None,
    explain: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Search with words and vectors, and fuse."""
    vector_field, options["field"] = split_fields(col.schema, asked.fields)
    if asked.topics is not None:
        queries = many_queries(asked.topics, asked.vectors, vector_field, asked.has_encoder(col.schema))
        search_topics(col, queries, 1000 if k is None else k, output, as_json, options)
        return
    assert asked.query is not None
    hits = col.search(one_query(asked.query, asked.vectors, vector_field), 10 if k is None else k, **options)
    if as_json:
        print_json({"query": asked.query, "hits": [hit_json(hit, explain) for hit in hits]})
        return
    print_hits(col, asked.query, hits, explain)


def _read_topics(col: Collection, path: Path, field: list[str] | None) -> Mapping[str, Any]:
    """Queries of the kind that the field takes."""
    chosen = col.schema.vector_choice(field)
    if chosen is not None and not col.schema.fields[chosen].encoder:
        return read_vector_topics(path)
    return read_weighted_topics(path) if col.schema.sparse_choice(field) is not None else read_topics(path)
