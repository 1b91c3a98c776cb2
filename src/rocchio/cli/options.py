"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CollectionPath = Annotated[Path, typer.Argument(help="Folder of the collection.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]


def names(values: list[str] | None) -> list[str]:
    """Names given several times or separated by commas."""
    return [name.strip() for value in values or [] for name in value.split(",") if name.strip()]
