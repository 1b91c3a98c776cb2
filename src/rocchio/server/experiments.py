"""Experiments over HTTP: bounded, one at a time, the results kept until the server stops."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from rocchio.engine.experiment import run_experiment
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import BusyError, InvalidArgument, LimitExceeded, NotFound
from rocchio.server.limits import Limits
from rocchio.server.models import ExperimentBody
from rocchio.server.searching import check_size
from rocchio.server.tenants import Of

Result = dict[str, Any]


class Experiments:
    """Runs experiments and keeps the results that have a name, by collection and tenant."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: dict[Of, OrderedDict[str, Result]] = {}
        self._running = threading.Lock()

    def check(self, body: ExperimentBody) -> None:
        """Raises LimitExceeded for more than a server does at once."""
        check_size(body.depth, 1, self._limits)
        qualities = 4 if body.feedback_quality else 1
        runs = len(body.queries) * len(body.plans) * qualities
        if runs > self._limits.judged:
            raise LimitExceeded(
                f"expected at most {self._limits.judged:,} searches (queries times plans, times four with "
                f"feedback_quality), found {runs:,}; run it where the collection is: rocchio experiment"
            )

    def run(self, of: Of, snapshot: Snapshot, body: ExperimentBody) -> Result:
        """What an experiment found. Raises BusyError while another one runs, and what the engine raises."""
        if not self._running.acquire(blocking=False):
            raise BusyError("expected no other experiment on this server, found one that runs; try again later")
        try:
            found = run_experiment(
                snapshot,
                body.plans,
                body.queries,
                _judged(body),
                measures=body.measures,
                depth=body.depth,
                feedback_quality=body.feedback_quality,
            )
            result = {**found.to_dict(), "generation": snapshot.manifest.generation}
            if body.name is not None:
                self._keep(of, body.name, result)
        finally:
            self._running.release()
        return result

    def names(self, of: Of) -> list[str]:
        """Of the results that are kept, the oldest first."""
        return list(self._kept.get(of, {}))

    def get(self, of: Of, name: str) -> Result:
        """A result that is kept. Raises NotFound."""
        kept = self._kept.get(of, OrderedDict())
        found = kept.get(name)
        if found is None:
            raise NotFound(f"expected an experiment that ran on this server, found no {name[:200]!r}")
        return found

    def _keep(self, of: Of, name: str, result: Result) -> None:
        """While `_running` is held."""
        kept = OrderedDict(self._kept.get(of, {}))
        kept.pop(name, None)
        kept[name[:200]] = result
        while len(kept) > self._limits.experiments:
            kept.popitem(last=False)
        self._kept[of] = kept  # readers have the old one or the new one


def _judged(body: ExperimentBody) -> dict[str, dict[str, int]]:
    """Judgements of the queries. Those of others are nobody's mistake: a file of them may be for more queries."""
    qrels = {query_id: grades for query_id, grades in body.qrels.items() if query_id in body.queries}
    if not any(qrels.values()):
        raise InvalidArgument("expected queries with judgements, found none; their ids differ from those of the qrels")
    return qrels
