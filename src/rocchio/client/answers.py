"""What both clients send and return, and what they raise."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx

from rocchio import errors
from rocchio.errors import InvalidArgument, RocchioError, ServerFailure

Query: TypeAlias = str | Mapping[str, float] | None
"""A text, {term: weight}, or None with `vectors` or `sparse` among the options."""
JSON_LINES = {"content-type": "application/x-ndjson"}
_OF_FILES = (errors.Corruption, errors.IncompatibleFormat, errors.BadRecord, errors.StorageFailure)
"""Errors about files are the server's own affair: a client sees that the server failed."""


@dataclass(frozen=True)
class FoundHit:
    """One hit. `fields`, `snippets` (text and marks by field), `passage` and `why` are there when they were asked
    for."""

    doc_id: str
    score: float
    fields: dict[str, Any] = field(default_factory=dict)
    snippets: dict[str, Any] = field(default_factory=dict)
    passage: dict[str, Any] = field(default_factory=dict)
    why: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The answer to one query: hits, best first, the generation of the collection that was searched, and the `trace`
    of the plan (steps, seconds, terms) when it was asked for."""

    hits: tuple[FoundHit, ...]
    generation: int
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Acknowledgement:
    """What is durable of an ingest: all lines up to `lines`. `errors` (line, reason) were not told before."""

    lines: int
    written: int
    replaced: int
    repeated: int
    rejected: int
    generation: int
    errors: list[dict[str, Any]]
    errors_left_out: int
    done: bool


def place(collection: str, *rest: str) -> str:
    """The path of something in a collection."""
    return "/collections/" + "/".join(quote(part, safe="") for part in (collection, *rest))


def query_body(query: Query, options: Mapping[str, Any]) -> dict[str, Any]:
    """The body of one query."""
    named = {} if query is None else {"text": query} if isinstance(query, str) else {"terms": dict(query)}
    return {**named, **options}


def found_of(answer: Any) -> Found:
    """The answer to a search."""
    return Found(tuple(FoundHit(**hit) for hit in answer["hits"]), answer["generation"], answer.get("trace", {}))


def batch_of(answer: Any) -> dict[str, list[tuple[str, float]]]:
    """(doc_id, score), best first, by query id."""
    found: Sequence[Any] = answer["results"]
    return {each["query_id"]: list(zip(each["doc_ids"], each["scores"], strict=True)) for each in found}


def collections_of(answer: Any) -> dict[str, int | None]:
    """Documents by collection."""
    return {each["name"]: each["documents"] for each in answer["collections"]}


def checked(response: httpx.Response) -> Any:
    """The JSON of a success. Raises the error that the server's problem names."""
    try:
        value = response.json()
    except ValueError as error:
        raise ServerFailure(f"expected JSON from a rocchio server, found {response.status_code} without it") from error
    if not response.is_success:
        raise error_of(value if isinstance(value, dict) else {}, response.status_code)
    return value


def error_of(problem: Mapping[str, Any], status: int) -> RocchioError:
    """The error that a problem names."""
    detail, name = str(problem.get("detail", "no reason")), str(problem.get("type", "")).rpartition(":")[2]
    kind = vars(errors).get(name)
    if not isinstance(kind, type) or not issubclass(kind, RocchioError) or issubclass(kind, _OF_FILES):
        return ServerFailure(f"expected an answer, found the status {status}, {problem.get('title')}: {detail}")
    return kind(detail)


def acknowledgement_of(line: str) -> Acknowledgement:
    """One line of an ingest's answer. Raises the error of a problem."""
    told = json.loads(line)
    if "problem" not in told:
        return Acknowledgement(**told)
    error = error_of(told["problem"], told["problem"]["status"])
    error.add_note(f"durable are the first {told['lines']:,} lines")
    raise error


def lines_of(documents: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """JSON Lines. Raises InvalidArgument."""
    for number, document in enumerate(documents):
        try:
            yield json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                f"expected a document that JSON can hold as number {number}, found {error}"
            ) from error


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Raises ServerFailure where there is no answer, or one of another kind."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError) as error:
        if isinstance(error, RocchioError):
            raise
        raise ServerFailure(f"expected an answer of a rocchio server, found {type(error).__name__}: {error}") from error
