"""`rocchio keys`: the API keys of a server, in a file of their hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rocchio.cli.options import AsJson
from rocchio.cli.output import err, out, print_json, show

EXAMPLES = (
    "Examples:\n\n[bold]rocchio keys add keys.json --role read --note website[/bold]\n\n"
    "[bold]rocchio keys list keys.json[/bold]\n\n[bold]rocchio keys revoke keys.json 0123456789abcdef[/bold]"
)
keys = typer.Typer(help="Add, list and revoke the API keys of a server.", epilog=EXAMPLES, no_args_is_help=True)
KeysPath = Annotated[Path, typer.Argument(help="File of the keys' hashes.", show_default=False)]


@keys.command("add")
def add(
    file: KeysPath,
    role: Annotated[str, typer.Option(help="read, write (and read) or admin (everything).")] = "read",
    tenant: Annotated[
        str | None, typer.Option(help="Tenant whose documents alone the key is for, in multi-tenant collections.")
    ] = None,
    note: Annotated[str, typer.Option(help="What the key is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once; the file keeps its hash."""
    from rocchio.server.keys import KeyFile

    key, info = KeyFile(file).add(role, tenant, note)
    if as_json:
        print_json({"key": key, "id": info.id, "role": info.role, "tenant": info.tenant})
        return
    out.print(key, markup=False)
    err.print(f"key {info.id} with the role {info.role}; keep it now, it cannot be shown again", style="dim")


@keys.command("list")
def list_keys(file: KeysPath, as_json: AsJson = False) -> None:
    """Ids, roles, tenants, times and notes of all keys."""
    from rocchio.server.keys import KeyFile

    found = KeyFile(file).keys()
    if as_json:
        print_json([{name: value for name, value in vars(key).items() if name != "sha256"} for key in found])
        return
    table = Table("id", "role", "tenant", "created", "note", box=None, padding=(0, 2), header_style="dim")
    for key in found:
        table.add_row(key.id, key.role, key.tenant or "", key.created, key.note)
    show(table)


@keys.command("revoke")
def revoke(file: KeysPath, key_id: Annotated[str, typer.Argument(help="Id of the key.", show_default=False)]) -> None:
    """Remove a key; running servers refuse it from their next request on."""
    from rocchio.server.keys import KeyFile

    info = KeyFile(file).revoke(key_id)
    out.print(f"revoked {info.id} ({info.role})", markup=False)
