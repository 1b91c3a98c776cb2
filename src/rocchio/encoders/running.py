"""Texts in, vectors out: prefixes, empty and repeated texts, the cache, and a check of whatever a model returns."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.encoders.cache import CachedEncoder, EmbeddingCache
from rocchio.encoders.model import Matrix, Model, Usage, load, same_model
from rocchio.encoders.values import EncoderValue, Function, Lsa, Model2Vec
from rocchio.errors import EncoderFailure

MAX_VALUE = 1e15
"""Of a number in a vector, as for vectors that users give."""
Encoded = tuple[Matrix, npt.NDArray[np.bool_]]
"""Vectors float32 (n, dim), zeros where there is none, and which texts have one (n,)."""


class Running:
    """An encoder at work. The model is loaded when it is first needed. Any number of threads may share it."""

    def __init__(self, value: EncoderValue, cache: EmbeddingCache | None = None) -> None:
        assert not isinstance(value, Lsa)
        self.value = value
        self._cache = None if isinstance(value, Function | Model2Vec) else cache  # these are as fast as a cache
        self._lock, self._told = threading.RLock(), False

    @cached_property
    def model(self) -> Model:
        """The loaded model. Raises NotFound, InvalidArgument, EncoderFailure."""
        with self._lock:
            return load(self.value)

    @property
    def is_loaded(self) -> bool:
        """Whether the model was needed so far."""
        return "model" in self.__dict__

    @property
    def usage(self) -> Usage:
        """What was done so far."""
        return self.model.usage

    @cached_property
    def _kept(self) -> CachedEncoder | None:
        """The cache's part that belongs to the model."""
        if self._cache is None:
            return None
        known = self._cache.identities(str(self.value))
        identity = next((old for old in known if same_model(old, self.model.identity)), self.model.identity)
        return self._cache.encoder(str(self.value), identity, self.model.dim)

    def documents(self, texts: Sequence[str | None]) -> Encoded:
        """Vectors of documents; a text that is None, empty or blank has none. Raises EncoderFailure."""
        return self._encode(texts, self.value.document_prefix)

    def queries(self, texts: Sequence[str | None]) -> Encoded:
        """Vectors of queries, in the same way."""
        return self._encode(texts, self.value.query_prefix)

    def _encode(self, texts: Sequence[str | None], prefix: str) -> Encoded:
        with self._lock:
            places: dict[str, list[int]] = {}
            for place, text in enumerate(texts):
                if text is not None and not text.isspace() and text:
                    places.setdefault(prefix + text, []).append(place)
            vectors: Matrix = np.zeros((len(texts), self.model.dim), np.float32)
            if places:
                wanted = list(places)
                rows = np.repeat(np.arange(len(wanted)), [len(places[text]) for text in wanted])
                where = [place for text in wanted for place in places[text]]
                vectors[where] = self._cached(wanted)[rows]
        present = (vectors != 0).any(axis=1)
        return vectors, present

    def _cached(self, texts: list[str]) -> Matrix:
        kept = self._kept
        if kept is None:
            return self._encode_checked(texts)
        vectors, missing = kept.get(texts)
        self.usage.cached += len(texts) - len(missing)
        # in parts, so that what was done is kept when a later part fails
        for part in self._parts([texts[place] for place in missing]):
            places = [missing[index] for index in part]
            some = [texts[place] for place in places]
            vectors[places] = fresh = self._encode_checked(some)
            kept.put(some, fresh)
        return vectors

    def _parts(self, texts: Sequence[str]) -> list[list[int]]:
        """Places of texts in parts of some batches, texts of like length together."""
        size = getattr(self.model, "part", 512)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        return [order[first : first + size] for first in range(0, len(order), size)]

    def _encode_checked(self, texts: list[str]) -> Matrix:
        found: Any = self.model.encode(texts)
        try:
            if np.iscomplexobj(found):  # numpy would drop a part of each number
                raise TypeError("complex numbers")  # noqa: TRY301
            vectors = np.asarray(found, np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderFailure(f"expected an array of numbers of the encoder {self.value}, found {error}") from error
        expected = (len(texts), self.model.dim)
        if vectors.shape != expected:
            raise EncoderFailure(
                f"expected vectors of shape {expected} of the encoder {self.value}, found {vectors.shape}"
            )
        wrong = np.flatnonzero(~(np.abs(vectors) <= MAX_VALUE).all(axis=1))  # also for NaN
        if len(wrong):
            raise EncoderFailure(
                f"expected finite numbers of the encoder {self.value}, found others for the text "
                f"{texts[wrong[0]][:80]!r}"
            )
        self.usage.texts += len(texts)
        if self.usage.truncated and not self._told:
            self._told = True
            warnings.warn(f"some texts are longer than {self.value} takes and are cut off", stacklevel=2)
        return vectors
