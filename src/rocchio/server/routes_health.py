"""Health for whoever runs the server, metrics for whoever watches it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from rocchio.server import models
from rocchio.server.answers import PROBLEMS, json_answer
from rocchio.server.problems import HttpRefusal
from rocchio.server.state import caller_of, state_of

router = APIRouter(tags=["operation"], responses=PROBLEMS)
_STATUS: dict[int | str, dict[str, Any]] = {200: {"model": models.StatusAnswer}}


@router.get("/livez", responses=_STATUS)
async def live() -> Response:
    """The process runs. Needs no key."""
    return json_answer({"status": "ok"})


@router.get("/healthz", responses=_STATUS)
@router.get("/readyz", responses=_STATUS)
async def ready(request: Request) -> Response:
    """All collections are open and the server is not stopping. Needs no key."""
    state = state_of(request)
    if state.stopping or state.failed:
        reason = "one that is stopping" if state.stopping else "one with a collection that cannot be opened"
        raise HttpRefusal(503, "not ready", f"expected a server that is ready, found {reason}", 5)
    return json_answer({"status": "ok"})


@router.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def metrics(request: Request) -> Response:
    """Counts and times in the text format of Prometheus. Needs the role admin."""
    caller_of(request).need_all_tenants("admin")
    text = state_of(request).metrics.text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
