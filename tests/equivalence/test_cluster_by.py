"""Is a collection that is clustered by fields the same collection, in another order?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio._native import crc32c
from rocchio.errors import Corruption, InvalidArgument

WORDS = ["wing", "rib", "flow", "heat", "shock", "layer"]
CHOICES = ["year", ["lang", "year"], "tags", "day", "draft", ["draft", "day"]]
WHERE = [None, "year = 3", "lang = 'de' AND year < 4", "tags CONTAINS 'b'", "draft IS NULL", "year >= 5 OR NOT draft"]


def documents(count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Documents with values of every kind, some missing, in no order."""
    made = []
    for number in range(count):
        words = rng.choice(WORDS, rng.integers(0, 30))
        document: dict[str, Any] = {"doc_id": f"d{number}", "text": " ".join(words), "v": rng.normal(size=8)}
        document["s"] = {str(word): float(rng.integers(1, 9)) for word in set(words[:3])}
        if rng.random() < 0.8:
            document |= {"year": int(rng.integers(0, 8)), "draft": bool(rng.integers(0, 2))}
            document["day"] = f"20{rng.integers(10, 30)}-01-01"
            document["lang"] = str(rng.choice(["en", "de", "fr"]))
            document["tags"] = [str(tag) for tag in rng.choice(["a", "b", "c"], rng.integers(1, 3), replace=False)]
        made.append(document)
    return made


def build(path: Path, passages: str | None) -> rocchio.Collection:
    """Three segments, some of their documents deleted."""
    fields = {
        "text": rocchio.text(passages=passages),
        "year": rocchio.number(integer=True),
        "lang": rocchio.keyword(),
        "tags": rocchio.keyword(),
        "draft": rocchio.bool(),
        "day": rocchio.date(),
        "s": rocchio.sparse(scale=1),
        "v": rocchio.vector(8, metric="ip"),
    }
    col = rocchio.create(path, fields=fields)
    given = documents(700, np.random.default_rng(4))
    for first in range(0, 700, 250):
        col.add(given[first : first + 250])
        col.commit()
    col.delete([f"d{number}" for number in range(0, 700, 7)])
    col.commit()
    return col


def answers(col: rocchio.Collection) -> list[Any]:
    """What searches of every kind find, with scores and stored fields."""
    found: list[Any] = []
    vector = np.random.default_rng(5).normal(size=8)
    for where in WHERE:
        for kernel in ("automatic", "pruned", "exhaustive", "reference"):
            found.append([tuple(hit) for hit in pairs(col.search("wing shock layer", 40, where=where, kernel=kernel))])
        weights = {"wing": 1.0, "heat": -2.0}
        found.append(pairs(col.search(weights, 40, where=where)))
        found.append(pairs(col.search({"wing": 2.0, "rib": 1.0}, 40, field="s", where=where)))
        found.append(pairs(col.search(vector, 40, field="v", recall=1, where=where)))
        found.append(pairs(col.search(rocchio.query("flow", vectors={"v": vector}), 40, where=where)))
        found.append(col.count(where))
    found.append([col.get(f"d{number}") for number in range(1, 700, 7)])
    found.append([None if (v := col.vector(f"d{n}", "v")) is None else v.tolist() for n in range(1, 700, 7)])
    return found


