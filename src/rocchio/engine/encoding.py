"""The encoders of a collection's vector fields: bound at creation, checked, put to work on documents and queries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio.encoders import EncoderValue, Function, Lsa, parse_encoder
from rocchio.encoders.cache import EmbeddingCache, default_cache
from rocchio.encoders.model import Usage, same_model
from rocchio.encoders.running import Encoded, Running
from rocchio.engine.vector_values import column_of_matrix
from rocchio.errors import InvalidArgument, SchemaMismatch
from rocchio.storage.schema import Field, Metric, Schema, VectorType, plain_vector

EncoderChoice: TypeAlias = str | EncoderValue | Callable[[list[str]], Any]
CacheChoice: TypeAlias = bool | str | Path | EmbeddingCache


def vector(
    dim: int | None = None,
    *,
    metric: Metric = "cosine",
    dtype: VectorType = "float32",
    encoder: EncoderChoice | None = None,
    source: str | Sequence[str] | None = None,
) -> Field:
    """A dense vector of `dim` numbers, searched with such vectors, or with texts if the field has an encoder.

    `metric`: "cosine" (of the angle), "ip" (dot product) or "l2" (minus the squared distance); larger is always better.
    `dtype`: how vectors are stored, "float32" or "float16" (half the space, eleven significant bits). `encoder`: its
    text form ("lsa(dim=256)", "st(all-MiniLM-L6-v2)"), its value, or a function from a list of texts to an array
    (n, dim); then vectors are made of the text fields `source`, all of them unless it says which, and `dim` may be left
    out. Raises InvalidArgument.
    """
    if encoder is None:
        if source is not None:
            raise InvalidArgument("expected an encoder with source=, found none; leave source= out, or give encoder=")
        return plain_vector(dim, metric=metric, dtype=dtype)  # type: ignore[arg-type]  # it checks
    value = as_encoder(encoder)
    plain_vector(1 if dim is None else dim, metric=metric, dtype=dtype)  # checks
    names = (source,) if isinstance(source, str) else tuple(source or ())
    function = value.function if isinstance(value, Function) else None
    return Field(
        "vector", dim=dim or 0, metric=metric, dtype=dtype, encoder=str(value), source=names, function=function
    )


def as_encoder(encoder: EncoderChoice) -> EncoderValue:
    """An encoder given as a value, a text form or a function. Raises InvalidArgument."""
    if callable(encoder) and not isinstance(encoder, str):
        name = getattr(encoder, "__name__", type(encoder).__name__)
        return Function("".join(c if c.isalnum() else "_" for c in name), function=encoder)
    return parse_encoder(encoder)  # type: ignore[arg-type]  # values pass through


class Encoders:
    """Runs the encoders of a collection's fields. Models are loaded at first use and shared by all its snapshots.

    `functions` are encoders that are functions, by field; `cache` is where vectors are kept: True is the user's cache,
    False none, a path that file.
    """

    def __init__(
        self, functions: Mapping[str, Callable[[list[str]], Any]] | None = None, cache: CacheChoice = True
    ) -> None:
        self._functions, self._cache = dict(functions or {}), as_cache(cache)
        self._running: dict[str, Running] = {}
        self._checked: set[tuple[str, Field]] = set()
        self._lock = threading.Lock()

    def bound(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """The fields of a new collection, with what their encoders say: dimension, identity, source."""
        texts = tuple(name for name, field in fields.items() if getattr(field, "kind", None) == "text")
        return {
            name: self.bind(name, field, texts) if getattr(field, "encoder", "") else field
            for name, field in fields.items()
        }

    def bind(self, name: str, field: Field, texts: Sequence[str]) -> Field:
        """A vector field with what its encoder says. Loads the model. Raises InvalidArgument, NotFound, ..."""
        if field.function is not None:
            self._functions[name] = field.function
            self._running.pop(_key(name, field), None)  # perhaps of another function with this name
        field = replace(field, source=field.source or tuple(texts))
        value = parse_encoder(field.encoder)
        if isinstance(value, Lsa):
            return _with_dim(field, value.dim)
        model = self._of(name, field).model
        return replace(_with_dim(field, model.dim), identity=model.identity)

    def check(self, schema: Schema) -> None:
        """Raises InvalidArgument for an encoder that this rocchio does not know, or a function that was not given."""
        for name in schema.encoded_fields:
            value = parse_encoder(schema.fields[name].encoder)
            if isinstance(value, Function) and name not in self._functions:
                raise InvalidArgument(
                    f"expected the function {value.name}, which encodes the field {name!r} and is not stored with the "
                    f"collection, found none; pass it: rocchio.open(path, encoders={{{name!r}: function}})"
                )
        for name in self._functions:
            if name not in schema.encoded_fields or not schema.fields[name].encoder.startswith("callable("):
                raise InvalidArgument(f"expected functions for fields that a function encodes, found one for {name!r}")

    def running(self, name: str, field: Field) -> Running:
        """The encoder of a field. Raises InvalidArgument if it is another model than the field's vectors are of."""
        running = self._of(name, field)
        if (name, field) not in self._checked:
            found = running.model
            if found.dim != field.dim or not same_model(field.identity, found.identity):
                raise InvalidArgument(
                    f"expected the model that made the vectors of the field {name!r}, {field.encoder} with {field.dim} "
                    f"numbers and identity {field.identity[:40]}, found another with {found.dim} numbers and identity "
                    f"{found.identity[:40]}; bring the model back, or encode all documents anew: "
                    f"col.embed({name!r}, encoder=...)"
                )
            self._checked.add((name, field))
        return running

    def _of(self, name: str, field: Field) -> Running:
        key = _key(name, field)
        with self._lock:
            if key not in self._running:
                value = parse_encoder(field.encoder)
                if isinstance(value, Function):
                    value = replace(value, function=self._functions.get(name))
                self._running[key] = Running(value, self._cache)
            return self._running[key]

    @property
    def usage(self) -> dict[str, Usage]:
        """What each encoder that was used has done, by its text form."""
        return {str(running.value): running.usage for running in self._running.values() if running.is_loaded}

    def fill(
        self, batch: pa.RecordBatch, schema: Schema, is_first: npt.NDArray[np.bool_] | None = None
    ) -> pa.RecordBatch:
        """A batch of rows with the vectors that encoders make of their texts, where none was given.

        `is_first` says which rows are the first of their document, None if all are: vectors of whole documents are in
        these. Raises SchemaMismatch for a vector where the encoder takes none, EncoderFailure, ...
        """
        for name in schema.encoded_fields:
            field = schema.fields[name]
            given = batch.column(name)
            is_latent = isinstance(parse_encoder(field.encoder), Lsa)
            if (is_latent or schema.is_by_passage(name)) and given.null_count < len(given):
                what = "" if is_latent else " for each passage"
                raise SchemaMismatch(
                    f"expected no vectors for the field {name!r}, which {field.encoder} computes{what}, found some; "
                    "leave them out"
                )
            if is_latent:
                continue
            texts = source_texts(batch, field)
            missing = given.is_null().to_numpy(zero_copy_only=False)
            if is_first is not None and not schema.is_by_passage(name):
                missing = missing & is_first
            wanted = [text if wants else None for text, wants in zip(texts, missing.tolist(), strict=True)]
            vectors, present = self.running(name, field).documents(wanted)
            fresh = column_of_matrix(vectors, present, field)
            place = batch.schema.get_field_index(name)
            batch = batch.set_column(place, batch.schema.field(place), pc.coalesce(given, fresh))
        return batch

    def queries(self, texts: Sequence[str], name: str, field: Field) -> Encoded:
        """Vectors of queries for a field whose encoder is a model."""
        return self.running(name, field).queries(texts)


def source_texts(batch: pa.RecordBatch, field: Field) -> list[str]:
    """What a vector field's encoder reads of each document: its source fields that are not empty, a space between."""
    columns = [batch.column(name).to_pylist() for name in field.source]
    return [" ".join(text for text in texts if text) for texts in zip(*columns, strict=True)]


def as_cache(cache: CacheChoice) -> EmbeddingCache | None:
    """The cache of a choice. Raises InvalidArgument."""
    if isinstance(cache, EmbeddingCache):
        return cache
    if isinstance(cache, bool):
        return default_cache() if cache else None
    if isinstance(cache, str | Path) and str(cache):
        return EmbeddingCache(cache)
    raise InvalidArgument(f"expected embedding_cache to be True, False or a path, found {cache!r}")


def _key(name: str, field: Field) -> str:
    """What fields that share a model have in common; a function belongs to its field."""
    return f"{name}: {field.encoder}" if field.encoder.startswith("callable(") else field.encoder


def _with_dim(field: Field, dim: int) -> Field:
    if field.dim not in (0, dim):
        raise InvalidArgument(
            f"expected vectors of {dim} numbers, as {field.encoder} makes them, found dim={field.dim}; leave dim out"
        )
    return replace(field, dim=dim)
