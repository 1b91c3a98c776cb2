"""Vector indexes with lists, of segments that have a handful of rows: for tests that change every byte of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

from rocchio.dense import index_writer
from rocchio.dense.calibration import Calibration, Effort, Setting
from rocchio.dense.segment import VectorSegment

MEASURED = Calibration((Setting(10, 0.5, Effort(2, 4)), Setting(10, 0.75, Effort(3, 6))))
RECALL = 0.75
"""What a search must ask for to go by the lists."""


@contextlib.contextmanager
def small_lists() -> Iterator[None]:
    """What is written meanwhile has a list for each two rows, and efforts that nobody measured."""
    with (
        mock.patch.object(index_writer, "LEAST_ROWS", 2),
        mock.patch.object(index_writer, "ROWS_OF_LIST", 2),
        mock.patch.object(VectorSegment, "calibrated_with_mixtures", lambda self: MEASURED),
    ):
        yield
