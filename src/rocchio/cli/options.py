"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CollectionPath = Annotated[Path, typer.Argument(help="Folder of the collection.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
TenantName = Annotated[
    str | None,
    typer.Option("--tenant", help="Whose documents of a multi-tenant collection are looked at.", show_default=False),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        help="What vector searches may hold in memory, like 64MB; the rest is read from disk. Default: no limit.",
        show_default=False,
    ),
]


def names(values: list[str] | None) -> list[str]:
    """Names given several times or separated by commas."""
    return [name.strip() for value in values or [] for name in value.split(",") if name.strip()]
