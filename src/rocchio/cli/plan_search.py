"""`rocchio search --plan`: queries through a plan of several steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rocchio.cli.hybrid import Asked
from rocchio.cli.output import err, out, print_json
from rocchio.cli.results import hit_json, print_hits, search_topics
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.pipelines import parse_plan
from rocchio.sources import read_topics


def search_with_plan(
    col: Collection,
    plan: str,
    asked: Asked,
    k: int | None,
    output: Path | None,
    explain: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """A query on the screen or topics into a run; with `explain`, also what each step did. Raises InvalidArgument."""
    if asked.vectors is not None or asked.fields is not None or asked.mode is not None:
        raise InvalidArgument(
            "expected --plan without --vectors, --field and --mode, found one of them; steps name their fields, like "
            "bm25(field=title) or dense(field=v)"
        )
    bound = col.plan(parse_plan(plan))
    if asked.topics is not None:
        if options["relevant"] or options["not_relevant"]:
            raise InvalidArgument("expected a single query with --relevant and --not-relevant, found --topics")
        with_plan = {**options, "plan": bound}
        search_topics(col, read_topics(asked.topics), 1000 if k is None else k, output, as_json, with_plan)
        return
    assert asked.query is not None
    hits: Any = bound.search(asked.query, 10 if k is None else k, **options)
    if as_json:
        print_json({"query": asked.query, "hits": [hit_json(hit, explain) for hit in hits]})
        return
    print_hits(col, asked.query, hits, explain)
    if not hits:
        err.print("no document was found by the plan", markup=False)
    if explain:
        out.print(bound.explain(asked.query, **options), markup=False)
