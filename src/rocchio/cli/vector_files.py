"""Arrays of vectors in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rocchio.errors import BadRecord, NotFound


def read_matrix(path: Path) -> Any:
    """The array of a .npy file. Raises NotFound, BadRecord."""
    if not path.is_file():
        raise NotFound(f"expected a file of vectors, found nothing at {path}; check the path")
    try:
        queries = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadRecord(path, 0, "expected an array of numbers as numpy.save writes it, found another file") from error
    if not isinstance(queries, np.ndarray):
        raise BadRecord(path, 0, "expected one array, as numpy.save writes it, found an archive of several")
    return queries
