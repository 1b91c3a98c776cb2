"""`Collection.documents`: all of them or those of a filter, in order, over segments, deletions and passages."""

from __future__ import annotations

from pathlib import Path

import pytest

import rocchio
from rocchio.errors import InvalidArgument

COUNT = 700


@pytest.fixture(params=["whole", "passages"])
def col(request: pytest.FixtureRequest, tmp_path: Path) -> rocchio.Collection:
    split = "passages(tokens=5, overlap=0)" if request.param == "passages" else None
    col = rocchio.create(tmp_path / "c", {"text": rocchio.text(passages=split), "n": rocchio.number(integer=True)})
    for first in (0, 400):
        col.add({"doc_id": f"d{i}", "text": "One two three four. " * (i % 4), "n": i if i % 3 else None}
                for i in range(first, min(COUNT, first + 400)))  # fmt: skip
        col.commit()
    col.delete([f"d{i}" for i in range(0, COUNT, 7)])
    col.commit()
    return col


def left(keep=lambda i: True) -> list[str]:
    return [f"d{i}" for i in range(COUNT) if i % 7 and keep(i)]


def test_all(col: rocchio.Collection):
    found = list(col.documents())
    assert [doc_id for doc_id, _ in found] == left()
    assert all(fields == col.get(doc_id) for doc_id, fields in found[::50])


@pytest.mark.parametrize("where", ["n >= 350", rocchio.field("n") >= 350], ids=["text", "expression"])
def test_those_of_a_filter(col: rocchio.Collection, where):
    found = [doc_id for doc_id, _ in col.documents(where)]
    assert found == left(lambda i: i >= 350 and i % 3)
    assert len(found) == col.count(where)


def test_what_is_committed_meanwhile_does_not_show(col: rocchio.Collection):
    listed = col.documents()
    next(listed)
    col.delete(left()[1:])
    col.commit()
    assert len(list(listed)) == len(left()) - 1
    assert [doc_id for doc_id, _ in col.documents()] == left()[:1]


def test_a_filter_that_is_none(col: rocchio.Collection):
    with pytest.raises(InvalidArgument, match="expected"):
        next(col.documents("m > 1"))


def test_nothing(tmp_path: Path):
    assert list(rocchio.create(tmp_path / "e", {"text": rocchio.text()}).documents()) == []
