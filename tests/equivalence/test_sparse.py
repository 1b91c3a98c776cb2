"""Sparse fields: every kernel equals a dot product written down plainly, through deletes, upserts and merges."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import rocchio

Weights = dict[str, float]
SCALE = 100.0
TOKENS = [f"t{number}" for number in range(400)]
POPULARITY = [1 / (rank + 3) for rank in range(400)]


def vector(dice: random.Random, most: int) -> Weights:
    """Log-normal weights, as models give them; some are large enough to need rare codes."""
    tokens = dice.choices(TOKENS, POPULARITY, k=dice.randint(0, most))
    return {token: dice.lognormvariate(-0.5, 1.0) for token in tokens}


def impact(weight: float) -> int:
    return max(1, round(float(np.float32(weight)) * SCALE))


def expected(documents: Mapping[str, Weights], query: Weights, k: int) -> list[tuple[str, float]]:
    """All documents with any of the tokens, by the dot product of query weights and stored impacts / scale."""
    found = []
    for doc_id, weights in documents.items():
        shared = [token for token in query if token in weights and query[token] != 0]
        if shared:
            total = sum(query[token] / SCALE * impact(weights[token]) for token in shared)
            found.append((doc_id, float(np.float32(total))))
    return sorted(found, key=lambda item: (-item[1], item[0]))[:k]


Made = tuple[rocchio.Collection, dict[str, Weights]]


@pytest.fixture(scope="module", params=["segments", "compacted"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three segments with deletes and upserts, of a text field and two sparse ones; or the same merged."""
    dice = random.Random(3)
    fields = {"text": rocchio.text(), "other": rocchio.sparse(scale=1), "s": rocchio.sparse(scale=SCALE)}
    col = rocchio.create(tmp_path_factory.mktemp("sparse") / "c", fields=fields, analyzer="whitespace")
    documents: dict[str, Weights] = {}
    for part in range(3):
        new = {f"d{part * 3000 + row:05}": vector(dice, 40) for row in range(3000)}
        records = [
            {"doc_id": doc_id, "text": "word", "s": weights, "other": {"x": 7}} for doc_id, weights in new.items()
        ]
        col.add(records)
        col.commit()
        documents |= new
    changed = {doc_id: vector(dice, 60) for doc_id in list(documents)[::17]}
    col.upsert({"doc_id": doc_id, "s": weights} for doc_id, weights in changed.items())
    documents |= changed
    gone = list(documents)[::7]
    col.delete(gone)
    for doc_id in gone:
        del documents[doc_id]
    col.commit()
    if request.param == "compacted":
        col.compact()
    return col, documents


def queries(seed: int, count: int = 12) -> list[Weights]:
    dice = random.Random(seed)
    return [*(vector(dice, 30) for _ in range(count)), {"t0": 1.0}, {"absent": 2.0}, {}, {"t1": 0.0}, {"t2": -1.0}]


@pytest.mark.parametrize("kernel", ["automatic", "pruned", "exhaustive", "reference"])
@pytest.mark.parametrize("k", [1, 10, 500, 20_000])
def test_kernels_equal_the_dot_product(made: Made, kernel: str, k: int) -> None:
    col, documents = made
    asked = queries(k)
    run = col.search(asked, field="s", k=k, kernel=kernel)
    for index, query in enumerate(asked):
        assert run[index] == expected(documents, query, k)


@pytest.mark.parametrize("kernel", ["automatic", "pruned", "exhaustive"])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_segments_with_weights_of_other_sizes_are_comparable(tmp_path: Path, kernel: str, order: list[int]) -> None:
    dice = random.Random(4)
    col = rocchio.create(tmp_path / "c", fields={"s": rocchio.sparse(scale=SCALE)})
    documents: dict[str, Weights] = {}
    for part in order:  # sums of all segments have one scale, so that one threshold rules rows of any out
        size = (0.02, 1.0, 20.0)[part]
        new = {f"d{part}{row:04}": {t: w * size for t, w in vector(dice, 20).items()} for row in range(2000)}
        col.add({"doc_id": doc_id, "s": weights} for doc_id, weights in new.items())
        col.commit()
        documents |= new
    asked = queries(7)
    for k in (3, 100, 1500, 5000):
        run = col.search(asked, field="s", k=k, kernel=kernel)
        for index, query in enumerate(asked):
            assert run[index] == expected(documents, query, k)


