"""What one request may ask for, and how long it may take; all bounds of the server in one place."""

from __future__ import annotations

from dataclasses import dataclass

from rocchio.errors import InvalidArgument


@dataclass(frozen=True)
class Limits:
    """Bounds of a server; sizes in bytes, times in seconds."""

    body_bytes: int = 16 << 20
    """Of a JSON body. The JSON Lines of an ingest may be of any length."""
    line_bytes: int = 4 << 20
    """Of one line of an ingest: one document."""
    depth: int = 32
    """Of nested lists and objects in JSON."""
    k: int = 10_000
    detailed: int = 1000
    """k where hits bring stored fields, snippets or explanations."""
    hits: int = 1_000_000
    """k times the queries of a batch."""
    judged: int = 2000
    """Judged queries times plans of an experiment."""
    experiments: int = 20
    """Results of experiments that are kept for each collection; the oldest goes."""
    impressions: int = 10_000
    """Of a batch for the click log."""
    granted: int = 100_000
    """Doc_ids of a grant or a revoke."""
    documents: int = 4096
    """Of a batch that is written as a whole. At most 4096: the engine adds that many at once, or none."""
    batch_documents: int = 1000
    """An ingest commits after so many documents,"""
    batch_bytes: int = 4 << 20
    """or after so many bytes."""
    errors: int = 1000
    """Per-line errors told in one line of an ingest's answer; further ones are counted."""
    rate: float = 1000.0
    """Requests a second and key, or address where there are no keys; 0 is without limit."""
    in_flight: int = 256
    """Requests at once; further ones are told to come back."""
    queue: int = 32
    """Changes that wait for the writer of a collection."""
    header_s: float = 10.0
    """Until a request's headers are there."""
    body_s: float = 30.0
    """Until a JSON body is there; between two pieces of an ingest; until a client takes its answer."""
    keep_alive_s: int = 20
    shutdown_s: int = 30
    """For requests that are being answered when the server is told to stop."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 40:
                raise InvalidArgument(f"expected a limit {name} of at least 0, found {value!r}")
            if value < 1 and name != "rate":
                raise InvalidArgument(f"expected a limit {name} of at least 1, found {value!r}")
        if self.documents > 4096 or self.batch_documents > 4096:
            raise InvalidArgument(f"expected at most 4096 documents in a batch, found {self.documents}")
