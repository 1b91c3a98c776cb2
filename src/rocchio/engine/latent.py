"""Models of latent semantic analysis in a collection: fitted on it, named by the manifest, one for all its vectors.

The first segment that has text fits the model; later ones are placed with it. When the collection has outgrown its
model, all segments are merged into one with vectors of a new model, so that no search ever compares vectors of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.encoders import Lsa, parse_encoder
from rocchio.encoders.lsa import Latent, fit
from rocchio.encoders.lsa_file import open_lsa, write_lsa
from rocchio.encoders.term_rows import SegmentTerms
from rocchio.engine.frozen import mapped_file
from rocchio.engine.open_segment import OpenSegment
from rocchio.errors import DataError, InvalidArgument, NotFound
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import Manifest, ModelEntry, SegmentEntry
from rocchio.storage.schema import Schema
from rocchio.storage.segment import MODELS, model_name

GROWTH = 4.0
"""A commit that leaves this many times the documents that the model was fitted on fits anew."""
ENOUGH = 100_000
"""Documents of a fit that commits leave alone however much comes: more of the same would hardly change the model."""
DRIFT = 1.5
"""A compaction fits anew from this growth on, either way."""
UNKNOWN = 0.05
"""A compaction fits anew when the share of tokens that the model does not know has risen by so much."""

Blocks = Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]
"""Vectors (n, dim) of consecutive rows, and which of them have one (n,)."""


def latent_fields(schema: Schema) -> list[str]:
    """Names of the vector fields whose encoder is fitted on the collection."""
    return [name for name in schema.encoded_fields if isinstance(parse_encoder(schema.fields[name].encoder), Lsa)]


def check_latent(schema: Schema) -> None:
    """Raises InvalidArgument where statistics shall be each tenant's own, but a model would be of all documents."""
    if schema.tenants is not None and schema.tenants.statistics == "tenant" and (fields := latent_fields(schema)):
        raise InvalidArgument(
            f"expected an encoder that is not fitted on the collection where statistics are each tenant's own, found "
            f"lsa for {fields[0]!r}; use another encoder, or rocchio.tenants(statistics='global')"
        )


