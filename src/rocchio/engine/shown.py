"""How error messages show the value that was found."""

from __future__ import annotations

from typing import Any


def shown(value: Any) -> str:
    """The value in at most 80 characters."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print very long integers
        text = "a very long integer"
    return text if len(text) <= 80 else text[:77] + "..."


def shown_with_type(value: Any) -> str:
    """The same with the name of its type."""
    return f"{shown(value)} ({type(value).__name__})"
