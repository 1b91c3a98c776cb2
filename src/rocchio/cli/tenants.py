"""`rocchio tenants`, `grant`, `revoke`: who sees which documents of a multi-tenant collection."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from rocchio.cli.collection import given_ids
from rocchio.cli.options import AsJson, CollectionPath
from rocchio.cli.output import counted, out, print_json, show
from rocchio.engine.opening import open_for_maintenance
from rocchio.engine.tenant_writing import GrantSummary

EXAMPLES = (
    "Examples:\n\n[bold]rocchio tenants papers.rocchio[/bold]\n\n"
    "[bold]rocchio tenants papers.rocchio --delete acme[/bold]"
)
GRANT_EXAMPLES = (
    "Examples:\n\n[bold]rocchio grant papers.rocchio acme a1 a2[/bold]\n\n"
    "[bold]cut -f1 shared.tsv | rocchio grant papers.rocchio acme --from -[/bold]"
)
TenantName = Annotated[str, typer.Argument(help="Name of the tenant.", show_default=False)]
DocIds = Annotated[list[str] | None, typer.Argument(help="Documents.", show_default=False)]
Source = Annotated[str | None, typer.Option("--from", help="File with a doc_id a line; - reads standard input.")]


def tenants(
    collection: CollectionPath,
    delete: Annotated[
        str | None,
        typer.Option(help="Delete this tenant: documents that only they see, their sight of others, their clicks."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the tenants of a collection with how many documents each sees, or delete one."""
    with open_for_maintenance(collection) as col:
        if delete is not None:
            report = col.delete_tenant(delete)
            if as_json:
                print_json(vars(report))
                return
            left = f"; still written in {', '.join(report.remaining)}" if report.remaining else "; no bytes are left"
            out.print(
                f"{counted(report.documents, 'document')} deleted, {report.shared:,} shared ones kept for others{left}",
                markup=False,
            )
            return
        counts = col.tenants()
    if as_json:
        print_json(counts)
        return
    table = Table("tenant", "documents", box=None, padding=(0, 2), header_style="dim")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    show(table)


def grant(
    collection: CollectionPath,
    tenant: TenantName,
    doc_ids: DocIds = None,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Let a tenant see documents, from the next search on."""
    ids = given_ids(doc_ids, source, "grant")
    with open_for_maintenance(collection) as col:
        _report(col.grant(ids, tenant), "granted", "seen before", as_json)


def revoke(
    collection: CollectionPath,
    tenant: TenantName,
    doc_ids: DocIds = None,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Let a tenant see documents no more. What was never granted is counted, not an error."""
    ids = given_ids(doc_ids, source, "revoke")
    with open_for_maintenance(collection) as col:
        _report(col.revoke(ids, tenant), "revoked", "never granted", as_json)


def _report(summary: GrantSummary, done: str, unchanged: str, as_json: bool) -> None:
    if as_json:
        print_json(vars(summary))
        return
    out.print(
        f"{counted(summary.changed, 'document')} {done}; {unchanged}: {summary.unchanged:,}; "
        f"not there: {summary.missing:,}"
    )
