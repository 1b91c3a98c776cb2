"""What the routes of one server share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from starlette.requests import Request

from rocchio.server.access import Access, Caller
from rocchio.server.catalogue import Catalogue, Served
from rocchio.server.coalescing import Coalescer
from rocchio.server.experiments import Experiments
from rocchio.server.limits import Limits
from rocchio.server.logs import Log
from rocchio.server.mapping import MapJobs
from rocchio.server.metrics import Metrics

Result = TypeVar("Result")


@dataclass
class State:
    """One server. `readers` run what would hold up the event loop."""

    catalogue: Catalogue
    access: Access
    limits: Limits
    log: Log
    metrics: Metrics
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    stopping: bool = False
    failed: list[str] = field(default_factory=list)
    """Collections that could not be opened when the server started."""

    def __post_init__(self) -> None:
        self.readers = ThreadPoolExecutor(self.threads, thread_name_prefix="reader")
        self.experiments = Experiments(self.limits)
        self.coalescer = Coalescer(self.readers, self.threads)
        self.maps = MapJobs(lambda: self.stopping)

    async def in_reader(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run what takes longer than a request should hold up the others."""
        return await asyncio.get_running_loop().run_in_executor(self.readers, function, *arguments)


def state_of(request: Request) -> State:
    """The server that answers a request."""
    return cast(State, request.scope["rocchio.state"])


def caller_of(request: Request) -> Caller:
    """Who asks."""
    return cast(Caller, request.scope["rocchio.caller"])


def served_for(request: Request, name: str, role: str) -> Served:
    """A collection, for a caller with the role and without a tenant. Raises AccessDenied, NotYet, NotFound."""
    caller_of(request).need_all_tenants(role)
    return state_of(request).catalogue.get(name)
