"""The `bm25s` preset gives the scores that the bm25s library gives, for all five variants."""

from __future__ import annotations

import numpy as np
import pytest

import rocchio
from rocchio.sources import collect_docstrings

bm25s = pytest.importorskip("bm25s", reason="the bm25s library is not installed")
K1, B, DELTA = 1.2, 0.6, 0.7


@pytest.fixture(scope="module")
def documents() -> list[dict[str, str]]:
    """2,000 real texts: docstrings of the standard library."""
    return [{"doc_id": d["doc_id"], "text": d["text"]} for d, _ in zip(collect_docstrings(), range(2000), strict=False)]


@pytest.fixture(scope="module")
def col(documents: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    made = rocchio.create(tmp_path_factory.mktemp("parity") / "c", fields={"text": rocchio.text()}, analyzer="bm25s")
    made.add(documents)
    made.commit()
    return made


@pytest.mark.parametrize("variant", ["robertson", "lucene", "atire", "bm25l", "bm25+"])
def test_scores_equal_bm25s(documents: list[dict[str, str]], col: rocchio.Collection, variant: str) -> None:
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    texts = [document["text"] for document in documents]
    index = bm25s.BM25(k1=K1, b=B, delta=DELTA, method=variant)
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    row_of = {document["doc_id"]: row for row, document in enumerate(documents)}
    scoring = rocchio.Bm25(k1=K1, b=B, delta=DELTA, variant=variant)
    for query in ("open a file and read lines", "regular expression object", "the thread", "import import module"):
        (tokens,) = bm25s.tokenize([query], stopwords="en", stemmer=stemmer, show_progress=False, return_ids=False)
        theirs = index.get_scores(tokens)
        hits = col.search(query, k=len(documents), scoring=scoring)
        assert len(hits) > 10
        ours = np.array([hit.score for hit in hits])
        np.testing.assert_allclose(ours, theirs[[row_of[hit.doc_id] for hit in hits]], rtol=1e-4, atol=1e-6)
        # and nothing that they score above the last of ours is missing
        assert set(np.flatnonzero(theirs > ours.min() * (1 + 1e-4))) <= {row_of[hit.doc_id] for hit in hits}
