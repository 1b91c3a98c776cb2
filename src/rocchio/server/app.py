"""The application: routes, errors, OpenAPI, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

import rocchio
from rocchio.errors import RocchioError
from rocchio.server import (
    console,
    models,
    models_console,
    routes,
    routes_console,
    routes_feedback,
    routes_health,
    routes_search,
    routes_tenants,
)
from rocchio.server.access import OPEN_PATHS, Access
from rocchio.server.answers import error_answer
from rocchio.server.catalogue import Catalogue
from rocchio.server.gate import Gate
from rocchio.server.keys import KeyFile
from rocchio.server.limits import Limits
from rocchio.server.logs import Log
from rocchio.server.metrics import Metrics
from rocchio.server.problems import HttpRefusal
from rocchio.server.state import State, state_of

_LOOK_S = 1.0
"""How often to look for commits of other processes."""


def create_app(
    path: str | Path,
    *,
    keys: str | Path | None = None,
    limits: Limits | None = None,
    log: Log | None = None,
    create_root: bool = False,
    **options: Any,
) -> Gate:
    """An ASGI application over one collection, or over a folder of collections.

    `keys` is a file made by `rocchio keys`; without one, whoever can send a request is an admin, so let it listen on
    the loopback interface only. `options` are those of `rocchio.open`. Raises NotFound, and what opening raises.
    """
    limits, log = limits or Limits(), log or Log()
    key_file = KeyFile(keys) if keys is not None else None
    if key_file is not None:
        key_file.keys()  # a file that is missing or damaged shows now
    catalogue = Catalogue(path, limits.queue, create_root=create_root, **options)
    state = State(catalogue, Access(key_file), limits, log, Metrics(catalogue))
    app = FastAPI(
        title="rocchio",
        version=rocchio.__version__,
        summary="Search, and documents that are durable when they are acknowledged.",
        lifespan=_lifespan,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    app.state.rocchio = state
    for router in (
        routes_search.router,
        routes_feedback.router,
        routes_console.router,
        routes_tenants.router,
        routes.router,
        routes_health.router,
        console.router,
    ):
        app.include_router(router)
    _handle_errors(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    return Gate(app, state, routes_search.search)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.rocchio
    failed = await asyncio.to_thread(state.catalogue.open_all)
    for name, error in failed.items():
        state.failed.append(name)
        state.log.event("cannot open", collection=name, text=str(error))
    state.log.event("started", collections=len(state.catalogue.names()))
    looking = asyncio.create_task(_look(state))
    state.coalescer.open()
    try:
        yield
    finally:
        state.stopping = True
        looking.cancel()
        state.maps.close()
        await state.coalescer.close()
        await asyncio.to_thread(state.catalogue.close)
        state.readers.shutdown(wait=False, cancel_futures=True)
        state.log.event("stopped")


async def _look(state: State) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        state.log.flush()
        for served in state.catalogue.opened():
            served.writing.look()


def _handle_errors(app: FastAPI) -> None:
    def answer(request: Request, error: Exception) -> Response:
        return error_answer(state_of(request).log, request.scope["rocchio.request"], error)

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title, detail = {
            404: ("no such route", "expected a route of the OpenAPI document at /openapi.json, found another path"),
            405: ("another method", f"expected a method that this route has, found {request.method[:16]}"),
        }.get(error.status_code, ("refused", "expected a request that HTTP allows, found another"))
        response = answer(request, HttpRefusal(error.status_code, title, detail))
        if error.status_code == 405:
            response.headers["allow"] = ", ".join(_methods(request))
        return response

    def of_mistake(request: Request, error: Exception) -> Response:
        return error_answer(Log(), request.scope["rocchio.request"], error)  # the gate logs it

    def of_client(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it; the number is what other servers write in their logs

    app.add_exception_handler(RocchioError, answer)
    app.add_exception_handler(HttpRefusal, answer)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(ClientDisconnect, of_client)
    app.add_exception_handler(Exception, of_mistake)


def _methods(request: Request) -> list[str]:
    """Methods that the path has, on whichever route."""
    found: set[str] = {"GET", "HEAD"} if console.is_console(request.scope["path"]) else set()
    for path, methods in request.app.openapi()["paths"].items():
        pattern = compile_path(path.replace("{doc_id}", "{doc_id:path}"))[0]
        if pattern.match(request.scope["path"]):
            found |= {method.upper() for method in methods}
    return sorted(found)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the bodies that routes read themselves and without answers that are never given."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        template = "#/components/schemas/{model}"
        wanted = [(model, "validation") for model in (*models.REQUESTS, *models_console.REQUESTS, models.ProblemAnswer)]
        _, requests = models_json_schema(wanted, ref_template=template)  # type: ignore[arg-type]
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= requests["$defs"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        if app.state.rocchio.access.keys is not None:
            document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"key": []}]
            for path in OPEN_PATHS:
                document["paths"][path]["get"]["security"] = []
        app.openapi_schema = document
    return app.openapi_schema
