"""`rocchio clicks`: what users saw and clicked, logged in a collection, and what its log says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rocchio.cli.options import AsJson, CollectionPath, TenantName
from rocchio.cli.output import err, out, print_json, show, size
from rocchio.engine.click_logging import ClickStatistics
from rocchio.engine.opening import open_for_maintenance
from rocchio.errors import InvalidArgument

EXAMPLES = (
    "Examples:\n\n[bold]rocchio clicks papers.rocchio today.jsonl --rejects bad.jsonl[/bold]\n\n"
    "[bold]rocchio clicks papers.rocchio[/bold]"
)
SHOWN_RANKS = 20


def clicks(
    collection: CollectionPath,
    file: Annotated[
        Path | None,
        typer.Argument(
            help='JSON Lines like {"session": "s1", "query": "...", "shown": ["a1", "a2"], "clicked": [2], '
            '"time": "2026-11-25T17:30:00Z"} to append to the log; without it the log is described.',
            show_default=False,
        ),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Log the rest when lines cannot be used, and write these to a file.")
    ] = None,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Append what users saw and clicked to a collection's click log, or say what is in it.

    Without --rejects, a line that cannot be used, such as a click on a rank that was not shown, stops everything and
    nothing is logged. The steps corocchio and vector_corocchio of plans learn from the log.
    """
    if file is None:
        if rejects is not None:
            raise InvalidArgument("expected a file of clicks with --rejects, found none; name it after the collection")
        _describe(open_for_maintenance(collection, tenant).click_statistics(), as_json)
        return
    with open_for_maintenance(collection, tenant) as col:
        summary = col.log_clicks(file, on_error="raise" if rejects is None else "skip", rejects=rejects)
    if as_json:
        print_json(vars(summary))
        return
    for reason in summary.reasons:
        err.print(f"rejected: {reason}", markup=False)
    out.print(str(summary), markup=False)


def _describe(found: ClickStatistics, as_json: bool) -> None:
    if as_json:
        print_json(found.to_dict())
        return
    table = Table(show_header=False, box=None)
    table.add_row("impressions", f"{found.impressions:,}")
    table.add_row("different queries", f"{found.queries:,}")
    table.add_row("sessions", f"{found.sessions:,}")
    table.add_row("clicks", f"{found.clicks:,}")
    if found.first is not None and found.last is not None:
        table.add_row("time", f"{found.first[:19]} to {found.last[:19]} UTC")
    table.add_row("size", size(found.size_bytes))
    if found.pending_bytes:
        table.add_row("not committed", f"{size(found.pending_bytes)}, dropped by the next call that logs")
    show(table)
    ranks = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("rank", "shown", "clicked", "propensity", "standard error"):
        ranks.add_column(name, justify="right")
    estimate = found.propensities
    for rank, (shown, clicked) in enumerate(zip(found.shown, found.clicked, strict=True), start=1):
        known = estimate is not None and rank <= len(estimate.ranks)
        numbers = (estimate.ranks[rank - 1], estimate.errors[rank - 1]) if estimate is not None and known else ()
        ranks.add_row(str(rank), f"{shown:,}", f"{clicked:,}", *(f"{number:.3f}" for number in numbers))
        if rank == SHOWN_RANKS:
            break
    show(ranks)
    if estimate is None:
        out.print("propensities unknown: no document was clicked often enough at two ranks for the same query")
    else:
        out.print(f"eta {estimate.eta:.2f}, standard error {estimate.eta_error:.2f}: propensity is (1 / rank)^eta")
