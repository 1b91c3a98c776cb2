"""The routes that search."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from rocchio.engine.snapshot import Snapshot
from rocchio.server import models, searching
from rocchio.server.answers import PROBLEMS, body_of, json_answer
from rocchio.server.body import read_body
from rocchio.server.coalescing import Plain
from rocchio.server.state import served_for, state_of

router = APIRouter(prefix="/collections/{name}", tags=["search"], responses=PROBLEMS)


@router.post("/search", responses={200: {"model": models.SearchAnswer}}, openapi_extra=body_of(models.SearchBody))
async def search(request: Request, name: str) -> Response:
    """The best documents for one query."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.SearchBody, state.limits)
    searching.check_size(body.k, 1, state.limits)
    searching.check_details(body, state.limits)
    snapshot = await state.snapshot(served)
    state.metrics.searched(name)
    if searching.is_plain(body):
        plain = Plain(snapshot, body.k, body.field, body.scoring)  # type: ignore[arg-type]  # is_plain says so
        hits = orjson.Fragment(await state.coalescer.search(plain, body.text or ""))
        return json_answer({"hits": hits, "generation": snapshot.manifest.generation})
    return json_answer(await state.in_reader(searching.search, snapshot, body))


@router.post("/search/batch", responses={200: {"model": models.BatchAnswer}}, openapi_extra=body_of(models.BatchBody))
async def search_batch(request: Request, name: str) -> Response:
    """The best documents for each of many queries, in columns."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.BatchBody, state.limits)
    searching.check_size(body.k, len(body.queries), state.limits)
    snapshot = await state.snapshot(served)
    state.metrics.searched(name, len(body.queries))
    # the answer is made there too: printing a million scores takes longer than finding them
    return await state.in_reader(_batch_answer, snapshot, body, state.threads)


@router.post("/explain", openapi_extra=body_of(models.ExplainBody))
async def explain(request: Request, name: str) -> Response:
    """Why a document has its score for a query, term by term or part by part."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.ExplainBody, state.limits)
    snapshot = await state.snapshot(served)
    return json_answer(await state.in_reader(searching.explain, snapshot, body))


@router.post("/count", responses={200: {"model": models.CountAnswer}}, openapi_extra=body_of(models.CountBody))
async def count(request: Request, name: str) -> Response:
    """How many documents satisfy a filter."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.CountBody, state.limits)
    snapshot = await state.snapshot(served)
    found = await state.in_reader(snapshot.count, body.where)
    return json_answer({"count": found, "generation": snapshot.manifest.generation})


def _batch_answer(snapshot: Snapshot, body: models.BatchBody, threads: int) -> Response:
    return json_answer(searching.search_batch(snapshot, body, threads))
