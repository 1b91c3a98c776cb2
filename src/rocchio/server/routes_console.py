"""The routes that a person's work with a collection needs beside searching: facets, feedback's weights, the map."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from rocchio.engine.facets import count_facets
from rocchio.engine.plan import refine_query
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import InvalidArgument
from rocchio.server import models_console as models
from rocchio.server import searching
from rocchio.server.answers import PROBLEMS, body_of, json_answer
from rocchio.server.body import read_body
from rocchio.server.state import served_for, state_of

router = APIRouter(prefix="/collections/{name}", tags=["search"], responses=PROBLEMS)


@router.post("/facets", responses={200: {"model": models.FacetsAnswer}}, openapi_extra=body_of(models.FacetsBody))
async def facets(request: Request, name: str) -> Response:
    """How many documents have each value of keyword, number, date and bool fields. Counts are exact."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.FacetsBody, state.limits)
    searching.check_size(body.depth, 1, state.limits)
    return json_answer(await state.in_reader(_facets, served.snapshot(), body))


@router.post("/refine", responses={200: {"model": models.RefineAnswer}}, openapi_extra=body_of(models.RefineBody))
async def refine(request: Request, name: str) -> Response:
    """What feedback makes of a query: the weight of each term before and after, and what is found with them."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.RefineBody, state.limits)
    searching.check_size(body.k, 1, state.limits)
    return json_answer(await state.in_reader(_refine, served.snapshot(), body))


@router.post("/map", responses={200: {"model": models.MapAnswer}}, openapi_extra=body_of(models.MapBody))
async def document_map(request: Request, name: str) -> Response:
    """Documents as points in the plane, like ones near each other. Drawn in the background: ask again until ready."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.MapBody, state.limits)
    snapshot = served.snapshot()
    done, drawn = await state.in_reader(state.maps.ask, served.of, snapshot, body.field, body.most)
    answer = {"status": "drawing" if drawn is None else "ready", "done": done, "map": drawn}
    return json_answer({**answer, "generation": snapshot.manifest.generation})


def _facets(snapshot: Snapshot, body: models.FacetsBody) -> dict[str, Any]:
    among, complete = None, True
    query = _query(body)
    if query is not None:
        options: dict[str, Any] = {name: getattr(body, name) for name in ("plan", "where") if getattr(body, name)}
        among = [hit.doc_id for hit in snapshot.search(query, body.depth, **options)]
        complete = len(among) < body.depth
    elif body.plan is not None:
        raise InvalidArgument("expected a text or terms with a plan, found neither")
    counted = count_facets(snapshot, body.fields, body.where, among, body.values)
    return {**counted.to_dict(), "complete": complete, "generation": snapshot.manifest.generation}


def _refine(snapshot: Snapshot, body: models.RefineBody) -> dict[str, Any]:
    query = _query(body)
    if query is None:
        raise InvalidArgument("expected a text or terms to refine, found neither")
    names = ("where", "relevant", "not_relevant")
    options = {name: value for name in names if (value := getattr(body, name))}
    found = refine_query(snapshot, body.plan, query, body.k, options)
    return {
        "before": found.before,
        "after": found.after,
        "sparse": {name: {"before": before, "after": after} for name, (before, after) in found.sparse.items()},
        "last": found.last,
        "hits": [{"doc_id": hit.doc_id, "score": hit.score} for hit in found.hits],
        "steps": [{"step": each.step, "ms": each.seconds * 1000, "note": each.note} for each in found.trace.steps],
        "generation": snapshot.manifest.generation,
    }


def _query(body: models.FacetsBody | models.RefineBody) -> Any:
    if body.text is not None and body.terms is not None:
        raise InvalidArgument("expected a text or terms in a query, found both")
    return body.text if body.text is not None else body.terms
