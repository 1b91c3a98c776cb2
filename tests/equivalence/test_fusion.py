"""Fusion equals the papers' formulas written with dicts, and has the properties that users count on."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import InvalidArgument
from rocchio.fusion import (
    Borda,
    CombMnz,
    CombSum,
    Fusion,
    MinMax,
    NumberedDocuments,
    RankedList,
    Rrf,
    ZNorm,
    fuse,
    fuse_lists,
    parse_fusion,
)
from rocchio.fusion.reference import reference_scores
from rocchio.types import Run

Lists = list[dict[str, float]]
METHODS = (Rrf, CombSum, CombMnz, Borda, MinMax, ZNorm)

# few documents and scores: lists overlap, and documents tie
SCORE = st.integers(-8, 8).map(lambda value: value / 4)
RANKED = st.dictionaries(st.sampled_from("abcdefghij"), SCORE, max_size=8).map(
    lambda scored: dict(sorted(scored.items(), key=lambda pair: (-pair[1], pair[0])))
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Lists, Fusion]:
    lists = draw(st.lists(RANKED, min_size=1, max_size=4))
    kind = draw(st.sampled_from(METHODS))
    weight = st.integers(0, 8).map(lambda value: value / 8)
    weights = draw(st.just(()) | st.tuples(*[weight] * len(lists)).filter(any))
    return lists, kind(weights)


def as_run(scored: dict[str, float]) -> Run:
    return Run(["q"], [list(scored)], [np.array(list(scored.values()), np.float32)])


def with_zeros(lists: Lists, zeros: list[int]) -> list[RankedList]:
    return [
        RankedList(list(scored), np.array(list(scored.values()), np.float32), more)
        for scored, more in zip(lists, zeros, strict=True)
    ]


def fused(lists: Lists, fusion: Fusion, k: int = 1000) -> list[tuple[str, float]]:
    return list(fuse([as_run(scored) for scored in lists], fusion, k)[0])


@given(cases(), st.lists(st.sampled_from([0, 1, 5]), min_size=4, max_size=4))
def test_scores_equal_the_reference(case: tuple[Lists, Fusion], more: list[int]):
    lists, fusion = case
    zeros = more[: len(lists)]
    doc_ids, scores = fuse_lists(with_zeros(lists, zeros), fusion, 1000)
    answer = dict(zip(doc_ids, scores.tolist(), strict=True))
    assert answer == pytest.approx(reference_scores(lists, fusion, zeros), rel=1e-6, abs=1e-9)


class Numbered(NumberedDocuments):
    """doc_ids that an index knows by their places in the alphabet, far apart."""

    def __init__(self, doc_ids: Sequence[str]) -> None:
        self.doc_ids = doc_ids

    def __len__(self) -> int:
        return len(self.doc_ids)

    @property
    def numbers(self) -> np.ndarray:
        return np.array([ord(doc_id) << 32 for doc_id in self.doc_ids], np.uint64)

    def chosen(self, places: np.ndarray) -> list[str]:
        return [self.doc_ids[place] for place in places.tolist()]

    @classmethod
    def joined(cls, lists: Sequence[Numbered], places: np.ndarray) -> Numbered:
        return cls(cls([doc_id for each in lists for doc_id in each.doc_ids]).chosen(places))


@given(cases(), st.integers(1, 12), st.lists(st.booleans(), min_size=4, max_size=4))
def test_numbered_documents_are_fused_like_their_doc_ids(case: tuple[Lists, Fusion], k: int, numbered: list[bool]):
    """Also where only some lists have numbers."""
    lists, fusion = case
    plain = with_zeros(lists, [0] * len(lists))
    by_number = [
        replace(ranked, doc_ids=Numbered(ranked.doc_ids)) if has else ranked
        for ranked, has in zip(plain, numbered, strict=False)
    ]
    doc_ids, scores = fuse_lists(plain, fusion, k)
    same_ids, same_scores = fuse_lists(by_number, fusion, k)
    assert same_ids == doc_ids
    assert same_scores.tolist() == scores.tolist()


@pytest.mark.parametrize("kind", [list, Numbered])
def test_a_document_twice_in_a_list_is_refused(kind: type):
    doubled = RankedList(kind("aba"), np.ones(3, np.float32))
    with pytest.raises(InvalidArgument, match="once in a ranked list, found one twice"):
        fuse_lists([doubled, doubled], MinMax(), 10)


def test_numbered_documents_are_a_sequence_of_doc_ids():
    documents = Numbered("cab")
    assert list(documents) == ["c", "a", "b"]
    assert documents[1] == documents[-2] == "a"
    assert documents[1:] == ["a", "b"]
    assert documents.index("b") == 2
    assert "d" not in documents


@given(RANKED.filter(bool).map(lambda scored: {doc_id: score + 3 for doc_id, score in scored.items()}), RANKED)
def test_known_zeros_are_like_documents_that_score_0(scored: dict[str, float], other: dict[str, float]):
    """A list that goes on with zeros gives what the same list does with these documents in it."""
    whole = scored | {f"zero{number}": 0.0 for number in range(3)}
    for fusion in (MinMax(), ZNorm((0.4, 0.6)), CombSum()):
        short = fuse_lists(with_zeros([scored, other], [3, 0]), fusion, 1000)
        long = fuse_lists(with_zeros([whole, other], [0, 0]), fusion, 1000)
        answers = dict(zip(long[0], long[1].tolist(), strict=True))
        assert dict(zip(short[0], short[1].tolist(), strict=True)) == pytest.approx(
            {doc_id: answers[doc_id] for doc_id in short[0]}, rel=1e-6
        )


@given(cases())
def test_order_is_by_score_then_doc_id(case: tuple[Lists, Fusion]):
    answer = fused(*case)
    assert answer == sorted(answer, key=lambda pair: (-pair[1], pair[0]))


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_runs_does_not_matter(case: tuple[Lists, Fusion], random):
    lists, fusion = case
    order = list(range(len(lists)))
    random.shuffle(order)
    weights = tuple(fusion.weights[place] for place in order) if fusion.weights else ()
    assert fused([lists[place] for place in order], type(fusion)(weights)) == fused(lists, fusion)


@given(cases(), st.integers(1, 12))
def test_k_only_cuts(case: tuple[Lists, Fusion], k: int):
    assert fused(*case, k=k) == fused(*case)[:k]


@given(cases())
def test_an_empty_run_changes_no_order(case: tuple[Lists, Fusion]):
    lists, fusion = case
    weights = (*fusion.weights, 1.0) if fusion.weights else ()
    added = fused([*lists, {}], type(fusion)(weights))
    # min-max and z-norm without weights share 1 among one run more: scores shrink, and round anew
    if fusion.weights or not isinstance(fusion, MinMax | Borda):
        assert [doc_id for doc_id, _ in added] == [doc_id for doc_id, _ in fused(lists, fusion)]
    assert {doc_id for doc_id, _ in added} == {doc_id for doc_id, _ in fused(lists, fusion)}


@given(cases())
def test_a_document_that_all_lists_prefer_is_not_below(case: tuple[Lists, Fusion]):
    """Scores are monotone: higher or equal in every list, and missing from none that has the other, is never lower."""
    lists, fusion = case
    for (better, high), (worse, low) in permutations(fused(lists, fusion), 2):
        preferred = [
            scored[better] > scored[worse] if better in scored and worse in scored else worse not in scored
            for scored in lists
        ]
        assert high >= low or not all(preferred)


@given(RANKED.filter(bool), st.sampled_from(METHODS))
def test_one_run_keeps_its_order(scored: dict[str, float], kind: type[Fusion]):
    answer = fused([scored], kind())
    for (first, _), (second, _) in pairwise(answer):
        assert scored[first] >= scored[second]


@given(cases(), st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from([-3.0, 0.0, 5.0]))
def test_scale_and_origin_of_scores_do_not_matter(case: tuple[Lists, Fusion], scale: float, origin: float):
    lists, fusion = case
    moved = [{doc_id: scale * score + origin for doc_id, score in scored.items()} for scored in lists]
    assert dict(fused(moved, fusion)) == pytest.approx(dict(fused(lists, fusion)), rel=1e-6, abs=1e-9)


@given(cases())
def test_text_forms_parse_back(case: tuple[Lists, Fusion]):
    assert parse_fusion(str(case[1])) == case[1]


@given(st.text(alphabet="rfznoml(),.= k-0123456789e", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_fusion_or_refused(text: str):
    with contextlib.suppress(InvalidArgument):
        assert parse_fusion(str(parse_fusion(text))) == parse_fusion(text)
