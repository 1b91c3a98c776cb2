"""Indexes of vector fields: built when their vectors are written, and calibrated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.dense.calibration import QUERY_COUNTS, Calibration
from rocchio.dense.index_writer import write_index
from rocchio.dense.originals import Originals
from rocchio.dense.segment import VectorSegment
from rocchio.dense.writer import VectorWriter
from rocchio.engine.vector_values import query_matrix
from rocchio.errors import InvalidArgument
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.checked import FileInfo, MappedFile
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import CalibratedEffort
from rocchio.storage.schema import Schema
from rocchio.storage.segment import vector_index_name, vectors_name

LEAST_QUERIES = 20
"""From fewer queries than this no recall can be told."""

Calibrations = tuple[tuple[CalibratedEffort, ...], ...]
"""What the manifest says of each vector field of a segment."""


def finish_vectors(
    directory: Directory, segment: str, schema: Schema, writers: Iterable[VectorWriter], rows: int
) -> tuple[dict[str, FileInfo], Calibrations]:
    """Finish the originals of each vector field of a segment, build their indexes, measure what recall takes."""
    files: dict[str, FileInfo] = {}
    calibrations = []
    for number, (name, writer) in enumerate(zip(schema.vector_fields, writers, strict=True)):
        field = schema.fields[name]
        vectors, index = vectors_name(number), vector_index_name(number)
        files[vectors] = writer.finish()
        originals = Originals(_mapped(directory, segment, vectors, files[vectors]), rows, field)
        files[index] = write_index(directory, f"{segment}/{index}", originals, field)
        built = VectorSegment(originals, _mapped(directory, segment, index, files[index]), Calibration(()))
        calibrations.append(built.calibrated_with_mixtures().to_tuples())
    return files, tuple(calibrations)


def _mapped(directory: Directory, segment: str, name: str, info: FileInfo) -> ArrayFile:
    return ArrayFile(MappedFile(directory, f"{segment}/{name}", info))


def calibration_queries(schema: Schema, queries: Any, name: str) -> tuple[int, npt.NDArray[np.float32]]:
    """The number of the vector field `name`, and the queries (n, dim) that it is calibrated with.

    Raises InvalidArgument.
    """
    if name not in schema.vector_fields:
        raise InvalidArgument(
            f"expected a vector field to calibrate, found {name!r}; there are "
            f"{', '.join(schema.vector_fields) or 'none'}"
        )
    matrix, _ = query_matrix(queries, name, schema.fields[name])
    if len(matrix) < LEAST_QUERIES:
        raise InvalidArgument(f"expected at least {LEAST_QUERIES} queries to calibrate with, found {len(matrix)}")
    step = max(1, len(matrix) // max(QUERY_COUNTS.values()))
    return schema.vector_fields.index(name), matrix[::step]
