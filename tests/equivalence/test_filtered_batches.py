"""Does a batch in which each query has a filter of its own find what each query finds alone, to the last bit?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.dense import index_writer, mask_plan

WORDS = ["wing", "rib", "flow", "heat", "shock", "layer", "plate"]
YEAR, LANG = rocchio.field("year"), rocchio.field("lang")
FILTERS: list[Any] = [
    None,
    "year = 3",
    "lang = 'de' AND year < 4",
    "year<4 and lang='de'",
    (YEAR < 4) & (LANG == "de"),
    "year > 100",
    "NOT year < 6",
    LANG.is_null(),
]
DOCUMENTS, QUERIES = 900, 40


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rocchio.Collection]:
    """Two segments, with lists in the vector field, which masks go through."""
    rng = np.random.default_rng(8)
    fields = {"text": rocchio.text(), "year": rocchio.number(integer=True), "lang": rocchio.keyword()}
    fields |= {"s": rocchio.sparse(scale=1), "v": rocchio.vector(8, metric="cosine")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_writer, "LEAST_ROWS", 200)
        patch.setattr(mask_plan, "EXACT_ROW", 1000)
        col = rocchio.create(tmp_path_factory.mktemp("batches") / "c", fields=fields)
        for part in range(2):
            col.add([document(part * DOCUMENTS + number, rng) for number in range(DOCUMENTS)])
            col.commit()
        yield col


def document(number: int, rng: np.random.Generator) -> dict[str, Any]:
    words = [str(word) for word in rng.choice(WORDS, rng.integers(1, 30))]
    made: dict[str, Any] = {"doc_id": f"d{number}", "text": " ".join(words), "year": int(rng.integers(0, 9))}
    made |= {"v": rng.normal(size=8), "s": {word: float(rng.integers(1, 9)) for word in set(words[:3])}}
    return made | ({"lang": str(rng.choice(["en", "de"]))} if rng.random() < 0.9 else {})


def texts(rng: np.random.Generator) -> list[str]:
    return [" ".join(map(str, rng.choice(WORDS, rng.integers(1, 5)))) for _ in range(QUERIES)]


def mixed(rng: np.random.Generator) -> list[Any]:
    return [rocchio.query(text, vectors={"v": rng.normal(size=8)}) for text in texts(rng)]


KINDS: dict[str, tuple[Callable[[np.random.Generator], Any], dict[str, Any]]] = {
    "text": (texts, {}),
    "weights": (lambda rng: [{word: float(rng.normal()) for word in WORDS[:4]} for _ in range(QUERIES)], {}),
    "sparse": (lambda rng: [{str(rng.choice(WORDS)): 2.0, "wing": 1.0} for _ in range(QUERIES)], {"field": "s"}),
    "vectors": (lambda rng: rng.normal(size=(QUERIES, 8)), {"field": "v", "recall": 0.8}),
    "exact vectors": (lambda rng: rng.normal(size=(QUERIES, 8)), {"field": "v", "recall": 1}),
    "least score": (lambda rng: rng.normal(size=(QUERIES, 8)), {"field": "v", "min_score": 0.3}),
    "mixed": (mixed, {}),
    "fusion": (mixed, {"fusion": "rrf", "depth": 30}),
    "plan": (texts, {"plan": "bm25 >> rm3 >> bm25"}),
    "plan of vectors": (mixed, {"plan": "hybrid"}),
}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("k", [5, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_finds_what_its_queries_find_alone(col: rocchio.Collection, kind: str, k: int, threads: int) -> None:
    make, options = KINDS[kind]
    rng = np.random.default_rng(k)
    queries, where = make(rng), [FILTERS[place] for place in rng.integers(0, len(FILTERS), QUERIES)]
    run = col.search(queries, k, where=where, threads=threads, **options)
    for number, (query, each) in enumerate(zip(queries, where, strict=True)):
        hits = col.search(query, k, where=each, **options)
        assert list(run.doc_ids[number]) == [hit.doc_id for hit in hits]
        assert run.scores[number].tolist() == [hit.score for hit in hits]
    assert run.doc_ids[3:5] == [run.doc_ids[3], run.doc_ids[4]]
    assert run.doc_ids == list(run.doc_ids)


def test_filters_do_not_decide_which_parts_are_fused(col: rocchio.Collection) -> None:
    vector = np.ones(8)
    queries = [rocchio.query("wing rib", vectors={"v": vector}), rocchio.query("flow"), rocchio.query("heat")]
    together = col.search(queries, 20, fusion="znorm(0.3, 0.7)", where=["year >= 0"] * 3)
    apart = col.search(queries, 20, fusion="znorm(0.3, 0.7)", where=["year >= 0", "year > -1", "year != 99"])
    assert together.doc_ids == apart.doc_ids
    assert [scores.tolist() for scores in together.scores] == [scores.tolist() for scores in apart.scores]


class MadeWhenRead(Sequence[str]):
    """Filters that exist only while they are looked at, as columns of other libraries make them."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return f"year >= {range(len(self))[index] // 5}"


def test_filters_may_be_made_when_they_are_read(col: rocchio.Collection) -> None:
    queries = ["wing rib flow heat"] * 40
    lazy, listed = (col.search(queries, 20, where=where) for where in (MadeWhenRead(), list(MadeWhenRead())))
    assert lazy.doc_ids == listed.doc_ids
    assert lazy.doc_ids[0] != lazy.doc_ids[39]
