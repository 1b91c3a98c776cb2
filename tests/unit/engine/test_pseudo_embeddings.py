"""Pseudo query embeddings: two-step scores by numpy, filters, changes, refusals, and a damaged file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio._native import crc32c
from rocchio.engine.collection import Collection
from rocchio.engine.pseudo_embeddings import still_fitting
from rocchio.errors import BadRecord, Corruption, InvalidArgument, NotFound, RocchioError
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.manifest import MANIFEST

WORDS = ["wing", "tail", "rib", "spar", "flap"]
COUNT = 24


def encode(texts: list[str]) -> Any:
    return np.array([[1 + text.split().count(word) for word in WORDS] for text in texts], np.float32)


def record(number: int) -> dict[str, Any]:
    dice = np.random.default_rng(number)
    sentences = (" ".join(dice.choice(WORDS, 4)) for _ in range(5))
    return {"doc_id": f"d{number:02}", "text": ". ".join(sentences), "year": number % 3}


def build(folder: Path, metric: Any = "cosine", **text: Any) -> Collection:
    vector = rocchio.vector(encoder=encode, source="text", metric=metric)
    fields = {"text": rocchio.text(**text), "v": vector, "year": rocchio.number()}
    made = rocchio.create(folder, fields=fields, analyzer="whitespace")
    for part in (0, 1):
        made.add(record(number) for number in range(part * 12, part * 12 + 12))
        made.commit()
    return made


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """Three pseudo-queries for most documents, none for the last ones, and one for a document that is not there."""
    lines = [
        {"doc_id": f"d{number:02}", "query": " ".join(np.random.default_rng([number, place]).choice(WORDS, 2))}
        for number in range(COUNT - 2)
        for place in range(3)
    ]
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(map(json.dumps, [*lines, {"doc_id": "gone", "query": "wing"}])))
    return path


def expected(queries: Path, query: str, metric: str, temperature: float, candidates: int) -> list[tuple[str, float]]:
    """By numpy; documents have as many centroids as distinct vectors of pseudo-queries."""

    def vectors(texts: list[str]) -> np.ndarray:
        made = encode(texts).astype(np.float64)
        return made / np.linalg.norm(made, axis=1, keepdims=True) if metric == "cosine" else made

    texts: dict[str, list[str]] = {}
    for line in queries.read_text().splitlines():
        each = json.loads(line)
        texts.setdefault(each["doc_id"], []).append(each["query"])
    texts.pop("gone")
    asked, found = vectors([query])[0], []
    for doc_id, mine in texts.items():
        similar = np.unique(vectors(mine).astype(np.float16), axis=0).astype(np.float64) @ asked
        shares = np.exp(similar / temperature) / np.exp(similar / temperature).sum()
        found.append((similar.max(), doc_id, float(shares @ similar)))
    found.sort(key=lambda each: (-each[0], each[1]))
    return sorted(((doc_id, score) for _, doc_id, score in found[:candidates]), key=lambda each: (-each[1], each[0]))


@pytest.mark.parametrize("metric", ["cosine", "ip"])
@pytest.mark.parametrize(("temperature", "candidates"), [(1.0, 1000), (0.05, 1000), (1.0, 5)])
def test_scores_are_those_of_numpy(
    tmp_path: Path, queries: Path, metric: str, temperature: float, candidates: int
) -> None:
    col = build(tmp_path / "c", metric)
    summary = col.precompute_embeddings("v", queries=queries)
    assert summary.pseudo_queries == COUNT - 2
    col = rocchio.open(tmp_path / "c", encoders={"v": encode})
    plan = f"pseudo_embeddings(candidates={candidates}, temperature={temperature})"
    k = min(candidates, COUNT)
    run = col.search(["wing tail", "rib"], k, plan=plan)
    for number, query in enumerate(("wing tail", "rib")):
        wanted = dict(expected(queries, query, metric, temperature, candidates))
        np.testing.assert_allclose(run.scores[number], sorted(wanted.values(), reverse=True), rtol=2e-3)
        hits = col.search(query, k, plan=plan)
        assert [(hit.doc_id, hit.score) for hit in hits] == list(run[number])
        for hit in hits:
            assert hit.score == pytest.approx(wanted[hit.doc_id], rel=2e-3)
            assert hit.why().score == hit.score
            assert sum(part.added for part in hit.why().lists) == pytest.approx(hit.score, rel=1e-6)
    assert not col.verify().problems


def test_filters_deletions_and_changes(tmp_path: Path) -> None:
    col = build(tmp_path / "c")
    col.precompute_embeddings("v", queries="sentences(n=3)", per_document=2)
    plan = "pseudo_embeddings(candidates=4)"
    whole = dict(col.search(["wing"], COUNT, plan=plan)[0])
    run = col.search(["wing", "wing"], COUNT, plan=plan, where=["year = 1", None])
    assert set(run.doc_ids[0]) == {doc_id for doc_id in whole if int(doc_id[1:]) % 3 == 1}
    assert all(whole[doc_id] == score for doc_id, score in run[0])
    assert dict(run[1]) == whole
    assert len(col.search("wing", 3, plan="0.5*bm25 + 0.5*pseudo_embeddings")) == 3
    assert col.info().embeddings.field == "v"  # type: ignore[union-attr]
    col.delete("d04")
    col.add([{"doc_id": "new", "text": "wing wing", "year": 1}])
    col.commit()
    result = col.plan(plan).run(["wing"])
    assert result.trace.steps[0].note == "stale: 1 documents added, 1 deleted since; precompute again"
    assert not {"d04", "new"} & set(result.run.doc_ids[0])
    with pytest.raises(NotFound, match="has none"):
        col.snapshot().offline.embeddings.explain(encode(["wing"])[0], "new", rocchio.pseudo_embeddings())
    col.compact()
    assert col.info().embeddings is None
    with pytest.raises(InvalidArgument, match="call precompute_embeddings"):
        col.search("wing", plan=plan)
    col.precompute_embeddings("v")
    assert col.search("wing", plan=plan)
    col.precompute_embeddings(None)
    assert col.info().embeddings is None
    assert not list((tmp_path / "c").glob("offline/*"))


def test_another_model_of_the_field_drops_them(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=4)")})
    col.add({"doc_id": each["doc_id"], "text": each["text"]} for each in map(record, range(COUNT)))
    col.commit()
    col.precompute_embeddings("v")
    assert col.search("wing", plan="pseudo_embeddings")
    before = col.snapshot().manifest
    assert before.embeddings is not None
    assert still_fitting(before.embeddings, before.segments, before.models) is before.embeddings
    other = {"v": replace(before.models["v"], name="model-of-other-texts.lsa")}
    assert still_fitting(before.embeddings, before.segments, other) is None  # though all segments are the same
    col.add({"doc_id": f"more{number}", "text": f"hull keel mast{number % 9} sail"} for number in range(8 * COUNT))
    col.commit()
    after = col.snapshot().manifest
    assert after.models["v"].name != before.models["v"].name  # outgrown
    assert after.embeddings is None
    with refused(InvalidArgument, "pseudo query embeddings for the step"):
        col.search("wing", plan="pseudo_embeddings")


def test_refusals(tmp_path: Path, queries: Path) -> None:
    col = build(tmp_path / "c")
    with refused(InvalidArgument, "pseudo query embeddings for the step"):
        col.search("wing", plan="pseudo_embeddings")
    for options, reason in [
        ({"per_document": 0}, "per_document from 1 to 64"),
        ({"max_mb": 0}, "max_mb from 1 to"),
        ({"depth": 3}, "options of queries"),
        ({"queries": 7}, "queries like salient"),
    ]:
        with refused(InvalidArgument, reason):
            col.precompute_embeddings("v", **options)
    with refused(InvalidArgument, "a vector field of v"):
        col.precompute_embeddings("w")
    with refused(InvalidArgument, "the metric cosine or ip"):
        build(tmp_path / "l2", "l2").precompute_embeddings("v")
    with refused(InvalidArgument, "documents that are not split"):
        build(tmp_path / "split", passages=rocchio.passages(tokens=5, overlap=1)).precompute_embeddings("v")
    with refused(InvalidArgument, "is it empty"):
        empty = tmp_path / "none.jsonl"
        empty.write_text('{"doc_id": "gone", "query": "wing"}\n')
        col.precompute_embeddings("v", queries=empty)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"doc_id": 3}\n')
    with pytest.raises(BadRecord, match="query"):
        col.precompute_embeddings("v", queries=broken)
    for step in ("pseudo_embeddings(temperature=0)", "pseudo_embeddings(candidates=0)", "pseudo_embeddings(field=3)"):
        with refused(InvalidArgument, "expected "):
            rocchio.parse_plan(step)
    col.precompute_embeddings("v", queries=queries)
    with refused(InvalidArgument, "the field 'v' of the pseudo query embeddings"):
        col.search("wing", plan="pseudo_embeddings(field='w')")


def test_a_budget_bounds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rocchio.engine.embedding_precompute.MIB", COUNT * len(WORDS) * 2 * 2)
    col = build(tmp_path / "c")
    summary = col.precompute_embeddings("v", per_document=4, max_mb=1)
    assert summary.entries <= 2 * COUNT, "the budget holds two centroids a document"
    monkeypatch.setattr("rocchio.engine.embedding_precompute.MIB", 100)
    with refused(InvalidArgument, "max_mb of at least 3 for a centroid for each of 24 documents, found 1"):
        col.precompute_embeddings("v", max_mb=1)


def test_every_flipped_bit_is_harmless_or_reported(tmp_path: Path, slow: bool) -> None:
    col = build(tmp_path / "c")
    col.precompute_embeddings("v", queries="sentences(n=2)")
    whole = list(col.search(["wing"], 9, plan="pseudo_embeddings")[0])
    words = [hit.doc_id for hit in col.search("wing", field="text")]
    for path in sorted((tmp_path / "c" / "offline").iterdir()):
        content = path.read_bytes()
        for offset in range(0, len(content), 1 if slow else 17):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << (offset % 8)
            path.write_bytes(damaged)
            opened = rocchio.open(tmp_path / "c", encoders={"v": encode})
            assert [hit.doc_id for hit in opened.search("wing", field="text")] == words
            try:
                assert list(opened.search(["wing"], 9, plan="pseudo_embeddings")[0]) == whole
            except RocchioError as error:
                assert isinstance(error, Corruption)
                assert opened.verify().problems
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda counts, vectors: (counts[:-1], vectors), "expected arrays of"),
        (lambda counts, vectors: (counts, vectors[:-1]), "expected arrays of"),
        (lambda counts, vectors: (np.full_like(counts, 255), vectors), "expected rows with"),
        (lambda counts, vectors: (counts, np.full_like(vectors, np.nan)), "not finite"),
        (lambda counts, vectors: (counts.astype(np.uint32), vectors), "expected array 'counts' of u1"),
    ],
    ids=["rows", "numbers", "counts", "nan", "type"],
)
def test_hostile_bytes_with_the_right_checksums(tmp_path: Path, damage: Any, reason: str) -> None:
    folder = tmp_path / "c"
    col = build(folder)
    col.precompute_embeddings("v")
    file = col.snapshot().opened_offline.embeddings._file
    arrays = damage(np.array(file.array("counts", "u1")), np.array(file.array("centroids", "f2")))
    entry = col.snapshot().manifest.embeddings
    assert entry is not None
    out = ArrayFileWriter(LocalDirectory(folder), entry.name)
    for name, array in zip(("counts", "centroids"), arrays, strict=True):
        out.add(name, array.dtype.str[1:], [array])
    info = out.finish()
    sums = info.checksums.astype("<u4").tobytes()
    (folder / entry.checksums.name).write_bytes(sums)
    manifest = json.loads((folder / MANIFEST).read_bytes().partition(b"\n")[2])
    manifest["embeddings"]["size"] = info.size
    manifest["embeddings"]["checksums"] |= {"size": len(sums), "crc": crc32c(np.frombuffer(sums, np.uint8))}
    write_manifest(folder, manifest)
    opened = rocchio.open(folder, encoders={"v": encode})
    assert opened.search("wing", field="text")
    with pytest.raises(Corruption, match=reason):
        opened.search("wing", plan="pseudo_embeddings")
    assert opened.verify().problems


def write_manifest(folder: Path, manifest: Any) -> None:
    body = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(f"{crc32c(np.frombuffer(body, np.uint8)):08x}\n".encode() + body + b"\n")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"field": "text"}, "of a field with an encoder"),
        ({"count": -1}, "cannot be read"),
        ({"segments": {"gone": 0}}, None),
    ],
    ids=["field", "count", "segments"],
)
def test_hostile_entries_of_the_manifest(tmp_path: Path, entry: dict[str, Any], reason: str | None) -> None:
    folder = tmp_path / "c"
    build(folder).precompute_embeddings("v")
    manifest = json.loads((folder / MANIFEST).read_bytes().partition(b"\n")[2])
    manifest["embeddings"] |= entry
    write_manifest(folder, manifest)
    if reason is not None:
        with pytest.raises(Corruption, match=reason):
            rocchio.open(folder, encoders={"v": encode})
        return
    with pytest.raises(Corruption, match="segments that are not there"):
        rocchio.open(folder, encoders={"v": encode}).search("wing", plan="pseudo_embeddings")
