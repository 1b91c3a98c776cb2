"""Vectors for documents that are in the collection already: filled in, or made anew with another encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.dense.reference import BLOCK_ROWS
from rocchio.encoders.running import Running
from rocchio.engine.encoding import EncoderChoice, source_texts, vector
from rocchio.engine.latent import Blocks, latent_fields
from rocchio.engine.open_segment import OpenSegment
from rocchio.engine.passages import passage_columns
from rocchio.engine.vector_values import column_of_matrix, matrix_of
from rocchio.errors import InvalidArgument
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.schema import Field, Schema

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


@dataclass(frozen=True)
class EmbedSummary:
    """What `embed` did: the field's encoder, how many documents, or passages, have a vector now and had before, and
    the commit; `unchanged` if no text was without a vector, so that nothing was written."""

    field: str
    encoder: str
    vectors: int
    before: int
    generation: int
    unchanged: bool = False


@dataclass(frozen=True)
class EmbedPlan:
    """What a call of `embed` will do: the field as it shall be, the steps it takes, the vectors there are before."""

    field: Field
    steps: int
    vectors: int
    is_done: bool
    """No text is without a vector, and none is to be encoded anew."""


def plan_embedding(
    snapshot: Snapshot, name: str, encoder: EncoderChoice | None, source: str | list[str] | None
) -> EmbedPlan:
    """Bind the field to the encoder, if one is given, which loads its model. Raises InvalidArgument, NotFound, ..."""
    schema = snapshot.schema
    field = _field_to_embed(schema, name, encoder, source)
    if encoder is not None:
        field = snapshot.encoders.bind(name, field, schema.text_fields)
    # postings are written twice: by term and by document
    steps = sum(2 * segment.posting_count + segment.vector_rows for segment in snapshot.segments)
    if name not in schema.fields:
        steps += sum(segment.rows for segment in snapshot.segments)
    is_done = encoder is None and not lacks_vectors(snapshot, name)
    return EmbedPlan(field, steps, count_vectors(snapshot, name), is_done)


def embedded(snapshot: Snapshot, name: str, plan: EmbedPlan) -> EmbedSummary:
    """What was done, of the snapshot after it."""
    after = count_vectors(snapshot, name), plan.vectors, snapshot.manifest.generation
    return EmbedSummary(name, plan.field.encoder, *after, plan.is_done)


def count_vectors(snapshot: Snapshot, name: str) -> int:
    """How many documents, or passages, have a vector in a field; those deleted but not yet merged away count too."""
    if name not in snapshot.schema.vector_fields:
        return 0
    number = snapshot.schema.vector_fields.index(name)
    return sum(segment.vectors[number].count for segment in snapshot.segments)


def lacks_vectors(snapshot: Snapshot, name: str) -> bool:
    """Whether a live document, or passage, has a text to encode for the vector field `name` but no vector.

    For an encoder that is fitted on the collection, that is one with words that its model does not know.
    """
    schema = snapshot.schema
    if name in latent_fields(schema):
        return snapshot.latents.lacks_vectors(name, snapshot.segments)
    number, field = schema.vector_fields.index(name), schema.fields[name]
    return any(_lacks_vectors(segment, field, number) for segment in snapshot.segments)


def _lacks_vectors(segment: OpenSegment, field: Field, number: int) -> bool:
    if segment.vectors[number].count == segment.rows:
        return False
    live = _encoded_rows(segment, field)
    for texts, (_, present) in zip(
        _text_blocks(segment, field), segment.vectors[number].originals.blocks(), strict=True
    ):
        wanted, live = live[: len(texts)] & ~present, live[len(texts) :]
        if any(want and text and not text.isspace() for text, want in zip(texts, wanted.tolist(), strict=True)):
            return True
    return False


def _encoded_rows(segment: OpenSegment, field: Field) -> npt.NDArray[np.bool_]:
    """Rows that may have a vector: live ones, of a document that is split only the first if it is of all of it."""
    live = ~segment.tombstones.is_deleted
    if segment.passages is not None and segment.passages.field not in field.source:
        live = live & segment.passages.is_first  # a vector of the whole document
    return live


def _field_to_embed(schema: Schema, name: str, encoder: EncoderChoice | None, source: str | list[str] | None) -> Field:
    """The field as it shall be: bound to the encoder if one is given, as it is if not. Raises InvalidArgument."""
    old = schema.fields.get(name)
    if old is not None and old.kind != "vector":
        raise InvalidArgument(
            f"expected a vector field or a new name, found {name!r}, a {old.kind}; choose another name"
        )
    if encoder is None:
        if old is None or not old.encoder:
            raise InvalidArgument(f"expected an encoder for the field {name!r}, found none; give encoder=")
        if source is not None:
            raise InvalidArgument("expected an encoder with source=, found none; give encoder= to encode all anew")
        return old
    metric, dtype = (old.metric, old.dtype) if old is not None else ("cosine", "float32")
    kept = old.source if old is not None and source is None else source
    return vector(metric=metric, dtype=dtype, encoder=encoder, source=kept)  # type: ignore[arg-type]  # of a schema


def text_blocks(segment: OpenSegment, field: Field, running: Running, old: int | None) -> Blocks:
    """Vectors of all rows of a segment, made of its stored texts.

    `old` is the number of a vector field whose vectors are kept where there are any, None to make all anew.
    """
    live = _encoded_rows(segment, field)
    kept = segment.vectors[old].originals.blocks() if old is not None else _nothing(segment.rows, field)
    for texts, (vectors, present) in zip(_text_blocks(segment, field), kept, strict=True):
        wanted, live = live[: len(texts)] & ~present, live[len(texts) :]
        made = running.documents([text if want else None for text, want in zip(texts, wanted.tolist(), strict=True)])
        fresh, there = matrix_of(column_of_matrix(*made, field))
        yield np.where(there[:, None], fresh, vectors), present | there


def _text_blocks(segment: OpenSegment, field: Field) -> Iterator[list[str]]:
    """What the encoder reads of each row, as many at a time as vectors come."""
    if segment.passages is not None:
        for first in range(0, segment.rows, BLOCK_ROWS):
            rows = range(first, min(first + BLOCK_ROWS, segment.rows))
            yield source_texts(passage_columns(segment, segment.passages, field.source, rows), field)
        return
    indexes = segment.documents.batches()
    step = BLOCK_ROWS // BATCH_ROWS
    for first in range(0, len(indexes), step):
        parts = [segment.documents.batch(index).select(list(field.source)) for index in indexes[first : first + step]]
        yield source_texts(pa.Table.from_batches(parts).combine_chunks(), field)


def _nothing(rows: int, field: Field) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
    for first in range(0, rows, BLOCK_ROWS):
        count = min(BLOCK_ROWS, rows - first)
        yield np.zeros((count, field.dim), field.dtype), np.zeros(count, np.bool_)


Remade = Callable[[OpenSegment], Blocks]
"""The vectors of all rows of a segment."""
