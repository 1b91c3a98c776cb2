"""Every method equals one written with dicts from the formulas, on generated collections; what holds for all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import feedback_reference as plain
from tests.feedback_reference import Scored, World, told

from rocchio.feedback import (
    Axiomatic,
    Bm25Prf,
    Bo1,
    Expansion,
    Kl,
    KlCorrect,
    Rm3,
    Rm3Terrier,
    Rocchio,
    SoftRocchio,
    TermFilter,
)

WORDS = ["wing", "flap", "42", "2nd", "x", "é", "Flutter", "a" * 21, "tail", "spar", "rib"]
METHODS: list[Expansion] = [
    Rm3(most_share=0.5), Rm3(terms=2, original=0.3), Rm3Terrier(terms=3), Rocchio(most_share=0.6, terms=4, gamma=0.3),
    Bm25Prf(terms=3), Axiomatic(terms=4), Bo1(terms=2), Kl(), KlCorrect(terms=1), Bo1(terms=0), Kl(terms=0),
    SoftRocchio(terms=3), SoftRocchio(beta=0.2, sharpness=2.0),
]  # fmt: skip

counts = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 6), max_size=7)
worlds = st.lists(counts, min_size=1, max_size=9).map(
    # and others, so that some terms are rare: "flap" has at least 20 documents
    lambda documents: World(
        {f"d{number}": document for number, document in enumerate(documents)}
        | {f"z{number:02}": {"flap": 1, "nacelle": 2} for number in range(20)}
    )
)
queries = st.dictionaries(st.sampled_from([*WORDS, "absent"]), st.floats(0.1, 4.0), min_size=1, max_size=4)


@st.composite
def found(draw: st.DrawFn) -> tuple[World, dict[str, float], Scored, int]:
    """A collection, a query, documents with scores, and how many of them speak for it."""
    world = draw(worlds)
    ids = draw(st.permutations(sorted(world.documents)))[: draw(st.integers(1, 6))]
    scores = sorted((draw(st.floats(0.01, 30.0)) for _ in ids), reverse=True)
    return world, draw(queries), list(zip(ids, scores, strict=True)), draw(st.integers(1, len(ids)))


def reference(method: Expansion, world: World, query: dict[str, float], feedback: Scored, positive: int):
    if isinstance(method, Rm3):
        return plain.rm3(world, query, feedback, method.terms, method.original, method.most_share)
    if isinstance(method, Rm3Terrier):
        return plain.rm3_terrier(world, query, feedback, method.terms, method.original)
    if isinstance(method, Rocchio):
        return plain.rocchio(
            world, query, feedback, positive,
            method.terms, method.alpha, method.beta, method.gamma, method.most_share,
        )  # fmt: skip
    if isinstance(method, Bm25Prf):
        return plain.bm25prf(world, query, feedback, method.terms, method.new_term_weight)
    if isinstance(method, Axiomatic):
        return plain.axiomatic(world, query, feedback, method.terms, method.beta, method.nearest)
    if isinstance(method, SoftRocchio):
        return plain.soft_rocchio(world, query, feedback, method.terms, method.beta, method.sharpness)
    return plain.divergence(method.name, world, query, feedback, method.terms)


def close(ours: dict[str, float], theirs: dict[str, float]) -> bool:
    """Equal but for rounding; terms that tie for the last place may differ, if they weigh the same."""
    shared = all(math.isclose(ours[term], theirs[term], rel_tol=1e-9, abs_tol=1e-12) for term in ours if term in theirs)
    only = [
        sorted(each[term] for term in each if term not in other) for each, other in ((ours, theirs), (theirs, ours))
    ]
    return shared and len(only[0]) == len(only[1]) and all(map(math.isclose, *only))


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=25)
@given(case=found())
def test_methods_equal_the_formulas(method: Expansion, case: tuple[World, dict[str, float], Scored, int]):
    world, query, feedback, positive = case
    if not method.uses_negative:
        positive = len(feedback)
    ours = method.expand(told(world, dict(query), feedback, method.filter, positive))
    theirs = reference(method, world, query, feedback, positive)
    assert close(ours, theirs), (ours, theirs)
    assert all(map(math.isfinite, ours.values()))
    assert [term for term in ours if term in query] == list(ours)[: sum(term in query for term in ours)]


def test_light_terms_of_the_query_come_before_heavier_new_ones():
    documents = {"a": {"wing": 1, "rib": 1, "tail": 1}, "b": {"wing": 1, "rib": 1}, "c": {"tail": 1}, "d": {"2nd": 1}}
    world = World(documents | {f"z{number}": {"nacelle": 1} for number in range(20)})
    feedback = [("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0)]  # wing and tail are independent there
    method = Axiomatic(terms=4)
    expanded = method.expand(told(world, {"wing": 4.0, "tail": 0.1}, feedback, method.filter, 4))
    assert expanded["rib"] > expanded["tail"] > 0
    assert list(expanded)[:3] == ["wing", "tail", "rib"]


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=25)
@given(case=found(), dice=st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(method: Expansion, case, dice):
    world, query, feedback, positive = case
    if not method.uses_negative:
        positive = len(feedback)
    first, last = list(feedback[:positive]), list(feedback[positive:])
    expected = method.expand(told(world, dict(query), feedback, method.filter, positive))
    dice.shuffle(first)
    dice.shuffle(last)
    shuffled = method.expand(told(world, dict(query), first + last, method.filter, positive))
    assert list(shuffled.items()) == list(expected.items())  # bit for bit, in the same order


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=25)
@given(
    case=found(),
    weights=st.lists(st.floats(-1e30, 1e30) | st.sampled_from([0.0, -0.0, 5e-324, -1.0, 1.0]), min_size=4, max_size=4),
    scores=st.lists(st.floats(-1e6, 1e6, width=32), min_size=6, max_size=6),
)
def test_weights_are_finite_whatever_the_query(method: Expansion, case, weights, scores):
    world, query, feedback, positive = case
    query = dict(zip(query, weights, strict=False))
    feedback = [(doc_id, score) for (doc_id, _), score in zip(feedback, scores, strict=False)]
    if not method.uses_negative:
        positive = len(feedback)
    with np.errstate(all="raise", under="ignore"):
        expanded = method.expand(told(world, query, feedback, method.filter, positive))
    assert all(map(math.isfinite, expanded.values())), expanded
    assert all(abs(weight) <= 1e30 for weight in expanded.values()), expanded


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_terms_are_no_more_than_wanted(method: Expansion):
    world = World({f"d{number}": {f"t{(number + i) % 97}": 1 + i for i in range(9)} for number in range(97)})
    feedback = [(f"d{number}", 10.0 - number) for number in range(5)]
    expanded = method.expand(told(world, {"t5": 1.0}, feedback, method.filter))
    new = set(expanded) - {"t5"}
    assert len(new) <= method.terms


def test_a_query_without_known_words_stays():
    world = World({"d1": {}, "d2": {"wing": 1}})
    for method in METHODS:
        kept = method.expand(told(world, {"absent": 2.0}, [("d1", 1.0)], method.filter))
        assert set(kept) <= {"absent"}, method


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_terms_that_a_query_is_against_do_not_turn_for_it(method: Expansion):
    world = World({f"d{number}": {"wing": 1, "tail": 1 + number % 2} for number in range(4)} | {
        f"z{number}": {"nacelle": 1} for number in range(36)
    })  # fmt: skip
    feedback = [("d0", 2.0), ("d1", 1.0)]
    expanded = method.expand(told(world, {"wing": 1.0, "nacelle": -1.0}, feedback, method.filter))
    assert expanded.get("nacelle", 0.0) <= 0.0
    assert expanded["wing"] > 0.0
    assert all(map(math.isfinite, expanded.values()))


def test_the_share_of_documents_is_not_rounded_down():
    assert TermFilter(most_share=0.29).most_documents(100) == 29
    for share in (0.1, 0.29, 0.57, 0.58, 0.0, 1.0):
        for documents in (1, 7, 10, 50, 100, 1000):
            most = TermFilter(most_share=share).most_documents(documents)
            assert most / documents <= share < (most + 1) / documents or (share == 1.0 and most == documents)
