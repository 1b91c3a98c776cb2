"""From errors to answers: RFC 9457 problem details, by one table over `rocchio.errors`. No traces, no paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rocchio import errors
from rocchio.errors import RocchioError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:rocchio:error:"


@dataclass(frozen=True)
class ProblemKind:
    """Status and title of a class of errors; `told` is whether a client sees its text; seconds to wait, if it helps."""

    status: int
    title: str
    told: bool = True
    retry_after_s: int | None = None


TABLE: dict[type[RocchioError], ProblemKind] = {
    errors.InvalidArgument: ProblemKind(422, "a value out of its range or of the wrong kind"),
    errors.NotFound: ProblemKind(404, "not there"),
    errors.SchemaMismatch: ProblemKind(422, "a document that does not fit the fields"),
    errors.DuplicateDocument: ProblemKind(409, "a doc_id that is there already"),
    errors.AccessDenied: ProblemKind(403, "the key does not allow this"),
    errors.LimitExceeded: ProblemKind(413, "more than this server takes"),
    errors.BadRecord: ProblemKind(422, "a record that cannot be used"),
    errors.Corruption: ProblemKind(500, "a damaged file", told=False),
    errors.IncompatibleFormat: ProblemKind(500, "a file of another format version", told=False),
    errors.BusyError: ProblemKind(503, "busy", retry_after_s=1),
    errors.EncoderFailure: ProblemKind(502, "an encoder gave no vectors", told=False),
    errors.ServerFailure: ProblemKind(502, "another server failed", told=False),
    errors.StorageFailure: ProblemKind(507, "the disk refused", told=False),
}
UNEXPECTED = ProblemKind(500, "an error inside the server", told=False)
_REFUSALS = {401: "AccessDenied", 403: "AccessDenied", 404: "NotFound", 429: "BusyError", 503: "BusyError"}
"""Error classes of statuses, for clients that raise them again; others are InvalidArgument."""
_HIDDEN = "the server's log says more under this request's id"


@dataclass(frozen=True)
class Problem:
    """One answer: `status`, members of the JSON body, headers; `told` is false if the client is not told all."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    told: bool


class HttpRefusal(Exception):
    """What HTTP has a status of its own for: a missing key, a rate, a media type."""

    def __init__(self, status: int, title: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.retry_after_s = status, title, detail, retry_after_s


def problem_of(error: BaseException, request_id: str) -> Problem:
    """The answer to an error; what is neither a refusal nor a RocchioError is an error inside the server."""
    if isinstance(error, HttpRefusal):
        kind = ProblemKind(error.status, error.title, retry_after_s=error.retry_after_s)
        return _problem(kind, _REFUSALS.get(error.status, "InvalidArgument"), error.detail, request_id)
    for family in type(error).__mro__:
        if family in TABLE:
            kind = TABLE[family]
            return _problem(kind, family.__name__, str(error) if kind.told else _HIDDEN, request_id)
    return _problem(UNEXPECTED, "ServerFailure", _HIDDEN, request_id)


def _problem(kind: ProblemKind, name: str, detail: str, request_id: str) -> Problem:
    body = {
        "type": TYPE_PREFIX + name,
        "title": kind.title,
        "status": kind.status,
        "detail": detail.encode("utf-8", "replace").decode(),  # a lone surrogate is no text
        "instance": f"urn:rocchio:request:{request_id}",
    }
    headers = {"content-type": MEDIA_TYPE}
    if kind.retry_after_s is not None:
        headers["retry-after"] = str(kind.retry_after_s)
    if kind.status in (408, 413):
        headers["connection"] = "close"  # the rest of the body is not worth reading
    if kind.status == 401:
        headers["www-authenticate"] = "Bearer"
    return Problem(kind.status, body, headers, kind.told)
