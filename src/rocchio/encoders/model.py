"""What runs an encoder: the contract of a loaded model, and how one is loaded."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rocchio.encoders.values import EncoderValue, Function, Model2Vec, Onnx, OpenAI, SentenceTransformer
from rocchio.errors import EncoderFailure, InvalidArgument, NotFound

Matrix = npt.NDArray[np.float32]

PROBE = "The quick brown fox jumps over the lazy dog."
PROBE_NUMBERS = 16
PROBE_TOLERANCE = 0.01
"""Of a number of a unit vector: endpoints and CPUs differ in the last digits."""
_PROBED = "probe:"


@dataclass
class Usage:
    """What an encoder has done: `texts` encoded, of which `truncated` were over the model's limit, `cached` ones that
    were not encoded at all; for an endpoint also its `requests`, `retries`, `tokens` and their `cost` in dollars."""

    texts: int = 0
    cached: int = 0
    truncated: int = 0
    requests: int = 0
    retries: int = 0
    tokens: int = 0
    cost: float = 0.0


class Model(Protocol):
    """A loaded model. `dim` numbers a vector; `identity` differs from that of any other model."""

    dim: int
    identity: str
    usage: Usage

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors of some texts, none of them empty, as an array (n, dim)."""


def load(value: EncoderValue) -> Model:
    """The model of an encoder. Raises NotFound for a library or a model that is not here, InvalidArgument."""
    if isinstance(value, SentenceTransformer):
        from rocchio.encoders.sentence_transformers import SentenceTransformerModel

        return SentenceTransformerModel(value)
    if isinstance(value, Onnx):
        from rocchio.encoders.onnx import OnnxModel

        return OnnxModel(value)
    if isinstance(value, Model2Vec):
        from rocchio.encoders.model2vec import Model2VecModel

        return Model2VecModel(value)
    if isinstance(value, OpenAI):
        from rocchio.encoders.openai import Endpoint

        return Endpoint(value)
    if isinstance(value, Function):
        return FunctionModel(value)
    raise InvalidArgument(f"expected an encoder of texts, found {value}, which is fitted on a collection")


def library(name: str, extra: str) -> ModuleType:
    """An optional library. Raises NotFound that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotFound(
            f"expected the library {name} for this encoder, found none: {error}; "
            f"install it: pip install 'rocchio[{extra}]'"
        ) from error


def first_line(error: Exception) -> str:
    """What a library says, in one line of at most 200 characters without a full stop."""
    said = str(error).strip() or type(error).__name__
    return said.splitlines()[0][:200].rstrip(". ")


def digest(*parts: bytes | npt.NDArray[Any]) -> str:
    """Sixteen hexadecimal digits that tell these contents from others."""
    state = hashlib.blake2b(digest_size=8)
    for part in parts:
        state.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
    return state.hexdigest()


def probe(encoder: str, found: Any) -> tuple[int, str]:
    """(dim, identity) of a model that has no weights to look at, by the vector `found` (1, dim) of the text PROBE.

    Raises EncoderFailure.
    """
    try:
        vectors = np.asarray(found, np.float64)
    except (TypeError, ValueError) as error:
        raise EncoderFailure(f"expected an array of numbers of the encoder {encoder}, found {error}") from error
    if vectors.ndim != 2 or len(vectors) != 1 or not vectors.shape[1] or not np.isfinite(vectors).all():
        raise EncoderFailure(
            f"expected a finite array (1, dim) of the encoder {encoder} for one text, found shape {vectors.shape}"
        )
    numbers = vectors[0, :PROBE_NUMBERS] / max(float(np.linalg.norm(vectors)), 1e-30)
    return vectors.shape[1], _PROBED + ",".join(f"{number:.5f}" for number in numbers)


def same_model(stored: str, found: str) -> bool:
    """Whether two identities are of the same model."""
    if stored == found:
        return True
    if not (stored.startswith(_PROBED) and found.startswith(_PROBED)):
        return False
    try:
        one, other = (np.array(text.removeprefix(_PROBED).split(","), np.float64) for text in (stored, found))
    except ValueError:
        return False
    return len(one) == len(other) and bool((np.abs(one - other) <= PROBE_TOLERANCE).all())


class FunctionModel:
    """A Python function from texts to vectors."""

    def __init__(self, value: Function) -> None:
        if not callable(value.function):
            raise InvalidArgument(
                f"expected the function of the encoder {value}, which is not stored with a collection; "
                "pass it when opening: rocchio.open(path, encoders={field: function})"
            )
        self._function: Callable[[list[str]], Any] = value.function
        self.usage = Usage()
        self.dim, self.identity = probe(str(value), self.encode([PROBE]))

    def encode(self, texts: Sequence[str]) -> Any:
        return self._function(list(texts))
