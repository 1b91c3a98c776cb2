"""Documents one after another, without a query."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from rocchio.dense.reference import unpacked
from rocchio.engine.filtering import Where
from rocchio.engine.snapshot import Snapshot
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.schema import ID_FIELD
from rocchio.types import DocId


def documents(snapshot: Snapshot, where: Where | None) -> Iterator[tuple[DocId, dict[str, Any]]]:
    """(doc_id, stored fields) of the documents that a predicate is true of, in the order in which they are stored.

    Holds a batch of 256 at a time. Raises InvalidArgument, Corruption.
    """
    allowed = snapshot.allowed(where)
    for number, segment in enumerate(snapshot.segments):
        chosen = segment.live_documents()
        if allowed is not None:
            rows = np.flatnonzero(unpacked(allowed.masks[number], segment.rows))
            places = rows if segment.passages is None else segment.passages.documents_of(rows)
            chosen = np.zeros(len(chosen), np.bool_)
            chosen[places] = True
        places = np.flatnonzero(chosen)
        ends = np.searchsorted(places, np.arange(0, len(chosen) + BATCH_ROWS, BATCH_ROWS))
        for batch, (first, last) in enumerate(itertools.pairwise(ends.tolist())):
            if first == last:
                continue
            wanted = places[first:last].tolist()
            names = segment.documents.batch(batch).column(ID_FIELD)
            found = segment.documents.fetch(wanted, snapshot.schema)
            for place, fields in zip(wanted, found, strict=True):
                yield names[place - batch * BATCH_ROWS].as_py(), fields
