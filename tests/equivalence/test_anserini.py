"""The variant `anserini` keeps lengths as Lucene does, and gives the figures that were measured with Anserini."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.reference import byte_length, length_byte

import rocchio
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics

PLANS = {
    "bm25": "bm25(variant=anserini)",
    **{name: f"bm25(variant=anserini) >> {name} >> bm25(variant=anserini)" for name in ("rm3", "rocchio", "bm25prf")},
}
TOLERANCE = 0.002


def test_bytes_of_lengths() -> None:
    kept = [byte_length(byte) for byte in range(256)]
    assert kept == sorted(set(kept))
    assert kept[:40] == list(range(40))
    assert kept[40:50] == [40, 42, 44, 46, 48, 50, 52, 54, 56, 60]
    assert [length_byte(length) for length in kept] == list(range(256))
    assert length_byte(2**31 - 1) == 255
    for length in range(3000):
        assert byte_length(length_byte(length)) == max(each for each in kept if each <= length)


def test_scores_have_lengths_of_a_byte(tmp_path: Path) -> None:
    """With b = 1 and k1 = 1 a score says which length was taken: idf / (length / average + 1)."""
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    lengths = [*range(1, 130), 255, 256, 1000, 4097]
    col.add({"doc_id": f"{length:04}", "text": "wing" + " x" * (length - 1)} for length in lengths)
    col.commit()
    average = sum(lengths) / len(lengths)
    hits = col.search("wing", k=200, scoring=rocchio.Bm25(k1=1, b=1, variant="anserini"))
    idf = hits[0].why().terms[0].idf
    assert len(hits) == len(lengths)
    for hit in hits:
        kept = byte_length(length_byte(int(hit.doc_id)))
        assert hit.score == pytest.approx(idf / (kept / average + 1), rel=1e-6)
        assert hit.why().score == hit.score
    assert [hit.doc_id for hit in hits] == sorted(hit.doc_id for hit in hits)


def published(shared_data: Path, collection: str) -> dict[str, dict[str, float]]:
    """{method: {measure: figure}} of the data's README."""
    rows = re.findall(rf"^\| {collection} \| (\w+) \|(.*)\|$", (shared_data / "README.md").read_text(), re.MULTILINE)
    names = ("AP", "R@100", "RR@10", "nDCG@10")
    return {
        method: dict(zip(names, map(float, cells.split("|")), strict=True)) for method, cells in rows if method in PLANS
    }


@pytest.mark.parametrize("collection", ["med", "cisi", "npl", "lisa", "scifact"])
def test_figures_of_anserini(shared_data: Path, tmp_path: Path, slow: bool, collection: str) -> None:
    if collection not in ("med", "cisi") and not slow:
        pytest.skip("only the two smallest collections without --slow")
    folder = shared_data / collection
    col = rocchio.create(tmp_path / "c", fields={"title": rocchio.text(), "text": rocchio.text()}, analyzer="anserini")
    col.add(folder)
    col.commit()
    qrels, topics = read_qrels(folder / "qrels" / "test.tsv"), read_topics(folder / "queries.jsonl.gz")
    topics = {query_id: text for query_id, text in topics.items() if query_id in qrels}
    figures = published(shared_data, collection)
    assert set(figures) == set(PLANS)
    for method, plan in PLANS.items():
        run = col.search(list(topics.values()), k=1000, plan=plan, query_ids=list(topics), threads=2)
        scores = evaluate(run, qrels, "AP nDCG@10").means
        for measure in ("AP", "nDCG@10"):
            assert scores[measure] == pytest.approx(figures[method][measure], abs=TOLERANCE), (method, measure)
