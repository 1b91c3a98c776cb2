"""Plans from their text form, `bm25 >> rm3(docs=5) >> bm25`.

The form is an expression of Python's grammar, read by Python's parser and never evaluated: operators, calls of known
steps, literals, and bare words for names of fields.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.feedback import METHODS
from rocchio.fusion.parse import METHODS as FUSIONS
from rocchio.pipelines import named
from rocchio.pipelines.combine import add, chain, cut, fuse_steps, unite, weigh
from rocchio.pipelines.gate import gate
from rocchio.pipelines.step import Step

LONGEST = 10_000
"""Characters of a text form: nobody writes more, and nesting is bounded by it."""

KEPT = 128
"""Text forms whose plans are kept, since the same few are searched with again and again; plans never change."""

STEPS: Mapping[str, Callable[..., Step]] = MappingProxyType(
    {name: getattr(named, name) for name in ("bm25", "dense", "sparse", "hybrid", "offline", "pseudo_embeddings")}
    | {kind.name: getattr(named, kind.name) for kind in METHODS}
)
"""Steps by the name that calls them."""

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Step]] = {
    ast.RShift: chain,
    ast.Add: add,
    ast.Mod: cut,
    ast.BitOr: unite,
}


def parse_plan(text: str) -> Step:
    """The plan that a text form describes; the inverse of `str(plan)`. Raises InvalidArgument."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise InvalidArgument(f"expected a plan of at most {LONGEST:,} characters, like bm25 >> rm3 >> bm25")
    return _parsed(text)


@lru_cache(KEPT)
def _parsed(text: str) -> Step:
    text = text.strip()
    if "#" not in text:  # which would make the rest of all lines a comment
        text = text.replace("\r", " ").replace("\n", " ")
    try:
        step = _value(ast.parse(text, mode="eval").body, text)
    except InvalidArgument:
        raise
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or ("it is too deep" if _is_deep(error) else str(error))
        place = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise InvalidArgument(
            f"expected a plan like bm25 >> rm3(docs=5) >> bm25, found {text[:200]!r}: {reason}{place}"
        ) from error
    if not isinstance(step, Step):
        raise InvalidArgument(f"expected a plan like bm25 >> rm3(docs=5) >> bm25, found {text[:200]!r}")
    return step


def _is_deep(error: Exception) -> bool:
    return isinstance(error, MemoryError | RecursionError)


def as_step(given: Any) -> Step:
    """A step given as a value or as its text form. Raises InvalidArgument."""
    if isinstance(given, str):
        return parse_plan(given)
    if not isinstance(given, Step):
        raise InvalidArgument(f"expected a plan or its text form, like 'bm25 >> rm3 >> bm25', found {given!r}")
    return given


def _value(node: ast.expr, text: str) -> Any:
    """A step, or a number as operand."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = _value(node.left, text), _value(node.right, text)
        return weigh(left, right) if isinstance(left, Step) else weigh(right, left)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.Name):
        return _call(node.id, [], {}, node, text)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        settings = {keyword.arg: _setting(keyword.value, text) for keyword in node.keywords if keyword.arg}
        if len(settings) < len(node.keywords):
            raise _unexpected(node, text)
        return _call(node.func.id, node.args, settings, node, text)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return _setting(node, text)  # a number below 0, which the step refuses in its own words
    raise _unexpected(node, text)


def _call(name: str, args: list[ast.expr], settings: dict[str, Any], node: ast.expr, text: str) -> Step:
    if name == "gate":
        return _made(gate, tuple(_value(arg, text) for arg in args), settings, text)  # type: ignore[no-any-return]
    if name in FUSIONS:
        if "weights" in settings:
            raise InvalidArgument(f"expected weights before steps, like {name}(0.4*bm25, 0.6*dense), found weights=")
        steps = tuple(_value(arg, text) for arg in args)
        return fuse_steps(_made(FUSIONS[name], (), settings, text), steps)
    if name not in STEPS:
        known = ", ".join([*STEPS, "gate", *FUSIONS])
        raise InvalidArgument(f"expected a step of {known}, found {name[:80]!r} at character {node.col_offset + 1}")
    return _made(STEPS[name], tuple(_setting(arg, text) for arg in args), settings, text)  # type: ignore[no-any-return]


def _made(make: Callable[..., Any], args: tuple[Any, ...], settings: dict[str, Any], text: str) -> Any:
    try:
        inspect.signature(make).bind(*args, **settings)
    except TypeError as error:
        known = ", ".join(inspect.signature(make).parameters)
        raise InvalidArgument(f"expected settings of {known}, found {error} in {text[:200]!r}") from error
    return make(*args, **settings)


def _setting(node: ast.expr, text: str) -> Any:
    """A literal; a bare word stands for itself, as names of fields do."""
    if isinstance(node, ast.Name):
        return {"true": True, "false": False, "none": None}.get(node.id.lower(), node.id)
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(_setting(element, text) for element in node.elts)
    if isinstance(node, ast.Constant) and (node.value is None or type(node.value) in (int, float, str, bool)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _setting(node.operand, text)
        if type(value) in (int, float):
            return -value
    raise _unexpected(node, text)


def _unexpected(node: ast.expr, text: str) -> InvalidArgument:
    found = (ast.get_source_segment(text, node) or "something else")[:80]
    return InvalidArgument(
        f"expected steps joined by >>, +, *, % or |, found {found!r} at character {node.col_offset + 1}"
    )
