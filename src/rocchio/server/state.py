"""What the routes of one server share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from starlette.requests import Request

from rocchio.engine.snapshot import Snapshot
from rocchio.server.access import Access, Caller
from rocchio.server.catalogue import Catalogue
from rocchio.server.coalescing import Coalescer
from rocchio.server.experiments import Experiments
from rocchio.server.limits import Limits
from rocchio.server.logs import Log
from rocchio.server.mapping import MapJobs
from rocchio.server.metrics import Metrics
from rocchio.server.tenants import ServedTo, served_to

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

    async def snapshot(self, served: ServedTo) -> Snapshot:
        """What a caller sees of a collection now. Raises NotFound for a tenant that sees nothing."""
        if served.is_whole:
            return served.snapshot()
        return await self.in_reader(served.snapshot)  # a tenant's view may have to be made


def state_of(request: Request) -> State:
    """The server that answers a request."""
    return cast(State, request.scope["rocchio.state"])


def caller_of(request: Request) -> Caller:
    """Who asks."""
    return cast(Caller, request.scope["rocchio.caller"])


def served_for(request: Request, name: str, role: str) -> ServedTo:
    """A collection, as a caller with the role may see and change it. Raises AccessDenied, NotFound."""
    caller = caller_of(request)
    caller.need(role)
    return served_to(state_of(request).catalogue.get(name), caller.scope)
