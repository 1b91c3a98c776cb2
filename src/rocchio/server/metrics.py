"""Prometheus metrics of one server."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import rocchio
from rocchio.server.catalogue import Catalogue
from rocchio.storage.tenancy import ALL_TENANTS

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Counts requests; asks the collections when it is read."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.registry = CollectorRegistry()
        Gauge("rocchio_info", "Version.", ["version"], registry=self.registry).labels(rocchio.__version__).set(1)
        names = ["method", "route", "status"]
        self._requests = Counter("rocchio_http_requests", "Requests answered.", names, registry=self.registry)
        self._seconds = Histogram("rocchio_http_request_seconds", "Time to answer.", ["method", "route"],
                                  buckets=_SECONDS, registry=self.registry)  # fmt: skip
        self.in_flight = Gauge("rocchio_http_requests_in_flight", "Being answered.", registry=self.registry)
        self.ingested = Counter("rocchio_ingested_documents", "Documents committed by ingests.", ["collection"],
                                registry=self.registry)  # fmt: skip
        self.searches = Counter("rocchio_searches", "Queries searched.", ["collection"], registry=self.registry)
        self._by_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.registry.register(_Collections(catalogue))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. Labels are routes, not paths, and known methods: their number is bounded."""
        key = (method, route, status)
        known = self._by_route.get(key)
        if known is None:
            if method not in {"GET", "POST", "PUT", "DELETE", "HEAD"}:
                method = "other"
            known = (self._requests.labels(method, route, str(status)), self._seconds.labels(method, route))
            if len(self._by_route) < 1000:
                self._by_route[key] = known
        known[0].inc()
        known[1].observe(seconds)

    def text(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self.registry)


class _Collections(Collector):
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def collect(self) -> Iterator[Metric]:
        documents = GaugeMetricFamily("rocchio_documents", "Documents of the last commit.", labels=["collection"])
        deleted = GaugeMetricFamily("rocchio_deleted_documents", "Deleted, not compacted.", labels=["collection"])
        segments = GaugeMetricFamily("rocchio_segments", "Segments.", labels=["collection"])
        waiting = GaugeMetricFamily("rocchio_changes_waiting", "Changes in the queue.", labels=["collection"])
        generation = GaugeMetricFamily("rocchio_generation", "Number of the last commit.", labels=["collection"])
        for served in self._catalogue.opened():
            snapshot = served.col.snapshot(ALL_TENANTS)
            entries = snapshot.manifest.segments
            documents.add_metric([served.name], len(snapshot))
            deleted.add_metric([served.name], sum(entry.deleted for entry in entries))
            segments.add_metric([served.name], len(entries))
            waiting.add_metric([served.name], served.writing.waiting)
            generation.add_metric([served.name], snapshot.manifest.generation)
        yield from (documents, deleted, segments, waiting, generation)
