"""Methods are values with published defaults, and refuse settings that mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.errors.refusal import refused

from rocchio.errors import InvalidArgument
from rocchio.feedback import (
    METHODS,
    Axiomatic,
    Bm25Prf,
    Bo1,
    FromVectors,
    Reencode,
    Rm3,
    Rm3Terrier,
    Rocchio,
    VectorAverage,
    VectorRocchio,
)


def test_defaults_are_those_that_were_published():
    assert (Rm3().docs, Rm3().terms, Rm3().original) == (10, 10, 0.5)  # Anserini
    assert (Rm3Terrier().docs, Rm3Terrier().terms, Rm3Terrier().original) == (3, 10, 0.6)  # Terrier
    assert (Rocchio().docs, Rocchio().terms) == (10, 10)
    assert (Rocchio().alpha, Rocchio().beta, Rocchio().gamma) == (1, 0.75, 0.15)
    assert (Bm25Prf().docs, Bm25Prf().terms, Bm25Prf().new_term_weight) == (10, 20, 0.2)
    assert (Axiomatic().docs, Axiomatic().terms, Axiomatic().draws, Axiomatic().beta) == (20, 20, 30, 0.4)
    assert (Axiomatic().nearest, Axiomatic().seed, Axiomatic().pool) == (1000, 42, 580)
    assert (Bo1().docs, Bo1().terms) == (3, 10)
    assert VectorAverage().docs == VectorRocchio().docs == Reencode().docs == 3


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
def test_methods_are_values(kind: Any):
    assert kind() == kind(docs=kind().docs)
    assert hash(kind()) == hash(kind())
    assert kind() != kind(docs=7)
    assert kind().bottom == 0
    names = {other.name for other in METHODS}
    assert len(names) == len(METHODS)


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("docs", [0, -1, 10_001, 1.5, "3", None, True])
def test_documents(kind: Any, docs: Any):
    with refused(InvalidArgument, "expected docs from 1 to 10,000", f"found {docs!r}"):
        kind(docs=docs)


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
def test_fields(kind: Any):
    what = "vector field" if issubclass(kind, FromVectors) else "sparse field"
    with refused(InvalidArgument, f"expected field as the name of a {what}", "found ['v']"):
        kind(field=["v"])


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (Rm3, {"terms": 0}, ["expected terms from 1 to 10,000, found 0"]),
        (Rm3, {"original": 1.01}, ["expected original from 0 to 1, found 1.01"]),
        (Rm3, {"original": float("nan")}, ["expected original from 0 to 1, found nan"]),
        (Rm3, {"most_share": -0.1}, ["expected most_share from 0 to 1"]),
        (Rm3Terrier, {"original": "all"}, ["expected original from 0 to 1, found 'all'"]),
        (Rocchio, {"alpha": -1}, ["expected alpha from 0 to 1e+06, found -1"]),
        (Rocchio, {"beta": True}, ["expected beta from 0 to 1e+06, found True"]),
        (Rocchio, {"gamma": float("inf")}, ["expected gamma from 0 to 1e+06, found inf"]),
        (Rocchio, {"bottom_docs": -1}, ["expected bottom_docs from 0 to 10,000, found -1"]),
        (Rocchio, {"most_share": 2}, ["expected most_share from 0 to 1, found 2"]),
        (Bm25Prf, {"new_term_weight": -0.2}, ["expected new_term_weight from 0 to 1e+06"]),
        (Axiomatic, {"draws": 0}, ["expected draws from 1 to 10,000, found 0"]),
        (Axiomatic, {"nearest": 0}, ["expected nearest from 1 to 10,000, found 0"]),
        (Axiomatic, {"seed": -1}, ["expected seed from 0 to 10,000, found -1"]),
        (Axiomatic, {"beta": None}, ["expected beta from 0 to 1e+06, found None"]),
        (Bo1, {"terms": -1}, ["expected terms from 0 to 10,000, found -1"]),
        (VectorRocchio, {"beta": -1}, ["expected beta from 0 to 1e+06, found -1"]),
        (VectorRocchio, {"bottom_docs": 1.0}, ["expected bottom_docs from 0 to 10,000, found 1.0"]),
    ],
)
def test_other_settings(kind: Any, settings: dict[str, Any], words: list[str]):
    with refused(InvalidArgument, *words):
        kind(**settings)