def test_alpha_of_1_and_a_long_query_cut_are_exact(made: Made) -> None:
    col, _ = made
    asked = queries(5)
    for kernel in ("automatic", "pruned"):
        exact = col.search(asked, field="s", k=10, kernel=kernel)
        same = col.search(asked, field="s", k=10, kernel=kernel, alpha=1.0, query_cut=1000)
        threaded = col.search(asked, field=["s"], k=10, threads=3)
        assert [list(hits) for hits in exact] == [list(hits) for hits in same] == [list(hits) for hits in threaded]


def test_query_cut_keeps_the_heaviest(made: Made) -> None:
    col, documents = made
    asked = [query for query in queries(6) if len(query) > 4]
    run = col.search(asked, field="s", k=10, query_cut=3)
    for index, query in enumerate(asked):
        heaviest = set(sorted(query, key=lambda token: -query[token])[:3])
        assert run[index] == expected(documents, {t: w for t, w in query.items() if t in heaviest}, 10)


@pytest.mark.parametrize("alpha", [0.95, 0.8, 0.5, 1e-9])
def test_alpha_gives_true_scores(made: Made, alpha: float) -> None:
    """What is found has its exact score; a smaller alpha may only find less of the best."""
    col, documents = made
    asked = queries(7)
    run = col.search(asked, field="s", k=10, kernel="pruned", alpha=alpha)
    found = wanted = 0
    for index, query in enumerate(asked):
        everything = dict(expected(documents, query, 20_000))
        best = expected(documents, query, 10)
        assert [everything[doc_id] for doc_id, _ in run[index]] == [score for _, score in run[index]]
        found += len({doc_id for doc_id, _ in run[index]} & {doc_id for doc_id, _ in best})
        wanted += len(best)
    assert found >= (0.9 if alpha >= 0.95 else 0.2) * wanted


def test_hits_are_explained_and_returned(made: Made) -> None:
    col, documents = made
    query = queries(8)[0]
    for hit in col.search(query, field="s", k=5):
        why = hit.why()
        assert why.score == hit.score
        assert why.scoring == "impact(scale=100)"
        for part in why.terms:
            assert dict(part.tf) == {"s": impact(documents[hit.doc_id][part.term])}
            assert part.df == sum(part.term in weights for weights in documents.values())
            assert part.weight == query[part.term]
            assert part.idf == 1.0
        wanted = {token: float(np.float32(weight)) for token, weight in documents[hit.doc_id].items()}
        assert hit.fields["s"] == wanted
        assert col.explain(query, hit.doc_id, field="s") == why
        assert "tokens" not in str(why)


def test_fields_do_not_mix(made: Made) -> None:
    col, documents = made
    assert len(col.search("word", k=20_000)) == len(col.search({"x": 1.0}, field="other", k=20_000))
    assert {hit.score for hit in col.search({"x": 0.5}, field="other", k=20)} == {3.5}
    assert col.search({"word": 1.0}, field="s") == []
    assert len(col) == len(documents)
    assert col.verify().ok


def test_a_merge_gives_what_indexing_anew_gives(made: Made, tmp_path: Path) -> None:
    """The same bytes: file by file, for the rows in the same order."""
    col, documents = made
    if len(col.info().segments) > 1:
        return
    stored = col.snapshot().segments[0].documents.fetch(range(len(col)), col.schema)
    ids = [col.snapshot().segments[0].lexical.doc_id(row) for row in range(len(col))]
    anew = rocchio.create(tmp_path / "c", fields=dict(col.schema.fields), analyzer="whitespace")
    anew.add({"doc_id": doc_id, **fields} for doc_id, fields in zip(ids, stored, strict=True))
    anew.commit()
    for number in range(2):
        name = f"sparse-{number}.arrays"
        (one,), (other,) = col.path.rglob(name), anew.path.rglob(name)
        assert one.read_bytes() == other.read_bytes()
    assert len(documents) == len(anew)
