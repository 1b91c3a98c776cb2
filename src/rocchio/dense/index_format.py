"""Names of the arrays in an index file of a vector field (docs/formats/vector-index.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

CODES, CONSTANTS = "codes", "constants"
CENTROID_CODES, CENTROID_CONSTANTS = "centroid_codes", "centroid_constants"
LIST_SIZES, LIST_BLOCKS = "list_sizes", "list_blocks"
MEAN, SEED = "mean", "seed"

INDEX_ARRAYS = {
    CODES: "u1",
    CONSTANTS: "f4",
    CENTROID_CODES: "u1",
    CENTROID_CONSTANTS: "f4",
    LIST_SIZES: "u4",
    LIST_BLOCKS: "u1",
    MEAN: "f4",
    SEED: "u8",
}

CONSTANTS_OF_ROW = 4
"""float32 numbers beside the code of a row: scale, low, half its squared length, error."""

Codes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.uint32]
Vectors = npt.NDArray[Any]