class LatentModels:
    """The models of a manifest; a writer's copy fits further ones.

    Their files are mapped by `map_files`, so that they stay when a later commit removes them, and read at first use.
    """

    def __init__(self, directory: Directory, schema: Schema, entries: Mapping[str, ModelEntry]) -> None:
        self._directory, self._schema, self.entries = directory, schema, dict(entries)
        self._files: dict[ModelEntry, ArrayFile] = {}
        self._opened: dict[ModelEntry, Latent] = {}

    def copy(self, schema: Schema | None = None) -> LatentModels:
        """Another handle with the same models, whose changes do not show here."""
        copied = LatentModels(self._directory, schema or self._schema, self.entries)
        copied._files, copied._opened = dict(self._files), dict(self._opened)
        return copied

    def map_files(self, previous: LatentModels | None) -> None:
        """Map the files of all models; what `previous` has of them is shared. Raises Corruption, NotFound."""
        for entry in self.entries.values():
            if previous is not None and entry in previous._files:
                self._files[entry] = previous._files[entry]
            else:
                self._files[entry] = ArrayFile(mapped_file(self._directory, entry))
            if previous is not None and entry in previous._opened:
                self._opened[entry] = previous._opened[entry]

    def get(self, name: str) -> Latent | None:
        """The model of a field; None before there was any text to fit it on. Raises Corruption."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        if entry not in self._opened:
            self._opened[entry] = open_lsa(self._files[entry], self._schema.fields[name].dim)
        return self._opened[entry]

    def get_or_fit(self, name: str, segment: SegmentTerms, generation: int) -> Latent | None:
        """The model of a field; the first one is fitted on this segment and written for the commit `generation`."""
        return self.get(name) if name in self.entries else self.fit(name, [segment], generation)

    def fit(self, name: str, segments: Sequence[SegmentTerms], generation: int) -> Latent | None:
        """A new model of these documents in place of the old one, written durably; None if they have no terms."""
        self.entries.pop(name, None)
        model = fit(segments, self._schema.fields[name].dim)
        if model is None:
            return None
        documents = sum(int(segment.live.sum()) for segment in segments)
        self.entries[name] = entry = self._write(name, model, documents, generation)
        self._opened[entry] = model
        return model

    def _write(self, name: str, model: Latent, documents: int, generation: int) -> ModelEntry:
        self._directory.make_folder(MODELS)
        file = model_name("lsa", generation, self._schema.vector_fields.index(name))
        out = ArrayFileWriter(self._directory, file)
        try:
            write_lsa(out, model)
            info = out.finish()
        finally:
            out.close()
        checksums = info.checksums.astype("<u4").tobytes()
        sealed = write_sealed(self._directory, file.removesuffix(".arrays") + ".bin", checksums)
        self._directory.sync_folder(MODELS)
        return ModelEntry(file, info.size, sealed, documents)

    def terms_of(self, name: str, segment: OpenSegment) -> SegmentTerms:
        """The live documents, or passages, of a segment as terms of the field's source."""
        columns = source_columns(self._schema, name)
        live = ~segment.tombstones.is_deleted
        if segment.passages is not None:
            live = rows_with_text(self._schema, name, live, segment.passages.first_rows[:-1])
        return SegmentTerms(segment.lexical, live, columns)

    def blocks(self, name: str, segment: SegmentTerms) -> Blocks:
        """The vectors of a segment's rows by the field's model, in the field's type."""
        model, field = self.get(name), self._schema.fields[name]
        if model is None:
            yield np.zeros((len(segment.live), field.dim), field.dtype), np.zeros(len(segment.live), np.bool_)
            return
        for vectors, present in model.encode_segment(segment):
            yield vectors.astype(field.dtype, copy=False), present

    def lacks_vectors(self, name: str, segments: Iterable[OpenSegment]) -> bool:
        """Whether a live document, or passage, of these segments has no vector, and words new to the model."""
        model, number = self.get(name), self._schema.vector_fields.index(name)
        for segment in segments:
            terms = self.terms_of(name, segment)
            left = replace(terms, live=terms.live & ~segment.vectors[number].originals.is_present)
            if model is not None and left.live.any() and model.unknown_share([left]) > 0:
                return True
        return False

    def refitted(self, name: str, segments: Sequence[OpenSegment], generation: int) -> Callable[[OpenSegment], Blocks]:
        """The vectors of these segments' rows by a new model of them."""
        self.fit(name, [self.terms_of(name, segment) for segment in segments], generation)
        return lambda segment: self.blocks(name, self.terms_of(name, segment))

    def outgrown(self, manifest: Manifest) -> bool:
        """Whether a commit that leaves so many documents, or passages, should fit a model anew."""
        return any(
            entry.documents < ENOUGH and self._count(name, manifest.segments) >= GROWTH * entry.documents
            for name, entry in self.entries.items()
        )

    def _count(self, name: str, entries: Iterable[SegmentEntry]) -> int:
        """How many of what a field has vectors of there are."""
        by_passage = self._schema.is_by_passage(name)
        return sum(entry.live_rows if by_passage else entry.live_documents for entry in entries)

    def drifted(self, segments: Sequence[OpenSegment]) -> bool:
        """Whether a compaction of all these segments should fit a model anew; reads the documents to tell."""
        for name, entry in self.entries.items():
            live = self._count(name, [segment.entry for segment in segments])
            if not entry.documents / DRIFT < live < entry.documents * DRIFT:
                return True
            model = self.get(name)
            terms = [self.terms_of(name, segment) for segment in segments]
            if model is not None and model.unknown_share(terms) > model.unknown + UNKNOWN:
                return True
        return False


def rows_with_text(
    schema: Schema, name: str, live: npt.NDArray[np.bool_], first_rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """The rows that a field has vectors of: all that are `live`, or the first one of each document."""
    if schema.split_field is None or schema.is_by_passage(name):
        return live
    firsts = np.zeros_like(live)
    firsts[first_rows] = True
    return live & firsts


def source_columns(schema: Schema, name: str) -> list[int]:
    """The numbers of the text fields that a vector field is encoded from."""
    return [schema.text_fields.index(source) for source in schema.fields[name].source]


def model_problems(directory: Directory, manifest: Manifest) -> list[DataError | NotFound]:
    """What is wrong with the models of a manifest; reads all of them."""
    problems: list[DataError | NotFound] = []
    for name, entry in manifest.models.items():
        try:
            file = mapped_file(directory, entry)
            damage = file.damage()
            problems += damage
            if not damage:
                open_lsa(ArrayFile(file), manifest.schema.fields[name].dim)
        except (DataError, NotFound) as error:
            problems.append(error)
    return problems
