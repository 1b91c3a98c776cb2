"""Errors that show their place in a text, with a mark under it."""

from __future__ import annotations

import unicodedata

from rocchio.errors import InvalidArgument

WIDTH = 100
"""Of what is shown of a line, in characters."""


def error_at(text: str, start: int, length: int, message: str) -> InvalidArgument:
    """An error about the characters [start, start + length) of a text, which are shown and marked."""
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line, column = text[begin : end if end >= 0 else len(text)], start - begin
    cut = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    before, rest = _printable(line[cut:column]), _printable(line[column : cut + WIDTH])
    head, tail = "..." if cut else "", "..." if cut + WIDTH < len(line) else ""
    marked = max(1, min(length, len(line) - column, cut + WIDTH - column))
    marks = "^" * max(1, _columns(rest[:marked]))
    number = text.count("\n", 0, start) + 1
    where = f"line {number}, character {column + 1}" if "\n" in text else f"character {column + 1}"
    indent = " " * _columns(head + before)
    return InvalidArgument(f"{where} of the predicate: {message}\n  {head}{before}{rest}{tail}\n  {indent}{marks}")


def _printable(text: str) -> str:
    """The text with a space for each character that would not take a place of its own on the screen."""
    return "".join(char if char.isprintable() else " " for char in text)


def _columns(text: str) -> int:
    """How wide a text is on a screen: East Asian characters take two columns, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
