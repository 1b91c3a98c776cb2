"""Effectiveness measures as values with a text form: "nDCG@10 AP R@100", by way of ir-measures."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from rocchio.errors import InvalidArgument

Measure: TypeAlias = Any
"""An `ir_measures.Measure`: equal by its text, `parse_measures(str(measure))` gives it back."""

_SEPARATORS = re.compile(r"[\s,]+(?![^()]*\))")
_FORM = re.compile(r"(?P<name>[^\W\d]\w*)(?:\((?P<parameters>.*)\))?(?:@(?P<at>.+))?", re.DOTALL)
_TREC_NAMES = {
    "map": "AP",
    "map_cut": "AP",
    "ndcg": "nDCG",
    "ndcg_cut": "nDCG",
    "P": "P",
    "recall": "R",
    "recip_rank": "RR",
    "mrr": "RR",
    "precision": "P",
    "success": "Success",
    "hit_rate": "Success",
    "rprec": "Rprec",
    "bpref": "Bpref",
}
MAX_CUTOFF = 1_000_000


def parse_measures(measures: str | Iterable[str | Measure]) -> tuple[Measure, ...]:
    """Measures from text, in the given order, each once.

    `measures`: text separated by white space or commas ("nDCG@10 AP R@100", "P(rel=2)@5"), or an iterable of such
    texts and of `ir_measures.Measure` values. Names and parameters are those of https://ir-measur.es.

    Raises: InvalidArgument with the measure and a hint: unknown name or parameter, a cutoff that is not a whole
    number from 1 on, a measure that no installed library computes, or no measure at all.
    """
    given = [measures] if isinstance(measures, str) else list(measures)
    parsed: list[Measure] = []
    for item in given:
        if isinstance(item, str):
            parsed += [_parse(text) for text in _SEPARATORS.split(item.strip(" \t\r\n,")) if text]
        else:
            parsed.append(item)
    unique = tuple(dict.fromkeys(_checked(measure) for measure in parsed))
    if not unique:
        raise InvalidArgument("expected at least one measure, such as nDCG@10, found none")
    return unique


def _registry() -> Mapping[str, Any]:
    # ir-measures takes a third of a second to import, too long for commands that measure nothing
    import ir_measures

    registry: Mapping[str, Any] = ir_measures.measures.registry
    return registry


def _parse(text: str) -> Measure:
    """One measure. Not `ir_measures.parse_measure`, whose use of `ast.Num` ends with Python 3.14."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise InvalidArgument(f"expected a measure such as nDCG@10 or P(rel=2)@5, found {text!r}")
    measure_class = _registry().get(form["name"])
    if measure_class is None:
        raise InvalidArgument(f"expected a measure that ir-measures knows, found {text!r}{_hint(text, form['name'])}")
    try:
        call = ast.parse(f"f({form['parameters'] or ''})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("parameters need names")  # noqa: TRY301
        parameters = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
        if form["at"] is not None:
            parameters[measure_class.AT_PARAM] = ast.literal_eval(form["at"])
        return measure_class(**parameters)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise InvalidArgument(f"expected a measure such as nDCG@10 or P(rel=2)@5, found {text!r}") from error


def _checked(measure: Measure) -> Measure:
    """The measure, when it can be computed here. trec_eval ends the whole process on a cutoff of 0."""
    import ir_measures

    if not isinstance(measure, ir_measures.Measure):
        raise InvalidArgument(f"expected a text or an ir_measures.Measure, found {type(measure).__name__}")
    problem = _parameter_problem(measure)
    if problem:
        known = ", ".join(f"{name} ({info.desc or 'any'})" for name, info in measure.SUPPORTED_PARAMS.items())
        raise InvalidArgument(f"{measure.NAME}: {problem}; its parameters are: {known or 'none'}")
    cutoff = measure.params.get("cutoff", 1)
    if type(cutoff) is not int or not 1 <= cutoff <= MAX_CUTOFF:
        raise InvalidArgument(f"expected a cutoff from 1 to {MAX_CUTOFF} in {measure}, found {cutoff!r}")
    if not ir_measures.DefaultPipeline.supports(measure):
        raise InvalidArgument(
            f"expected a measure that an installed library computes, found {measure}{_providers(measure)}"
        )
    return measure


def _parameter_problem(measure: Measure) -> str | None:
    """What `Measure.validate_params` finds; that one uses `assert`, which `python -O` removes."""
    from ir_measures.providers.base import NOT_PROVIDED

    for name in measure.params:
        if name not in measure.SUPPORTED_PARAMS:
            return f"expected no parameter {name!r}"
    for name, info in measure.SUPPORTED_PARAMS.items():
        value = measure.params.get(name, NOT_PROVIDED)
        if info.validate(value):
            continue
        if value is NOT_PROVIDED:
            return f"expected a {name}" + (f", as in {measure.NAME}@10" if name == "cutoff" else "")
        kind = getattr(info.dtype, "__name__", "another kind")
        return f"expected {kind} as {name}, found {value!r}"
    return None


def _providers(measure: Measure) -> str:
    """How to install what computes this measure, as far as ir-measures says."""
    import ir_measures

    lines = [p.install_instructions() for p in ir_measures.DefaultPipeline.providers if p.supports(measure)]
    return "; to compute it: " + " or ".join(line for line in lines if line) if any(lines) else ""


def _hint(text: str, name: str) -> str:
    """What may have been meant: the name that trec_eval uses, the same letters in another case, or the nearest."""
    known = _registry()
    stem, _, cutoff = name.rpartition("_")
    if name in _TREC_NAMES:
        near = [_TREC_NAMES[name]]
    elif cutoff.isdecimal() and stem in _TREC_NAMES:
        near = [f"{_TREC_NAMES[stem]}@{cutoff}"]
    else:
        same = [each for each in known if each.lower() == name.lower()]
        near = same[:1] or difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    near = [each + text[len(name) :] for each in near]
    return f"; did you mean {' or '.join(near)}?" if near else "; some are: nDCG@10, AP, RR@10, R@100, P@10"
