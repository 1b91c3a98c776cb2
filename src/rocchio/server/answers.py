"""How routes answer, and how they are described."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from rocchio.server.logs import Log
from rocchio.server.models import ProblemAnswer
from rocchio.server.problems import MEDIA_TYPE, problem_of

_SCHEMA = {"schema": {"$ref": f"#/components/schemas/{ProblemAnswer.__name__}"}}
_REASONS = {
    400: "Not JSON.",
    401: "No key, or an unknown one.",
    403: "The key does not allow it.",
    404: "Not there.",
    405: "Not a method of this route.",
    408: "Too slow.",
    409: "There already.",
    413: "Too long, too deep or too many.",
    415: "Another media type.",
    422: "A value that cannot be used.",
    429: "Too many requests.",
    500: "Damaged data, or an error inside the server.",
    502: "An encoder failed.",
    503: "Busy; try again.",
    507: "The disk refused.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": reason, "content": {MEDIA_TYPE: _SCHEMA}} for status, reason in _REASONS.items()
}
"""For the OpenAPI document: every route may answer so."""


class JsonAnswer(Response):
    """JSON, arrays of numbers included; headers as they are sent, which takes a third of making them out of strings."""

    media_type = "application/json"

    def __init__(self, value: Any, status: int = 200) -> None:
        self.status_code, self.background = status, None
        self.body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        length = str(len(self.body)).encode()
        self.raw_headers = [(b"content-length", length), (b"content-type", b"application/json")]


def json_answer(value: Any, status: int = 200) -> Response:
    """An answer of JSON."""
    return JsonAnswer(value, status)


def error_answer(log: Log, request_id: str, error: Exception) -> Response:
    """RFC 9457 problem details; what a client is not told goes to the log."""
    problem = problem_of(error, request_id)
    if not problem.told:
        log.failure(error, request_id)
    return Response(orjson.dumps(problem.body), problem.status, problem.headers)


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The description of a JSON body that the route reads itself."""
    extra: Any = model.model_config.get("json_schema_extra") or {}
    named = {f"example {place}": {"value": example} for place, example in enumerate(extra.get("examples", []), start=1)}
    content = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}, "examples": named}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
