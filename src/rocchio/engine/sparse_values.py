"""Weights of tokens as users hand them over, checked and turned into a column map<large_string, float32>.

Whole columns go the fast way; where that finds anything odd, `check_weights` looks at one value after the other and
says what is wrong in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio.engine.shown import shown
from rocchio.storage.documents import SPARSE_TYPE
from rocchio.storage.schema import Field

MAX_IMPACT = 2**31
"""Of all weights of a document together, times the scale."""

_PLAIN_WEIGHTS = frozenset({float, int, np.float32, np.float64})


def check_weights(value: Any, field: Field) -> list[tuple[str, float]]:
    """The weights above 0 of one document, as (token, weight). Raises ValueError with the reason in words."""
    checked: dict[str, float] = {}
    for token, weight in _pairs(value):
        if not isinstance(token, str) or not token:
            raise ValueError(f"expected tokens that are strings and not empty, found {shown(token)}")
        try:
            token.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"expected tokens in Unicode, found a lone surrogate in {token!r}") from error
        if token in checked:
            raise ValueError(f"expected each token once, found {shown(token)} twice; add up its weights")
        # a column of structs has every token in every row, with null where a document lacks it
        checked[token] = 0.0 if weight is None else _check_weight(token, weight, field)
    total, most = math.fsum(checked.values()), MAX_IMPACT / field.scale
    if total > most:
        raise ValueError(f"expected weights that add up to at most 2^31 / scale = {most:g}, found {total:g}")
    return [(token, weight) for token, weight in checked.items() if np.float32(weight) > 0]


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Tokens with weights of a mapping, of (token, weight) pairs (an Arrow map) or of {"token", "weight"} (structs)."""
    if isinstance(value, Mapping):
        yield from value.items()
        return
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected {{token: weight}}, found {shown(value)}")  # noqa: TRY004
    for item in value:
        if isinstance(item, Mapping) and item.keys() == {"token", "weight"}:
            yield item["token"], item["weight"]
        elif isinstance(item, list | tuple) and len(item) == 2:
            yield item[0], item[1]
        else:
            raise ValueError(f"expected {{token: weight}} or a list of (token, weight), found {shown(item)} in it")


def _check_weight(token: str, weight: Any, field: Field) -> float:
    if isinstance(weight, np.generic):
        weight = weight.item()
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise ValueError(f"expected a number as the weight of {shown(token)}, found {shown(weight)}")  # noqa: TRY004
    if weight < 0:
        raise ValueError(
            f"expected weights of at least 0, found {shown(weight)} for {shown(token)}; "
            "models give 0 to what is below, leave it out"
        )
    if not weight <= MAX_IMPACT / field.scale:  # also false for NaN
        raise ValueError(
            f"expected finite weights of at most 2^31 / scale = {MAX_IMPACT / field.scale:g}, found {shown(weight)} "
            f"for {shown(token)}"
        )
    return float(weight)


def column_of_dicts(values: Sequence[Any], field: Field) -> pa.MapArray | None:
    """A column of plain dicts and None; None when any needs a closer look."""
    if set(map(type, values)) - {dict, type(None)}:
        return None
    documents: list[dict[Any, Any]] = [value or {} for value in values]
    tokens = list(chain.from_iterable(documents))
    weights = list(chain.from_iterable(document.values() for document in documents))
    if set(map(type, tokens)) - {str} or set(map(type, weights)) - _PLAIN_WEIGHTS:
        return None
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    absent = np.array([value is None for value in values], np.bool_)
    return _column(pa.array(tokens, pa.large_string()), np.array(weights, np.float64), lengths, absent, field)


def column_of_arrow(values: pa.Array, field: Field) -> pa.MapArray | None:
    """A column of maps, or of lists of structs; None when any needs a closer look."""
    if len(values) == 0:
        return pa.array([], SPARSE_TYPE)
    parts = _arrow_parts(values)
    if parts is None:
        return None
    ends = values.offsets.to_numpy().astype(np.int64)
    tokens, weights = (part.slice(int(ends[0]), int(ends[-1] - ends[0])) for part in parts)
    lengths, absent = np.diff(ends), values.is_null().to_numpy(zero_copy_only=False)
    if tokens.null_count or weights.null_count or lengths[absent].any():
        return None
    numbers = weights.to_numpy(zero_copy_only=False).astype(np.float64)
    texts = tokens.cast(pa.large_string())
    texts.validate(full=True)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    codes = texts.dictionary_encode().indices.to_numpy().astype(np.int64)
    if len(np.unique(rows << 32 | codes)) < len(codes):
        return None  # a token stands twice in a document
    return _column(texts, numbers, lengths, absent, field)


def _arrow_parts(values: pa.Array) -> tuple[pa.Array, pa.Array] | None:
    """All tokens and all weights, which the offsets of `values` index."""
    kind = values.type
    if pa.types.is_map(kind):
        tokens, weights = values.keys, values.items
    elif (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_struct(kind.value_type):
        structs = values.values
        names = [structs.type.field(index).name for index in range(structs.type.num_fields)]
        if sorted(names) != ["token", "weight"] or structs.null_count:
            return None
        by_name = dict(zip(names, structs.flatten(), strict=True))
        tokens, weights = by_name["token"], by_name["weight"]
    else:
        return None
    is_text = pa.types.is_string(tokens.type) or pa.types.is_large_string(tokens.type)
    is_number = pa.types.is_floating(weights.type) or pa.types.is_integer(weights.type)
    return (tokens, weights) if is_text and is_number else None


def _column(
    tokens: pa.LargeStringArray,
    weights: npt.NDArray[np.float64],
    lengths: npt.NDArray[np.int64],
    absent: npt.NDArray[np.bool_],
    field: Field,
) -> pa.MapArray | None:
    """Documents of so many (`lengths`) of the tokens each; None when a token or a weight is not as it must be."""
    if not (np.isfinite(weights) & (weights >= 0)).all() or pc.min(pc.binary_length(tokens)).as_py() == 0:
        return None
    ends = np.concatenate([[0], np.cumsum(lengths)])
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    # sums are rounded: what comes close to the limit is added up exactly elsewhere
    if not (np.diff(sums[ends]) < 0.999 * MAX_IMPACT / field.scale).all():
        return None
    stored = weights.astype(np.float32)
    keep = stored > 0
    if not keep.all():
        tokens, stored = tokens.filter(pa.array(keep)), stored[keep]
        ends = np.concatenate([[0], np.cumsum(keep)])[ends]
    offsets = pa.array(ends.astype(np.int32), mask=np.append(absent, False))
    return pa.MapArray.from_arrays(offsets, tokens, pa.array(stored))
