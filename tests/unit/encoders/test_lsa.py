"""Latent semantic analysis: the model is that of an exact decomposition, bounded, and its file is checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.encoders import lsa
from rocchio.encoders.lsa import Latent, fit
from rocchio.encoders.lsa_file import LSA_ARRAYS, open_lsa, write_lsa
from rocchio.encoders.term_rows import SegmentTerms
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import MappedFile
from rocchio.storage.directory import LocalDirectory

DOCUMENTS = 300


def segments(folder: Path, commits: int = 1) -> list[SegmentTerms]:
    """Random texts in a title and a text field, dealt out to some segments; some documents are deleted."""
    fields = {"title": rocchio.text(), "text": rocchio.text()}
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    generator = np.random.default_rng(3)
    words = np.array([f"w{number}" for number in range(120)])
    share = 1 / np.arange(1, 121)
    for part in range(commits):
        for number in range(part, DOCUMENTS, commits):
            text = " ".join(generator.choice(words, generator.integers(0, 30), p=share / share.sum()))
            col.add({"doc_id": f"{number:04}", "title": text[:20].rpartition(" ")[0], "text": text})
        col.commit()
    col.delete([f"{number:04}" for number in range(0, DOCUMENTS, 7)])
    col.commit()
    opened = col.snapshot().segments
    return [SegmentTerms(segment.lexical, ~segment.tombstones.is_deleted, (0, 1)) for segment in opened]


def matrix(parts: list[SegmentTerms]) -> tuple[list[str], np.ndarray]:
    """Terms, and counts (documents, terms) of live documents, written down plainly."""
    rows: list[dict[str, float]] = []
    for part in parts:
        for row in np.flatnonzero(part.live).tolist():
            ids, codes = part.lexical.forward(row)
            counts = [sum(part.lexical.frequencies(code)[column] for column in part.columns) for code in codes.tolist()]
            rows.append({part.lexical.term(i): c for i, c in zip(ids.tolist(), counts, strict=True) if c})
    terms = sorted({term for row in rows for term in row})
    return terms, np.array([[row.get(term, 0.0) for term in terms] for row in rows])


@pytest.mark.parametrize("commits", [1, 3])
def test_the_model_is_that_of_an_exact_decomposition(
    tmp_path: Path, commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsa, "PASSES", 20)
    parts = segments(tmp_path / "c", commits)
    terms, counts = matrix(parts)
    model = fit(parts, 10)
    assert model is not None
    assert model.terms == terms
    assert (model.documents, model.unknown) == (len(counts), 0)
    idf = np.maximum(np.log((len(counts) + 1) / ((counts > 0).sum(axis=0) + 0.5)), 1e-5)
    assert np.allclose(model.idf, idf, rtol=1e-6)
    weights = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    _, values, vectors = np.linalg.svd(weights, full_matrices=False)
    assert np.allclose(model.strengths, values[:10], rtol=2e-3)
    assert np.allclose(model.vectors.T @ model.vectors, np.eye(10), atol=1e-4)
    first = vectors[0] * np.sign(vectors[0][np.abs(vectors[0]).argmax()])
    assert np.allclose(model.vectors[:, 0], first, atol=1e-3)
    placed = weights @ model.vectors
    lengths = np.linalg.norm(placed, axis=1, keepdims=True)
    found = np.concatenate([block[part.live] for part in parts for block, _ in model.encode_segment(part)])
    assert np.allclose(found, placed / np.where(lengths, lengths, 1), atol=1e-4)


def test_of_few_documents_there_are_few_directions(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    col.add([{"doc_id": "a", "text": "x y"}, {"doc_id": "b", "text": "x y"}, {"doc_id": "c", "text": "z"}])
    col.commit()
    (segment,) = col.snapshot().segments
    model = fit([SegmentTerms(segment.lexical, np.ones(3, np.bool_), (0,))], 5)
    assert model is not None
    assert (model.strengths > 0).tolist() == [True, True, False, False, False]
    assert (model.vectors[:, 2:] == 0).all()
    vectors, present = model.encode_terms([{"x": 1.0}, {"z": 2.0}, {"nothing": 1.0}, {}])
    assert present.tolist() == [True, True, False, False]
    assert np.allclose(vectors @ vectors.T, np.diag([1, 1, 0, 0]), atol=1e-5)
    assert fit([SegmentTerms(segment.lexical, np.zeros(3, np.bool_), (0,))], 5) is None


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = segments(tmp_path / "c", 2)
    whole = fit(parts, 5)
    monkeypatch.setattr(lsa, "MAX_TERMS", 20)
    model = fit(parts, 5)
    assert whole is not None
    assert model is not None
    _, counts = matrix(parts)
    kept = np.sort((counts > 0).sum(axis=0))[-20:]
    assert len(model.terms) == 20
    assert sorted((counts > 0).sum(axis=0)[[whole.terms.index(term) for term in model.terms]]) == kept.tolist()
    known = counts[:, [whole.terms.index(term) for term in model.terms]].sum()
    assert model.unknown == pytest.approx(1 - known / counts.sum())
    assert model.unknown_share(parts) == pytest.approx(model.unknown)
    monkeypatch.setattr(lsa, "MAX_POSTINGS", sum(part.lexical.posting_count for part in parts) // 3)
    sampled = fit(parts, 5)
    assert sampled is not None
    assert sampled.documents == pytest.approx(len(counts) / 4, abs=2)


def test_the_number_of_threads_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = segments(tmp_path / "c")
    models = []
    for count in (1, 2, 7):
        monkeypatch.setattr(lsa.os, "cpu_count", lambda count=count: count)
        models.append(fit(parts, 8))
    assert all(np.allclose(model.vectors, models[0].vectors, atol=1e-4) for model in models)  # type: ignore[union-attr]


MODEL = Latent(
    ["a", "b", "ä"], np.array([1, 2, 3], np.float32), np.eye(3, 2, dtype=np.float32), np.array([2.0, 1.0]), 4, 0.25
)


def stored(folder: Path, changed: Mapping[str, Any]) -> ArrayFile:
    """A model's file, some of whose arrays are others; None leaves one out."""
    directory = LocalDirectory(folder)
    plain = ArrayFileWriter(directory, "sound")
    write_lsa(plain, MODEL)
    sound = ArrayFile(MappedFile(directory, "sound", plain.finish()))
    out = ArrayFileWriter(directory, "changed")
    for name, dtype in LSA_ARRAYS.items():
        array = changed.get(name, sound.array(name, dtype))
        if array is not None:
            out.add(name, dtype, [np.asarray(array)])
    return ArrayFile(MappedFile(directory, "changed", out.finish()))


