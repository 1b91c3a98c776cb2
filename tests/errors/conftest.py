"""A small collection with a field of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rocchio
from rocchio.engine.collection import Collection

FIELDS = {
    "title": rocchio.text(boost=2.0),
    "text": rocchio.text(),
    "year": rocchio.number(),
    "n": rocchio.number(integer=True),
    "day": rocchio.date(),
    "tag": rocchio.keyword(),
    "ok": rocchio.bool(),
}


@pytest.fixture
def col(tmp_path: Path) -> Iterator[Collection]:
    with rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace") as collection:
        collection.add([{"doc_id": f"d{i}", "text": f"alpha beta{i}", "year": i} for i in range(5)])
        collection.commit()
        yield collection
