"""What no honest client streams: each line is accounted for, what is acknowledged is there, and nothing else is."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.unit.server.asker import Asker
from tests.unit.server.hostile_lines import Given, any_line, known_line

import rocchio
from rocchio.server.limits import Limits
from rocchio.server.logs import Log

State = dict[str, tuple[Any, Any, Any]]
LINE_BYTES = 6000
MEMBERS = {"type", "title", "status", "detail", "instance"}
HEADERS = {
    "ingest": (b"application/x-ndjson", 200),
    "no media type": (b"", 415),
    "another media type": (b"text/plain; charset=utf-8", 415),
}


class Stream:
    """A body that is sent in pieces, perhaps not to its end, and the answer to it."""

    def __init__(self, ask: Asker, body: bytes, cuts: Iterable[int], *, breaks_off: bool, media_type: bytes) -> None:
        places = [0, *sorted(cuts), len(body)]
        pieces = [body[first:last] for first, last in itertools.pairwise(places)]
        self._waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        if breaks_off:
            del self._waiting[-1]
        else:
            self._waiting[-1]["more_body"] = False
        self.sent = b"".join(message["body"] for message in self._waiting)
        self.status, self.media_type, answer = 0, "", bytearray()

        async def receive() -> Any:
            return self._waiting.pop(0) if self._waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                assert not self.status
                self.status = message["status"]
                self.media_type = dict(message["headers"]).get(b"content-type", b"").decode()
            answer.extend(message.get("body", b""))

        headers = [(b"host", b"localhost"), (b"content-type", media_type)]
        scope = {"type": "http", "method": "POST", "path": "/collections/papers/ingest", "headers": headers,
                 "query_string": b"", "raw_path": b"", "client": ("127.0.0.1", 1)}  # fmt: skip
        ask.run(ask.app(scope, receive, send))
        self.answer = bytes(answer)


def stored(col: rocchio.Collection) -> State:
    col.refresh()
    return {doc_id: shown(fields) for doc_id, fields in col.documents()}


def shown(fields: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What is compared of a document; an empty text is none."""
    return fields.get("text") or None, fields.get("title") or None, fields.get("year")


def apply(state: State, raw: bytes) -> None:
    document = json.loads(raw)
    state[document["doc_id"]] = shown(document)


def lines_of(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def check_problem(stream: Stream, status: int) -> None:
    problem = json.loads(stream.answer)
    assert (stream.status, stream.media_type) == (status, "application/problem+json")
    assert problem.keys() >= MEMBERS
    assert problem["status"] == status
    assert problem["type"].startswith("urn:rocchio:error:")


def check_whole(stream: Stream, given: list[Given], state: State) -> None:
    """All lines of a body that came to its end; `state` becomes what they make of it."""
    assert (stream.status, stream.media_type) == (200, "application/x-ndjson")
    told = [json.loads(line) for line in stream.answer.splitlines()]
    assert [each["done"] for each in told] == [False] * (len(told) - 1) + [True]
    last, lines = told[-1], lines_of(stream.sent)
    refused = [error["line"] for each in told for error in each["errors"]]
    assert last["lines"] == len(lines)
    assert sorted(set(refused)) == sorted(refused)
    assert (last["rejected"], last["errors_left_out"]) == (len(refused), 0)
    assert all(error["reason"] for each in told for error in each["errors"])
    full = [number for number, raw in enumerate(lines, start=1) if raw.strip()]
    assert last["written"] + last["repeated"] + last["rejected"] == len(full)
    for number in full:
        usable = given[number - 1].usable
        assert usable is None or usable != (number in refused), lines[number - 1][:300]
        if number not in refused:
            apply(state, lines[number - 1])


def check_broken_off(stream: Stream, given: list[Given], before: State, after: State) -> None:
    """There are the documents of the first lines, of at least those that were acknowledged, and of whole lines only."""
    assert stream.status in (0, 200, 499), stream.answer  # nobody reads it
    told = [json.loads(line) for line in stream.answer.splitlines()]
    assert not any(each["done"] for each in told)
    acknowledged, state = told[-1]["lines"] if told else 0, dict(before)
    possible = [dict(state)] if not acknowledged else []
    for number, raw in enumerate(stream.sent.split(b"\n")[:-1], start=1):
        if raw.strip() and given[number - 1].usable:
            apply(state, raw)
        if number >= acknowledged:
            possible.append(dict(state))
    assert after in possible


@pytest.fixture
def strict(folder: Path, serve: Callable[..., Asker]) -> tuple[Asker, io.StringIO]:
    log = io.StringIO()
    limits = Limits(rate=0, batch_documents=7, batch_bytes=9000, line_bytes=LINE_BYTES, errors=100_000)
    return serve(folder, limits=limits, log=Log(log, requests=False)), log


def test_hostile_streams(strict: tuple[Asker, io.StringIO], folder: Path, slow: bool):
    (ask, log), random = strict, Random(1971)
    with rocchio.open(folder / "papers.rocchio") as col:
        state = stored(col)
        seen = dict.fromkeys((*HEADERS, "broken off"), 0)
        for _ in range(1000 if slow else 40):
            breaks_off = random.random() < 0.25
            make = known_line if breaks_off else any_line
            given = [make(random, LINE_BYTES) for _ in range(random.choice((0, 1, 3, 10, 40)))]
            body = b"\n".join(line.raw for line in given) + random.choice((b"", b"\n"))
            cuts = [random.randint(0, len(body)) for _ in range(random.choice((0, 1, 5, 30)))]
            name = random.choice(list(HEADERS)) if random.random() < 0.15 else "ingest"
            media_type, status = HEADERS[name]
            stream = Stream(ask, body, cuts, breaks_off=breaks_off, media_type=media_type)
            after = stored(col)
            if status != 200:
                check_problem(stream, status)
                assert after == state
            elif breaks_off:
                check_broken_off(stream, given, state, after)
                name, state = "broken off", after
            else:
                check_whole(stream, given, state)
                assert after == state
            seen[name] += 1
        assert min(seen.values()) > 0, seen
        assert "error" not in log.getvalue()
        assert len(state) > 20
        assert col.verify().ok
    assert ask.search(text="flutter").status_code == 200


@pytest.mark.parametrize("body", [b"\n" * 5000, b"[" * 3_000_000, b'{"doc_id": "' + b"x" * 3_000_000, b"\xc3" * 9999])
def test_bodies_of_one_kind_of_byte(strict: tuple[Asker, io.StringIO], folder: Path, body: bytes):
    ask, log = strict
    stream = Stream(ask, body, range(0, len(body), 65_536), breaks_off=False, media_type=b"application/x-ndjson")
    with rocchio.open(folder / "papers.rocchio") as col:
        before = stored(col)
        check_whole(stream, [Given(line, False) for line in lines_of(body)], before)
        assert stored(col) == before
    assert "error" not in log.getvalue()
