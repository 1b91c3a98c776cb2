"""Maps of collections: drawn by one thread, one after the other, and kept until the collection changes."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rocchio.engine.document_map import DocumentMap, draw_map
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import BusyError, RocchioError
from rocchio.server.tenants import Of

MOST_JOBS = 8
"""Maps that are kept or waited for."""
_SCALE = 32767
Key = tuple[Of, int, str | None, int]


class _Stopped(Exception):
    """The server stops: nobody will look at the map."""


@dataclass
class _Job:
    made: Future[dict[str, Any]]
    done: float = 0.0


class MapJobs:
    """Draws maps in the background. `stopping` is asked at every step."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping, self._jobs = stopping, dict[Key, _Job]()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="map")
        self._lock = threading.Lock()

    def ask(self, of: Of, snapshot: Snapshot, field: str | None, most: int) -> tuple[float, dict[str, Any] | None]:
        """How far the map of a snapshot is, and the map when it is there; starts it when it is asked for first.

        Raises BusyError when too many wait, and what drawing raises.
        """
        key = (of, snapshot.manifest.generation, field, most)
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                self._make_room(of, key[1])
                job = self._jobs[key] = _Job(Future())
                self._thread.submit(self._draw, job, snapshot, field, most)
        if not job.made.done():
            return job.done, None
        try:
            return 1.0, job.made.result()
        except RocchioError:
            with self._lock:
                self._jobs.pop(key, None)  # what is asked again is tried again
            raise

    def close(self) -> None:
        """Start no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _make_room(self, of: Of, generation: int) -> None:
        for key, job in list(self._jobs.items()):
            outdated = key[0] == of and key[1] != generation
            if job.made.done() and (outdated or len(self._jobs) >= MOST_JOBS):
                del self._jobs[key]
        if len(self._jobs) >= MOST_JOBS:
            raise BusyError(f"expected fewer than {MOST_JOBS} maps to draw, found that many; try again later")

    def _draw(self, job: _Job, snapshot: Snapshot, field: str | None, most: int) -> None:
        def tell(done: int, total: int) -> None:
            if self._stopping():
                raise _Stopped
            job.done = min(done / total, 0.999)

        try:
            job.made.set_result(packed(draw_map(snapshot, field, most, tell)))
        except BaseException as error:  # whoever asks gets it
            job.made.set_exception(error)


def packed(drawn: DocumentMap) -> dict[str, Any]:
    """A map as JSON: numbers as base64, which is a fifth of their digits."""
    return {
        "doc_ids": drawn.doc_ids,
        "places": _base64((drawn.places * _SCALE).astype("<i2")),
        "neighbours": _base64(drawn.neighbours.astype("<u4")),
        "degree": drawn.neighbours.shape[1],
        "source": drawn.source,
        "documents": drawn.documents,
        "regions": [asdict(region) for region in drawn.regions],
    }


def _base64(array: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()
