"""Prometheus metrics of one server."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import rocchio
from rocchio.server.catalogue import Catalogue
from rocchio.storage.tenancy import ALL_TENANTS

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD"})


class Metrics:
    """Counts requests; asks the collections when it is read.

    Requests and searches are counted in plain numbers, by the event loop's thread alone: a counter with a lock takes
    longer than what it counts here.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.registry = CollectorRegistry()
        Gauge("rocchio_info", "Version.", ["version"], registry=self.registry).labels(rocchio.__version__).set(1)
        self.in_flight = Gauge("rocchio_http_requests_in_flight", "Being answered.", registry=self.registry)
        self.ingested = Counter("rocchio_ingested_documents", "Documents committed by ingests.", ["collection"],
                                registry=self.registry)  # fmt: skip
        self._requests = _Requests()
        self.registry.register(self._requests)
        self.registry.register(_Collections(catalogue))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. Labels are routes, not paths, and known methods: their number is bounded."""
        self._requests.count(method if method in _METHODS else "other", route, status, seconds)

    def searched(self, collection: str, queries: int = 1) -> None:
        """Count queries of a collection that there is."""
        self._requests.searches[collection] += queries

    def text(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self.registry)


class _Requests(Collector):
    def __init__(self) -> None:
        self.searches: defaultdict[str, int] = defaultdict(int)
        self._answers: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._times: dict[tuple[str, str], tuple[list[int], list[float]]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer, and how long it took."""
        self._answers[method, route, status] += 1
        times = self._times.get((method, route))
        if times is None:
            times = self._times[method, route] = ([0] * (len(_SECONDS) + 1), [0.0])
        times[0][bisect_left(_SECONDS, seconds)] += 1
        times[1][0] += seconds

    def collect(self) -> Iterator[Metric]:
        answers = CounterMetricFamily("rocchio_http_requests", "Requests answered.",
                                      labels=["method", "route", "status"])  # fmt: skip
        for (method, route, status), count in list(self._answers.items()):
            answers.add_metric([method, route, str(status)], count)
        times = HistogramMetricFamily("rocchio_http_request_seconds", "Time to answer.", labels=["method", "route"])
        for labels, (counts, total) in list(self._times.items()):
            ends = [*(str(float(end)) for end in _SECONDS), "+Inf"]
            buckets = list(zip(ends, accumulate(counts), strict=True))
            times.add_metric(list(labels), buckets, total[0])
        searches = CounterMetricFamily("rocchio_searches", "Queries searched.", labels=["collection"])
        for collection, count in list(self.searches.items()):
            searches.add_metric([collection], count)
        yield from (answers, times, searches)


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
