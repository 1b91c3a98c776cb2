"""`rocchio search`: one query on the screen, or many into a run file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import rocchio
from rocchio.cli.hybrid import Asked, Mode, many_queries, one_query, plain_fields, split_fields
from rocchio.cli.options import AsJson, CollectionPath
from rocchio.cli.output import counted, err, out, print_json, progress, show
from rocchio.cli.vector_files import read_matrix
from rocchio.engine.collection import Collection
from rocchio.engine.highlight import snippet
from rocchio.errors import InvalidArgument
from rocchio.sources import read_topics, read_vector_topics, read_weighted_topics
from rocchio.types import Explanation, Hit, Run

QUERIES_A_PART = 1000
EXAMPLES = (
    'Examples:\n\n[bold]rocchio search papers.rocchio "relevance feedback" -k 5[/bold]\n\n'
    '[bold]rocchio search papers.rocchio "relevance feedback" --explain[/bold]\n\n'
    '[bold]rocchio search papers.rocchio --topics queries.jsonl --plan "bm25(k1=0.9, b=0.4)" -k 1000 '
    "--output run.trec[/bold]\n\n"
    "[bold]rocchio search papers.rocchio --topics queries.tsv --vectors queries.npy --output run.trec[/bold]"
)


def search(
    collection: CollectionPath,
    query: Annotated[str | None, typer.Argument(help="What to look for.", show_default=False)] = None,
    k: Annotated[
        int | None,
        typer.Option("-k", help="Number of results. Default: 10, with --topics 1000.", show_default=False),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(help="How to search, like bm25(k1=0.9, b=0.4). Default: bm25.", show_default=False),
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
            help="Least share of the true results wanted of a vector field; all are found in this version.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Run file to write, in TREC format.")] = None,
    threads: Annotated[int, typer.Option(help="Threads for --topics.")] = 1,
    explain: Annotated[bool, typer.Option(help="Show each score, term by term.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search a collection."""
    if topics is not None and explain:
        raise InvalidArgument("expected --explain with a single query, found --topics")
    scoring = rocchio.parse_plan(plan) if plan is not None else None
    if plan is not None and vectors is None and mode is None:
        mode = Mode.LEXICAL  # a plan says all that is done
    col = rocchio.open(collection)
    asked = Asked(query, topics, vectors, field or None, mode)
    both = asked.is_hybrid(col.schema)
    _check_given(query, topics, vectors, output, both)
    if query is not None and recall is not None and not both:
        raise InvalidArgument("expected --recall with vectors, found a text; leave --recall out")
    options: dict[str, Any] = {"scoring": scoring, "field": field or None, "threads": threads}
    options |= {name: value for name, value in (("recall", recall), ("fusion", fusion)) if value is not None}
    if both:
        _search_both(col, asked, k, output, explain, as_json, options)
        return
    options["field"] = field = plain_fields(col.schema, mode, field or None)
    if topics is not None:
        _search_topics(col, _read_topics(col, topics, field), 1000 if k is None else k, output, as_json, options)
        return
    if vectors is not None:
        _search_matrix(col, vectors, k, output, explain, as_json, options)
        return
    assert query is not None
    started = time.perf_counter()
    hits: list[Hit] = col.search(query, k=10 if k is None else k, **options)
    seconds = time.perf_counter() - started
    if as_json:
        print_json({"query": query, "hits": [_hit_json(hit, explain) for hit in hits]})
        return
    _print_hits(col, query, hits, explain)
    if not hits:
        err.print(_why_nothing(col, query), markup=False)
    err.print(f"{len(hits)} of {counted(len(col), 'document')} in {seconds * 1000:.1f} ms", style="dim")


def _check_given(query: str | None, topics: Path | None, vectors: Path | None, output: Path | None, both: bool) -> None:
    """Raises InvalidArgument for what is not one kind of queries, or has no place for their answers."""
    given = sum(value is not None for value in (query, topics, vectors))
    if given != 1 and not both:
        found = "several" if given else "neither"
        raise InvalidArgument(f"expected a query, --topics FILE or --vectors FILE, found {found}")
    if query is not None and output is not None:
        raise InvalidArgument("expected --topics with --output, found a single query; leave --output out")
    if topics is not None and output is not None and output.exists() and output.samefile(topics):
        raise InvalidArgument(f"expected another file for the run, found the topics {topics} themselves")


def _why_nothing(col: Collection, query: str) -> str:
    terms = col.terms(query)
    if not terms:
        return f"nothing is left to search of {query!r} after the analyzer {col.info().analyzer}"
    return f"no document holds any of the terms {', '.join(terms)}"


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
        _search_topics(col, named, 1000 if k is None else k, output, as_json, options)
        return
    del options["threads"]
    hits: list[Hit] = col.search(queries.reshape(-1), 10 if k is None else k, **options)
    if as_json:
        print_json({"query": str(path), "hits": [_hit_json(hit, explain) for hit in hits]})
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
        _search_topics(col, queries, 1000 if k is None else k, output, as_json, options)
        return
    assert asked.query is not None
    hits = col.search(one_query(asked.query, asked.vectors, vector_field), 10 if k is None else k, **options)
    if as_json:
        print_json({"query": asked.query, "hits": [_hit_json(hit, explain) for hit in hits]})
        return
    _print_hits(col, asked.query, hits, explain)


