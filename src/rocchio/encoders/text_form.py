"""The text form of a value: `kind(first, name=setting, ...)`, read and written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rocchio.errors import InvalidArgument

_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_BARE = re.compile(r"[^\s,'\"()=\\][^,'\"()\\]*")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def format_call(kind: str, positional: Iterable[Any], named: Mapping[str, Any]) -> str:
    """The text form that `parse_call` reads back to the same."""
    parts = [*map(_format, positional), *(f"{name}={_format(value)}" for name, value in named.items())]
    return f"{kind}({', '.join(parts)})"


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    is_plain = _BARE.fullmatch(value) and value == value.strip() and not _NAME.match(value)
    return value if is_plain and _setting(value) == value else repr(value)


def parse_call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """(kind, positional, named) of a text form. Raises InvalidArgument."""
    match = _CALL.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"expected an encoder like lsa(dim=256) or st(all-MiniLM-L6-v2), found {text!r}")
    kind, inside = match.group(1), match.group(2) or ""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    place = 0
    while inside[place:].strip():
        name, value, place = _argument(inside, place, text)
        if name is None and named:
            raise InvalidArgument(
                f"expected settings with a name after {next(iter(named))}=, found {value!r} in {text!r}"
            )
        if name in named:
            raise InvalidArgument(f"expected each setting once, found {name}= twice in {text!r}")
        if name is None:
            positional.append(value)
        else:
            named[name] = value
    return kind, positional, named


def _argument(inside: str, place: int, text: str) -> tuple[str | None, Any, int]:
    """(name, value, where the next one begins) of the argument that begins at `place`."""
    place += len(inside[place:]) - len(inside[place:].lstrip())
    named = _NAME.match(inside, place)
    begin = named.end() if named else place
    quoted = _QUOTED.match(inside, begin)
    found = quoted or _BARE.match(inside, begin)
    if found is None:
        raise InvalidArgument(f"expected settings like dim=256, found {inside[place:]!r} in {text!r}")
    try:
        value = ast.literal_eval(found.group()) if quoted else _setting(found.group().strip())
    except (ValueError, SyntaxError) as error:
        raise InvalidArgument(f"expected a quoted text, found {found.group()} in {text!r}") from error
    end = found.end() + len(inside[found.end() :]) - len(inside[found.end() :].lstrip())
    if end < len(inside) and inside[end] != ",":
        raise InvalidArgument(f"expected a comma after {found.group()!r}, found {inside[end:]!r} in {text!r}")
    return (named.group(1) if named else None), value, min(end + 1, len(inside))


def _setting(word: str) -> Any:
    """What a word without quotes stands for: true, false, a number, or itself."""
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if _NUMBER.fullmatch(word):
        return int(word) if re.fullmatch(r"[-+]?\d{1,18}", word) else float(word)
    return word
