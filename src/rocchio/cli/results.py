"""Hits on the screen, as JSON, and runs into files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rocchio.cli.output import out, print_json, progress, show
from rocchio.engine.collection import Collection
from rocchio.engine.highlight import snippet
from rocchio.errors import InvalidArgument
from rocchio.types import Explanation, Hit, Run

QUERIES_A_PART = 1000


def search_topics(
    col: Collection, queries: Mapping[str, Any], k: int, output: Path | None, as_json: bool, options: dict[str, Any]
) -> None:
    """Write the run of many queries, and say how long it took. Raises InvalidArgument without `output`."""
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


def hit_json(hit: Hit, with_why: bool) -> dict[str, Any]:
    """A hit as plain values."""
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


def print_hits(col: Collection, query: str, hits: list[Hit], explain: bool) -> None:
    """Ranks, doc_ids, scores, texts with the query's words marked; with `explain`, scores taken apart."""
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
