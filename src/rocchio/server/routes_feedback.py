"""The routes of what is known about answers: experiments on judged queries, clicks of users."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from rocchio.engine.click_logging import ClickSummary
from rocchio.engine.collection import Collection
from rocchio.errors import LimitExceeded
from rocchio.server import models
from rocchio.server.answers import PROBLEMS, body_of, json_answer
from rocchio.server.body import read_body
from rocchio.server.state import caller_of, served_for, state_of

router = APIRouter(prefix="/collections/{name}", responses=PROBLEMS)


@router.post(
    "/experiments",
    tags=["experiments"],
    responses={200: {"model": models.ExperimentAnswer}},
    openapi_extra=body_of(models.ExperimentBody),
)
async def run_experiment(request: Request, name: str) -> Response:
    """Compare plans on judged queries. Needs the role read, and, to keep the result under a name, the role write."""
    state, served = state_of(request), served_for(request, name, "read")
    body = await read_body(request, models.ExperimentBody, state.limits)
    if body.name is not None:
        caller_of(request).need("write")
    state.experiments.check(body)
    return json_answer(await state.in_reader(state.experiments.run, served.of, served.snapshot(), body))


@router.get("/experiments", tags=["experiments"], responses={200: {"model": models.ExperimentsAnswer}})
async def list_experiments(request: Request, name: str) -> Response:
    """Names of the experiments whose results are kept."""
    served = served_for(request, name, "read")
    return json_answer({"experiments": state_of(request).experiments.names(served.of)})


@router.get("/experiments/{experiment}", tags=["experiments"], responses={200: {"model": models.ExperimentAnswer}})
async def get_experiment(request: Request, name: str, experiment: str) -> Response:
    """What an experiment found."""
    served = served_for(request, name, "read")
    return json_answer(state_of(request).experiments.get(served.of, experiment))


@router.post(
    "/clicks",
    tags=["clicks"],
    responses={200: {"model": models.ClicksAnswer}},
    openapi_extra=body_of(models.ClicksBody),
)
async def log_clicks(request: Request, name: str) -> Response:
    """Append what users saw and clicked to the collection's click log; on disk when the answer is there. Needs the role
    write."""
    served, limits = served_for(request, name, "write"), state_of(request).limits
    body = await read_body(request, models.ClicksBody, limits)
    if len(body.impressions) > limits.impressions:
        raise LimitExceeded(
            f"expected at most {limits.impressions:,} impressions, found {len(body.impressions):,}; send them in parts"
        )
    impressions = [each.model_dump(exclude_none=True) for each in body.impressions]
    done = await served.apply(lambda col: _log(col, impressions))
    return json_answer({"logged": done.result.logged, "generation": done.generation})


def _log(col: Collection, impressions: list[dict[str, Any]]) -> ClickSummary:
    """A commit of its own, after the changes that came before."""
    col.commit()
    return col.log_clicks(impressions)