def test_a_model_is_read_back(tmp_path: Path) -> None:
    found = open_lsa(stored(tmp_path, {}), 2)
    assert (found.terms, found.documents, found.unknown) == (MODEL.terms, 4, 0.25)
    for name in ("idf", "vectors", "strengths"):
        assert (getattr(found, name) == getattr(MODEL, name)).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"idf": None}, "expected an array 'idf'"),
        ({"idf": [1.0, 2.0]}, "do not fit 3 terms of 2 numbers"),
        ({"term_vectors": np.ones(7)}, "do not fit"),
        ({"strengths": np.ones(3)}, "do not fit"),
        ({"fitted": np.ones(1)}, "do not fit"),
        ({"term_offsets": np.array([0, 1, 2], np.uint64)}, "do not cover their bytes"),
        ({"term_offsets": np.array([], np.uint64)}, "do not cover their bytes"),
        ({"term_offsets": np.array([0, 2, 1, 4], np.uint64)}, "do not cover their bytes"),
        ({"term_offsets": np.array([0, 1, 2, 2**63], np.uint64)}, "do not cover their bytes"),
        ({"term_bytes": np.frombuffer(b"ba\xc3\xa4", np.uint8)}, "not in order"),
        ({"term_bytes": np.frombuffer(b"ab\xff\xff", np.uint8)}, "no UTF-8"),
        ({"idf": [1.0, np.nan, 1.0]}, "expected finite numbers"),
        ({"idf": [1.0, 0.0, 1.0]}, "expected counts"),
        ({"term_vectors": np.full(6, np.inf)}, "expected finite numbers"),
        ({"fitted": [0.0, 0.0]}, "expected counts"),
        ({"fitted": [1.5, 0.0]}, "expected counts"),
        ({"fitted": [1.0, 1.5]}, "expected counts"),
    ],
)
def test_a_model_that_breaks_a_rule_is_refused(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Corruption, match=words):
        open_lsa(stored(tmp_path, changed), 2)
