"""A segment's vectors, searched under masks of every selectivity, with and without lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest

import rocchio
from rocchio.dense import index_writer, mask_plan
from rocchio.dense.calibration import QUERY_COUNTS, Effort
from rocchio.dense.reference import score_rows, search_exactly
from rocchio.dense.segment import VectorSegment

ROWS, DIM, K = 1500, 24, 10
METRICS = ("cosine", "ip", "l2")


def clustered(dice: np.random.Generator, rows: int) -> npt.NDArray[np.float32]:
    centers = np.random.default_rng(0).normal(size=(30, DIM))
    return (centers[dice.integers(30, size=rows)] + 0.6 * dice.normal(size=(rows, DIM))).astype(np.float32)


def made(folder: Path, metric: Any, dtype: Any, absent: int) -> VectorSegment:
    """One segment; every `absent`-th row has no vector (0: all have)."""
    dice = np.random.default_rng(1)
    vectors = clustered(dice, ROWS)
    vectors[ROWS // 2 : ROWS // 2 + 10] = vectors[:10]
    col = rocchio.create(folder, fields={"text": rocchio.text(), "v": rocchio.vector(DIM, metric=metric, dtype=dtype)})
    col.add(
        {"doc_id": f"d{row:04}", "text": "word", "v": None if absent and row % absent == 0 else vector}
        for row, vector in enumerate(vectors)
    )
    col.commit()
    (segment,) = col.snapshot().segments
    return segment.vectors[0]


@pytest.fixture(scope="module", params=[(metric, 0) for metric in METRICS] + [("cosine", 4), ("l2", 4)])
def segment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VectorSegment:
    metric, absent = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_writer, "LEAST_ROWS", 500)
        patch.setitem(QUERY_COUNTS, 10, 200)
        return made(tmp_path_factory.mktemp("segment") / "c", metric, "float16" if absent else "float32", absent)


def queries(count: int = 25) -> npt.NDArray[np.float32]:
    return clustered(np.random.default_rng(2), count)


def packed(rows: Any) -> npt.NDArray[np.uint8]:
    mask = np.zeros(ROWS, np.bool_)
    mask[rows] = True
    return np.packbits(mask, bitorder="little")


def usable(segment: VectorSegment, mask: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8]:
    return segment.originals.present if mask is None else segment.originals.present & mask


def masks() -> dict[str, npt.NDArray[np.uint8] | None]:
    dice = np.random.default_rng(3)
    some = {f"{count} rows": packed(dice.permutation(ROWS)[:count]) for count in (1, 3, 9, 10, 11, 50, 200, 700, 1400)}
    return {"all": None, "none": packed([]), "a range": packed(slice(300, 340)), "each": packed(slice(None))} | some


def test_there_are_lists_and_a_calibration(segment: VectorSegment) -> None:
    assert segment.lists == segment.count // 32
    assert {setting.k for setting in segment.calibration.settings} == {10}
    assert segment.effort(K, 1.0) is None
    assert segment.effort(K, 0.5) is not None
    segment.validate()


@pytest.mark.parametrize("name", masks())
def test_masks_are_honoured_and_nothing_is_missing(segment: VectorSegment, name: str) -> None:
    mask = masks()[name]
    allowed = np.flatnonzero(np.unpackbits(usable(segment, mask), count=ROWS, bitorder="little"))
    for effort in (None, Effort(1, 40), Effort(4, 60), Effort(10**6, 10**6)):
        rows, scores = segment.search(queries(), K, mask, effort)
        assert rows.shape == scores.shape == (25, K)
        count = min(K, len(allowed))
        assert (rows[:, :count] >= 0).all()
        assert (rows[:, count:] == -1).all()
        assert np.isneginf(scores[:, count:]).all()
        assert np.isin(rows[:, :count], allowed).all()
        assert all(len(set(found)) == count for found in rows[:, :count].tolist())
        # scores are exact, whatever was looked at, and in order
        truth = score_rows(queries(), segment.originals.vectors, segment.originals.metric)
        assert scores[:, :count] == pytest.approx(np.take_along_axis(truth, rows[:, :count], 1), rel=1e-6, abs=1e-6)
        assert (np.diff(scores[:, :count], axis=1) <= 0).all()


@pytest.mark.parametrize("name", masks())
def test_exact_searches_and_those_of_all_lists_equal_the_reference(segment: VectorSegment, name: str) -> None:
    mask = masks()[name]
    originals = segment.originals
    for k in (1, K, 300):
        wanted, truth = search_exactly(queries(), originals.vectors, originals.metric, k, usable(segment, mask))
        for effort in (None, Effort(segment.lists, 2 * ROWS)):
            rows, scores = segment.search(queries(), k, mask, effort)
            assert scores == pytest.approx(truth, rel=1e-6, abs=1e-6)
            # sums in another order may differ in the last bit, which decides among equals
            differ = rows != wanted
            assert differ.mean() < 0.01
            assert scores[differ] == pytest.approx(truth[differ], rel=1e-6)


def test_places_tell_what_a_search_of_every_effort_finds(segment: VectorSegment) -> None:
    asked, probes, most = queries(), [1, 3, 10, segment.lists], 200
    wanted = segment.nearest(asked, K)
    assert (wanted == segment.search(asked, K, None, None)[0]).all()
    places = segment.places(asked, wanted, probes, most)
    assert places.shape == (len(asked), len(probes), K)
    flat, present = asked.ravel(), None if segment.count == segment.rows else segment.originals.present
    for number, lists in enumerate(probes):
        for refine in (1, K, 30, most):
            found = segment.index.search(flat, K, present, lists, refine, 0)[0]
            expected = [np.isin(w, f).tolist() for w, f in zip(wanted, found, strict=True)]
            assert (places[:, number] < refine).tolist() == expected


def test_recall_under_masks_stays_what_was_wanted(segment: VectorSegment) -> None:
    """Fewer allowed rows are harder to meet in the same lists: the search goes on, or compares them one by one."""
    asked = queries(200)
    effort = segment.effort(K, 0.9)
    assert effort is not None
    for name, mask in masks().items():
        exact, _ = segment.search(asked, K, mask, None)
        found, _ = segment.search(asked, K, mask, effort)
        recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)])
        assert recall > 0.85, name


def correlated_masks(asked: npt.NDArray[np.float32], segment: VectorSegment) -> dict[str, npt.NDArray[np.uint8]]:
    """Rows that are near the queries, and rows that are far from them, a half and a fifth of all."""
    originals = segment.originals
    nearness = score_rows(asked, originals.vectors, originals.metric).mean(axis=0)
    order = np.argsort(-nearness)
    count = len(order)
    return {
        "near half": packed(order[: count // 2]),
        "near fifth": packed(order[: count // 5]),
        "far half": packed(order[count // 2 :]),
        "far fifth": packed(order[-count // 5 :]),
        "all but the nearest": packed(order[count // 20 :]),
    }


def test_recall_by_lists_under_masks_that_go_with_or_against_the_queries(segment: VectorSegment) -> None:
    asked = queries(200)
    asked = asked[np.argsort(-(asked @ asked[0]))[:25]]  # on one side of the space, like what masks select
    with mock.patch.object(mask_plan, "EXACT_ROW", 10**6):
        for recall in (0.8, 0.95):
            effort = segment.effort(K, recall)
            assert effort is not None
            for name, mask in {**masks(), **correlated_masks(asked, segment)}.items():
                assert segment.plan(correlated_masks(asked, segment)["far half"], effort).strategy == "lists"
                exact, _ = segment.search(asked, K, mask, None)
                found, _ = segment.search(asked, K, mask, effort)
                assert np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]) > recall - 0.05, name


def test_what_lists_do_not_settle_is_answered_exactly(segment: VectorSegment) -> None:
    effort = segment.effort(K, 0.8)
    assert effort is not None
    with mock.patch.object(mask_plan, "EXACT_ROW", 10**6), mock.patch.object(mask_plan, "MOST_WIDENING", 1):
        asked = queries(200)
        asked = asked[np.argsort(-(asked @ asked[0]))[:5]]
        mask = packed(np.argsort(segment.originals.vectors @ asked.mean(axis=0))[:100])
        exact, found = segment.search(asked, K, mask, None), segment.search(asked, K, mask, effort)
        assert [array.tobytes() for array in found] == [array.tobytes() for array in exact]


def test_what_a_mask_is_against_is_answered_exactly_where_that_is_cheap(segment: VectorSegment) -> None:
    effort = segment.effort(K, 0.95)
    assert effort is not None
    asked = queries(200)
    asked = asked[np.argsort(-(asked @ asked[0]))[:25]]
    with mock.patch.object(mask_plan, "EXACT_ROW", 10**6), mock.patch.object(mask_plan, "SURE", 10**9):
        for name, mask in correlated_masks(asked, segment).items():
            exact, found = segment.search(asked, K, mask, None), segment.search(asked, K, mask, effort)
            same = [a.tobytes() == b.tobytes() for a, b in zip(exact[0], found[0], strict=True)]
            recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact[0], found[0], strict=True)])
            assert recall > 0.9, name
            if name == "far fifth":  # it has something against nearly all of the queries
                assert np.mean(same) > 0.9, name


def test_queries_are_given_up_before_all_their_lists_are_scanned(segment: VectorSegment) -> None:
    asked, probes = queries(200), 16
    asked = asked[np.argsort(-(asked @ asked[0]))[:25]]
    for name, mask in correlated_masks(asked, segment).items():
        lists = segment.index.search(asked.ravel(), K, mask, probes, 3 * K, 2 * K, 0.1, probes)[2][0]
        further = segment.index.search(asked.ravel(), K, mask, probes, 3 * K, 2 * K, 0.1, 2 * probes)[2][0]
        if name == "far fifth":
            assert lists <= len(asked) * probes / 4 < further, name
        elif name == "near half":
            assert lists >= 0.9 * len(asked) * probes, name


@pytest.mark.parametrize("sure", [mask_plan.SURE, 10**9])
@pytest.mark.parametrize("name", masks())
def test_a_query_finds_the_same_alone_and_among_others(segment: VectorSegment, name: str, sure: int) -> None:
    effort = segment.effort(K, 0.8)
    with mock.patch.object(mask_plan, "EXACT_ROW", 10**6), mock.patch.object(mask_plan, "SURE", sure):
        together = segment.search(queries(), K, masks()[name], effort)
        for number, query in enumerate(queries()):
            alone = segment.search(query[None], K, masks()[name], effort)
            assert [array[0].tobytes() for array in alone] == [array[number].tobytes() for array in together]


def test_few_allowed_rows_are_compared_one_by_one(segment: VectorSegment) -> None:
    effort = segment.effort(K, 0.95)
    assert effort is not None
    for count in (1, 5, 20):
        mask = packed(np.random.default_rng(4).permutation(ROWS)[:count])
        assert segment.plan(mask, effort).strategy == "exact"
        exact = segment.search(queries(), K, mask, None)
        found = segment.search(queries(), K, mask, effort)
        assert [array.tobytes() for array in found] == [array.tobytes() for array in exact]
    assert segment.plan(None, None).lists_cost is None


def test_few_vectors_are_compared_one_by_one(tmp_path: Path) -> None:
    segment = made(tmp_path / "c", "cosine", "float32", 2)
    assert segment.lists == 0
    assert segment.calibration.settings == ()
    rows, _ = segment.search(queries(), K, None, Effort(3, 30))
    assert (rows == segment.search(queries(), K, None, None)[0]).all()
    assert (rows % 2 == 1).all()
    segment.validate()
