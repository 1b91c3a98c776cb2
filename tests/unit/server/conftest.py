"""A folder of one collection, and the application over it, asked without a network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")
from tests.unit.server.asker import Asker

import rocchio
from rocchio.server.app import create_app
from rocchio.server.limits import Limits

FIELDS = {
    "title": rocchio.text(boost=2.0),
    "text": rocchio.text(),
    "year": rocchio.number(),
    "day": rocchio.date(),
    "v": rocchio.vector(2),
    "s": rocchio.sparse(),
}
DOCUMENTS: list[dict[str, Any]] = [
    {"doc_id": "a1", "title": "flutter", "text": "wing flutter at high speed", "v": [1.0, 0.0], "s": {"x": 1.5}},
    {"doc_id": "a2", "text": "flutter and vibration of an aerofoil at high speed", "year": 1971, "v": [0.8, 0.6]},
    {"doc_id": "a3", "text": "vibration of an aerofoil in a wind tunnel", "day": "1994-05-06", "s": {"x": 0.5, "y": 1}},
    {"doc_id": "dir/a4", "text": "flutter of a flag in the wind", "v": [0.0, 1.0]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the collection `papers`."""
    with rocchio.create(tmp_path / "served" / "papers.rocchio", fields=FIELDS) as col:
        col.add(DOCUMENTS)
        col.commit()
    return tmp_path / "served"


@pytest.fixture
def serve() -> Iterator[Callable[..., Asker]]:
    """Starts an application over a folder."""
    loop = asyncio.new_event_loop()
    with contextlib.ExitStack() as stack:
        stack.callback(loop.close)

        def start(path: Path, **options: Any) -> Asker:
            app = create_app(path, **{"limits": Limits(rate=0), **options})
            lifespan = app.api.router.lifespan_context(app.api)
            loop.run_until_complete(lifespan.__aenter__())
            stack.callback(lambda: loop.run_until_complete(lifespan.__aexit__(None, None, None)))
            return Asker(app, loop)

        yield start


@pytest.fixture
def ask(folder: Path, serve: Callable[..., Asker]) -> Asker:
    return serve(folder)
