"""The file of a fitted model of latent semantic analysis (docs/formats/lsa.md): written, opened, checked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rocchio.encoders.lsa import Latent
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter

LSA_ARRAYS = {
    "term_bytes": "u1",
    "term_offsets": "u8",
    "idf": "f4",
    "term_vectors": "f4",
    "strengths": "f8",
    "fitted": "f8",
}
"""Arrays of a model and their types."""


def write_lsa(out: ArrayFileWriter, model: Latent) -> None:
    """Write every array of a model; the file is to be finished by the caller."""
    encoded = [term.encode() for term in model.terms]
    out.add("term_bytes", "u1", [np.frombuffer(b"".join(encoded), np.uint8)])
    out.add("term_offsets", "u8", [np.cumsum([0, *map(len, encoded)], dtype=np.uint64)])
    out.add("idf", "f4", [model.idf])
    out.add("term_vectors", "f4", [model.vectors])
    out.add("strengths", "f8", [model.strengths])
    out.add("fitted", "f8", [np.array([model.documents, model.unknown])])


def open_lsa(file: ArrayFile, dim: int) -> Latent:
    """The model in a file, verified whole. Raises Corruption for anything that `write_lsa` would not write."""
    path = file.file.path
    vectors, idf = file.array("term_vectors", "f4"), file.array("idf", "f4")
    strengths, fitted = file.array("strengths", "f8"), file.array("fitted", "f8")
    terms = _read_terms(file, path)
    if len(idf) != len(terms) or len(vectors) != len(terms) * dim or len(strengths) != dim or len(fitted) != 2:
        raise Corruption(path, None, f"the arrays do not fit {len(terms)} terms of {dim} numbers")
    if not all(np.isfinite(array).all() for array in (vectors, idf, strengths, fitted)):
        raise Corruption(path, None, "expected finite numbers, found others")
    documents, unknown = fitted.tolist()
    if not 1 <= documents < 2**53 or documents != int(documents) or not 0 <= unknown <= 1 or not (idf > 0).all():
        raise Corruption(path, None, f"expected counts of what the model was fitted on, found {fitted.tolist()}")
    return Latent(terms, idf, vectors.reshape(-1, dim), strengths, int(documents), unknown)


def _read_terms(file: ArrayFile, path: str) -> Sequence[str]:
    data: npt.NDArray[np.uint8] = file.array("term_bytes", "u1")
    offsets: npt.NDArray[np.uint64] = file.array("term_offsets", "u8")
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(data) or (offsets[1:] < offsets[:-1]).any():
        raise Corruption(path, None, "the offsets of terms do not cover their bytes in order")
    content, ends = data.tobytes(), offsets.tolist()
    encoded = [content[begin:end] for begin, end in pairwise(ends)]
    if any(one >= other for one, other in pairwise(encoded)):
        raise Corruption(path, None, "the terms are not in order, each once")
    try:
        return [term.decode() for term in encoded]
    except UnicodeDecodeError as error:
        raise Corruption(path, None, "a term is no UTF-8") from error