def pairs(hits: list[rocchio.Hit]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


@pytest.mark.parametrize("passages", [None, "passages(tokens=5, overlap=0)"])
@pytest.mark.parametrize("cluster_by", CHOICES, ids=str)
def test_no_answer_changes(tmp_path: Path, cluster_by: str | list[str], passages: str | None) -> None:
    col = build(tmp_path / "c", passages)
    before = answers(col)
    col.compact(cluster_by=cluster_by)
    assert len(col.info().segments) == 1
    assert col.info().deleted == 0
    assert answers(col) == before
    report = col.verify()
    assert report.ok, report.problems
    assert answers(rocchio.open(tmp_path / "c")) == before


def stored(col: rocchio.Collection, name: str) -> list[Any]:
    """Values of a field in the order of the documents."""
    return [fields[name] for _, fields in col.documents()]


def test_documents_are_in_order_and_missing_values_last(tmp_path: Path) -> None:
    col = build(tmp_path / "c", None)
    col.compact(cluster_by=["draft", "year"])
    order = [
        (draft is None, draft or False, year is None, year or 0)
        for draft, year in zip(stored(col, "draft"), stored(col, "year"), strict=True)
    ]
    assert order == sorted(order)
    col.compact(cluster_by="tags")
    tags = [None if value is None else value if isinstance(value, list) else [value] for value in stored(col, "tags")]
    assert tags == sorted(tags, key=lambda value: (value is None, value or []))


def test_later_merges_keep_the_order(tmp_path: Path) -> None:
    col = build(tmp_path / "c", None)
    generation = col.compact(cluster_by="year")
    assert col.info().cluster_by == ("year",)
    assert col.compact() == col.compact(cluster_by="year") == generation  # it is in order
    for number in range(12):  # more segments of a size than a commit leaves
        col.add([{"doc_id": f"n{number}", "text": "wing", "year": number % 5}])
        col.commit()
    merged = [each.name for each in col.snapshot().manifest.segments if each.cluster_by]
    assert len(merged) == 2
    col.compact()
    years = stored(col, "year")
    assert years == sorted(years, key=lambda year: (year is None, year or 0))
    assert col.compact(cluster_by=[]) > generation
    assert col.info().cluster_by == ()


def test_tenants_stay_what_they_are(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, tenants=rocchio.tenants())
    rng = np.random.default_rng(6)
    names = ["acme", "bolt", "cog"]
    for part in range(2):
        records = [{"doc_id": f"d{part}-{n}", "text": "wing", "_tenants": [str(rng.choice(names))]} for n in range(300)]
        col.add(records)
        col.commit()
    col.grant(["d0-3", "d1-5"], "cog")
    col.revoke(["d1-5"], "cog")

    def seen() -> dict[str, list[str]]:
        return {name: sorted(hit.doc_id for hit in col.search("wing", 900, tenant=name)) for name in names}

    before = seen()
    col.compact(cluster_by="tenant")
    assert seen() == before
    assert col.verify().ok
    groups = [col.snapshot(name).segments[0].tombstones.is_deleted for name in names]
    runs = [int(np.count_nonzero(np.diff(np.flatnonzero(~group)) > 1)) for group in groups]
    assert max(runs) <= 2  # all of a tenant side by side, but for the one that was granted a document of another


def test_what_cannot_be_clustered_by_is_told(tmp_path: Path) -> None:
    col = build(tmp_path / "c", None)
    with pytest.raises(
        InvalidArgument, match="expected keyword, number, date, bool fields to cluster by, found 'text'"
    ):
        col.compact(cluster_by="text")
    with pytest.raises(InvalidArgument, match="found 'tenant'; there are year, lang"):
        col.compact(cluster_by=["year", "tenant"])
    with pytest.raises(InvalidArgument, match="expected every field to cluster by once, found year, lang, year"):
        col.compact(cluster_by=["year", "lang", "year"])
    assert len(col.info().segments) == 3


def test_an_order_in_the_manifest_is_one_of_fields(tmp_path: Path) -> None:
    col = build(tmp_path / "c", None)
    col.compact(cluster_by="year")
    path = tmp_path / "c" / "manifest.json"
    body = path.read_bytes().partition(b"\n")[2]
    for wrong in (b'["text"]', b'["nope"]', b"7"):
        changed = body.rstrip().replace(b'["year"]', wrong)
        path.write_bytes(b"%08x\n" % crc32c(np.frombuffer(changed, np.uint8)) + changed + b"\n")
        with pytest.raises(Corruption, match="the manifest cannot be read"):
            rocchio.open(tmp_path / "c")


def test_a_model_that_is_fitted_anew_keeps_the_order(tmp_path: Path) -> None:
    fields = {"text": rocchio.text(), "year": rocchio.number(), "v": rocchio.vector(encoder="lsa(dim=4)")}
    col = rocchio.create(tmp_path / "c", fields=fields)
    rng = np.random.default_rng(2)
    for part, size in enumerate((40, 400)):
        col.add(
            {"doc_id": f"d{part}-{n}", "text": " ".join(rng.choice(WORDS, 9)), "year": int(rng.integers(0, 9))}
            for n in range(size)
        )
        col.commit()
    col.compact(cluster_by="year")
    years = stored(col, "year")
    assert years == sorted(years)
    assert col.verify().ok
    vectors = [col.vector(doc_id, "v") for doc_id in ("d0-1", "d1-7")]
    col.compact(cluster_by=[])
    assert all(np.array_equal(col.vector(d, "v"), v) for d, v in zip(("d0-1", "d1-7"), vectors, strict=True))
