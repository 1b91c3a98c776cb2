"""Fusion methods from their text form."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.fusion.borda import Borda
from rocchio.fusion.comb import CombMnz, CombSum
from rocchio.fusion.convex import MinMax, ZNorm
from rocchio.fusion.method import Fusion
from rocchio.fusion.rrf import Rrf

METHODS: dict[str, type[Fusion]] = {kind.name: kind for kind in (Rrf, CombSum, CombMnz, Borda, MinMax, ZNorm)}

_FORM = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")


def parse_fusion(text: str) -> Fusion:
    """The inverse of `str(fusion)`: a method, its weights, its options by name, like `rrf(k=60)`, `znorm(0.4, 0.6)`.

    Raises InvalidArgument.
    """
    found = _FORM.fullmatch(text)
    if found is None or found[1] not in METHODS:
        raise InvalidArgument(
            f"expected a fusion of {', '.join(METHODS)}, like znorm(0.4, 0.6) or rrf(k=60), found {text[:200]!r}"
        )
    kind = METHODS[found[1]]
    options = {field.name for field in fields(kind)} - {"weights"}
    weights: list[float] = []
    given: dict[str, Any] = {}
    for part in (found[2] or "").split(",") if (found[2] or "").strip() else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            weights.append(_number(name, text))
        elif name not in options or name in given:
            known = f"{', '.join(sorted(options))} once at most" if options else "weights only"
            raise InvalidArgument(f"expected {known} in {kind.name}, found {part.strip()[:40]!r}")
        else:
            given[name] = _number(value, text)
    return kind(tuple(weights), **given)


def as_fusion(fusion: Any) -> Fusion:
    """A fusion given as a value or as its text form. Raises InvalidArgument."""
    if isinstance(fusion, str):
        return parse_fusion(fusion)
    if not isinstance(fusion, Fusion):
        raise InvalidArgument(f"expected a fusion like znorm(0.4, 0.6) or rrf(k=60), found {fusion!r}")
    return fusion


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidArgument(f"expected a number, found {text[:40]!r} in {whole[:200]!r}") from error