def _read_topics(col: Collection, path: Path, field: list[str] | None) -> Mapping[str, Any]:
    """Queries of the kind that the field takes."""
    chosen = col.schema.vector_choice(field)
    if chosen is not None and not col.schema.fields[chosen].encoder:
        return read_vector_topics(path)
    return read_weighted_topics(path) if col.schema.sparse_choice(field) is not None else read_topics(path)


def _search_topics(
    col: Collection, queries: Mapping[str, Any], k: int, output: Path | None, as_json: bool, options: dict[str, Any]
) -> None:
    if output is None:
        raise InvalidArgument("expected --output FILE with several queries, found none; the run is written there")
    started = time.perf_counter()
    with progress("searching", as_json) as update:
        run = _search_in_parts(col, queries, update, k=k, **options)
    seconds = time.perf_counter() - started
    run.to_trec(output)
    found = sum(map(len, run.scores))
    if as_json:
        print_json({"queries": len(run), "hits": found, "seconds": round(seconds, 4), "output": str(output)})
        return
    rate = len(run) / seconds if seconds else 0.0
    out.print(f"{len(run):,} queries, {found:,} hits in {seconds:.2f} s ({rate:,.0f}/s) -> {output}", markup=False)


def _search_in_parts(
    col: Collection, queries: Mapping[str, Any], update: Callable[[int, int, int], None], **options: Any
) -> Run:
    """All queries, a thousand at a time, so that progress can be shown."""
    ids, texts = list(queries), list(queries.values())
    doc_ids: list[Any] = []
    scores: list[Any] = []
    name = ""
    for first in range(0, len(ids), QUERIES_A_PART):
        part = col.search(texts[first : first + QUERIES_A_PART], **options)
        doc_ids += part.doc_ids
        scores += part.scores
        name = part.name
        update(len(scores), len(scores), len(ids))
    return Run(ids, doc_ids, scores, name or "rocchio")


def _hit_json(hit: Hit, with_why: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"doc_id": hit.doc_id, "score": hit.score, "fields": hit.fields}
    if hit.passage is not None:
        found["passage"] = asdict(hit.passage)
    if with_why:
        found["why"] = _why_json(hit.why())
    return found


def _why_json(why: Explanation) -> Any:
    """A score taken apart: a list of terms or of parts, or how two vectors lie to each other."""
    if why.vector is not None:
        return asdict(why.vector)
    if why.lists:
        return [
            {
                "part": part.name,
                "rank": part.rank,
                "score": part.score,
                "added": part.added,
                "why": None if part.why is None else _why_json(part.why),
            }
            for part in why.lists
        ]
    return [
        {
            "term": part.term,
            "weight": part.weight,
            "tf": dict(part.tf),
            "df": part.df,
            "idf": part.idf,
            "score": part.score,
        }
        for part in why.terms
    ]


def _print_hits(col: Collection, query: str, hits: list[Hit], explain: bool) -> None:
    for rank, hit in enumerate(hits, start=1):
        out.print(Text.assemble((f"{rank:>3}. ", "dim"), (hit.doc_id, "bold cyan"), (f"   {hit.score:.4f}", "green")))
        show_texts(col, query, hit)
        if explain:
            why = hit.why()
            show(parts_table(why) if why.lists else explanation_table(why))


def show_texts(col: Collection, query: str, hit: Hit) -> None:
    """The hit's short texts whole and its long ones as snippets, indented, with the query's terms marked.

    Of a field that is split, the snippet is from the hit's passage.
    """
    snapshot = col.snapshot()
    terms, passage, fields = snapshot.terms(query), hit.passage, hit.fields
    for name in col.schema.text_fields:
        text = passage.text if passage is not None and passage.field == name else fields.get(name)
        if not text:
            continue
        piece = snippet(text, snapshot.spans(text), terms)
        line = Text(piece.text)
        for start, end in piece.marks:
            line.stylize("bold yellow", start, end)
        out.print(Padding(line, (0, 0, 0, 5)), soft_wrap=False)


def parts_table(why: Explanation) -> Table:
    """A fused score as a table of what each part adds."""
    table = Table("part", box=None, padding=(0, 2), header_style="dim")
    for name in ("rank", "score", "added"):
        table.add_column(name, justify="right")
    for part in why.lists:
        rank, score = ("-", "-") if part.rank is None else (f"{part.rank:,}", f"{part.score:.4f}")
        table.add_row(part.name, rank, score, f"{part.added:.4f}")
    table.add_row("sum", "", "", f"{why.score:.4f}")
    table.caption = why.scoring
    table.caption_justify = "left"
    return table


def explanation_table(why: Explanation) -> Table:
    """A score as a table of terms."""
    table = Table("term", box=None, padding=(0, 2), header_style="dim")
    for name in ("weight", "tf", "df", "idf", "score"):
        table.add_column(name, justify="left" if name == "tf" else "right")
    for part in why.terms:
        tf = ", ".join(f"{name} {count}" for name, count in part.tf.items())
        table.add_row(part.term, f"{part.weight:g}", tf, f"{part.df:,}", f"{part.idf:.3f}", f"{part.score:.4f}")
    if why.constant:
        table.add_row("(every document)", "", "", "", "", f"{why.constant:.4f}")
    table.add_row("sum", "", "", "", "", f"{why.score:.4f}")
    table.caption = f"{why.scoring}; {why.length:g} tokens, {why.average_length:.1f} on average"
    table.caption_justify = "left"
    return table
