"""Bodies of requests: read within bounds of size, time and depth, then checked."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from rocchio.engine.shown import shown
from rocchio.errors import InvalidArgument, LimitExceeded
from rocchio.server.limits import Limits
from rocchio.server.problems import HttpRefusal

IS_WHOLE = "rocchio.whole"
"""In a scope: all of the body has come, so that reading it does not wait, and needs no timer."""
Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model], limits: Limits) -> Model:
    """The JSON body as a `model`. Raises HttpRefusal, LimitExceeded, InvalidArgument."""
    check_media_type(request, "application/json")
    value = parse_json(await _read(request, limits), limits.depth)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidArgument(_reasons(error)) from None


def check_media_type(request: Request, *expected: str) -> None:
    """A body must say that it is JSON: what a page of another site may send without asking does not."""
    found = _header(request, b"content-type").partition(";")[0].strip().lower()
    if found not in expected:
        raise HttpRefusal(
            415, "another media type", f"expected the content-type {expected[0]}, found {found[:100] or 'none'}"
        )


def parse_json(raw: bytes | bytearray, depth: int) -> Any:
    """Strict JSON of bounded depth. Raises HttpRefusal, LimitExceeded."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise HttpRefusal(400, "not JSON", f"expected JSON, found {str(error)[:200] or 'something else'}") from None
    check_depth(raw, value, depth)
    return value


def check_depth(raw: bytes | bytearray, value: Any, most: int) -> None:
    """Raises LimitExceeded for lists and objects in each other deeper than `most`."""
    if raw.count(b"[") + raw.count(b"{") <= most:
        return
    level = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if type(outer) in (dict, list)
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return
    raise LimitExceeded(f"expected JSON of at most {most} levels, found a deeper one")


def _header(request: Request, name: bytes) -> str:
    """A header without the ways of all the others into strings; empty if it is not there."""
    return next((value.decode("latin-1") for key, value in request.scope["headers"] if key == name), "")


async def _read(request: Request, limits: Limits) -> bytes | bytearray:
    declared = _header(request, b"content-length")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_long(limits)
    if request.scope.get(IS_WHOLE):
        return await _pieces(request, limits)
    try:
        async with asyncio.timeout(limits.body_s):
            return await _pieces(request, limits)
    except TimeoutError:
        raise HttpRefusal(
            408, "too slow", f"expected the whole body within {limits.body_s:g} s, found only a part of it"
        ) from None


async def _pieces(request: Request, limits: Limits) -> bytes | bytearray:
    body: bytearray | None = None
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        if body is None and not message.get("more_body"):
            return piece
        body = bytearray() if body is None else body
        body += piece
        if len(body) > limits.body_bytes:
            raise _too_long(limits)
        if not message.get("more_body"):
            return body


def _too_long(limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        f"expected a body of at most {limits.body_bytes:,} bytes, found a longer one; "
        "send many documents to the ingest route"
    )


def _reasons(error: ValidationError) -> str:
    """The first three mistakes with their places."""
    found = error.errors(include_url=False, include_context=False)
    texts = []
    for mistake in found[:3]:
        place = ".".join(map(str, mistake["loc"]))[:200] or "the body"
        texts.append(f"{place}: {mistake['msg'].lower()[:200]}, found {shown(mistake['input'])}")
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return "expected a body as the OpenAPI document says, found " + "; ".join(texts) + more
