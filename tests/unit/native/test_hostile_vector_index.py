"""Vector indexes made to hurt, with checksums that fit: `verify` names what is wrong, searches answer or refuse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.small_lists import MEASURED, RECALL
from tests.unit.native import hostile

import rocchio
from rocchio.errors import Corruption

Arrays = dict[str, np.ndarray]
BLOCK = 64 // 4 * 16 + 2 * 128
"""Bytes of a block of the field v: signs, factors, rows."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "c"
    hostile.make(folder)
    return folder


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "c")
    return tmp_path / "c"


def change_index(folder: Path, change: Callable[[Arrays], Any], field: int = 0) -> None:
    hostile.rewrite_arrays(folder / "segment-00000000" / f"vector-index-{field}.arrays", change)
    hostile.repair(folder)


def problem(folder: Path) -> str:
    """The one thing that `verify` has to say."""
    (found,) = rocchio.open(folder).verify().problems
    assert isinstance(found, Corruption)
    return str(found)


def searched(folder: Path, recall: float) -> list[list[str]]:
    return rocchio.open(folder).search([hostile.VECTORS["v"]] * 2, field="v", k=3, recall=recall).doc_ids[:]


def rows_of(blocks: np.ndarray, block: int) -> np.ndarray:
    """The numbers of the rows of a block, to be changed in place."""
    return blocks[(block + 1) * BLOCK - 128 : (block + 1) * BLOCK].view("<u4")


def test_the_sound_collection_has_lists(copy: Path) -> None:
    segments = rocchio.open(copy).snapshot().segments
    assert [[vectors.lists for vectors in segment.vectors] for segment in segments] == [[4, 3], [4, 3]]
    assert all(vectors.calibration == MEASURED for segment in segments for vectors in segment.vectors)
    assert rocchio.open(copy).verify().ok


def test_a_code_that_is_not_its_vectors(copy: Path) -> None:
    change_index(copy, lambda arrays: arrays["codes"].__setitem__(70, arrays["codes"][70] ^ 1))
    assert "a code of rows 0 to 7 is not its vector's" in problem(copy)
    searched(copy, 1)  # as good as it can be


@pytest.mark.parametrize("place", range(4))
def test_constants_that_are_not_their_vectors(copy: Path, place: int) -> None:
    change_index(copy, lambda arrays: arrays["constants"].__setitem__(8 + place, 0.125))
    assert "a code of rows 0 to 7 is not its vector's" in problem(copy)
    searched(copy, 1)


def test_another_seed_or_mean(copy: Path) -> None:
    change_index(copy, lambda arrays: arrays["seed"].__setitem__(0, 8))
    assert "is not its vector's" in problem(copy)
    change_index(copy, lambda arrays: arrays.update(seed=np.array([7], "u8"), mean=arrays["mean"] + 1))
    assert "is not its vector's" in problem(copy)


def test_a_row_that_no_list_shows(copy: Path) -> None:
    def change(arrays: Arrays) -> None:
        rows = [rows_of(arrays["list_blocks"], block) for block in range(4)]
        for block, size in zip(rows, arrays["list_sizes"].tolist(), strict=True):
            block[:size][block[:size] == 3] = 2

    change_index(copy, change)
    assert "the lists do not show every row that has a vector, and no other" in problem(copy)
    assert all(doc_id for found in searched(copy, RECALL) for doc_id in found)


def test_a_row_without_a_vector_in_a_list(copy: Path) -> None:
    def change(arrays: Arrays) -> None:
        block = 64 // 4 * 16 + 3 * 128
        arrays["list_blocks"][block - 128 : block].view("<u4")[0] = 0

    change_index(copy, change, field=1)
    assert "the lists do not show every row that has a vector, and no other" in problem(copy)
    found = rocchio.open(copy).search(hostile.VECTORS["w"], field="w", k=20, recall=RECALL)
    assert "d00" not in [hit.doc_id for hit in found]


@pytest.mark.parametrize("place", [0, 64 // 4 * 16])  # signs, factors
def test_signs_that_are_not_those_of_their_rows(copy: Path, place: int) -> None:
    def change(arrays: Arrays) -> None:
        arrays["list_blocks"][place] ^= 1

    change_index(copy, change)
    assert "signs in lists 0 to 3 are not those of their rows" in problem(copy)


def without_last(name: str, count: int = 1) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: arrays[name][:-count]})


def with_value(name: str, value: Any, place: int = 0) -> Callable[[Arrays], None]:
    return lambda arrays: arrays[name].__setitem__(place, value)


REFUSED: dict[str, tuple[Callable[[Arrays], Any], str]] = {
    "codes cut": (without_last("codes"), "expected 64 codes for each row"),
    "codes of a row less": (without_last("codes", 64), "expected 64 codes for each row"),
    "constants cut": (without_last("constants"), "an array ends within a row"),
    "constants of a row less": (without_last("constants", 4), "expected 64 codes for each row"),
    "scale negative": (with_value("constants", -1, 0), "constants are out of range"),
    "low not a number": (with_value("constants", np.nan, 1), "constants are out of range"),
    "half square infinite": (with_value("constants", np.inf, 2), "constants are out of range"),
    "error infinite": (with_value("constants", np.inf, 3), "constants are out of range"),
    "centroid's scale huge": (with_value("centroid_constants", 3e38, 0), "constants are out of range"),
    "centroid less": (without_last("centroid_constants", 4), "expected 64 codes for each row"),
    "list less": (without_last("list_sizes"), "expected a size for each centroid"),
    "list of many": (with_value("list_sizes", 2**32 - 1), "expected as many blocks as the sizes of lists say"),
    "blocks cut": (without_last("list_blocks"), "expected as many blocks as the sizes of lists say"),
    "row past the last": (lambda arrays: rows_of(arrays["list_blocks"], 0).__setitem__(0, 8), "a row past the last"),
    "mean of another length": (without_last("mean"), "expected one seed and a mean of 2 numbers"),
    "mean not a number": (with_value("mean", np.nan), "expected one seed and a mean of 2 numbers"),
    "mean huge": (with_value("mean", -1e30), "expected one seed and a mean of 2 numbers up to 1e+16"),
    "no seed": (without_last("seed"), "expected one seed"),
    "seed of another type": (lambda arrays: arrays.update(seed=np.array([7.0])), "expected array 'seed' of u8"),
    "no lists but sizes": (lambda arrays: arrays.pop("list_blocks"), "expected an array 'list_blocks'"),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_indexes_that_contradict_themselves_are_refused(
    copy: Path, change: Callable[[Arrays], Any], reason: str
) -> None:
    change_index(copy, change)
    for recall in (RECALL, 1):
        with pytest.raises(Corruption, match=r"vector-index-0\.arrays") as caught:
            searched(copy, recall)
        assert reason in str(caught.value)
    assert reason in problem(copy)
    # the other field is sound
    assert len(rocchio.open(copy).search(hostile.VECTORS["w"], field="w", k=3, recall=RECALL)) == 3


def change_efforts(folder: Path, efforts: Any) -> None:
    manifest = hostile.read_manifest(folder)
    manifest["segments"][0]["calibrations"][0] = efforts
    hostile.write_manifest(folder, manifest)


@pytest.mark.parametrize(
    "effort",
    [
        [], [10, 0.5, 1], [10, 0.5, 1, 4, 5], [0, 0.5, 1, 4], [10, 0.5, 0, 4], [10, 0.5, 1, 0], [-1, 0.5, 1, 4],
        [10, 1.5, 1, 4], [10, -0.1, 1, 4], [10, 1, 1, 4], [10, "0.5", 1, 4], [10, None, 1, 4], [10, float("nan"), 1, 4],
        [10, float("inf"), 1, 4], [10.0, 0.5, 1, 4], [10, 0.5, True, 4], [10, 0.5, 2**63, 4], "effo", 3, None, {},
    ],
)  # fmt: skip
def test_efforts_that_are_none_are_refused(copy: Path, effort: Any) -> None:
    change_efforts(copy, [effort])
    with pytest.raises(Corruption, match=r"manifest\.json"):
        rocchio.open(copy)


@pytest.mark.parametrize("effort", [[10, 0.8, 2**62, 2**62], [2**62, 0.8, 1, 2**62], [10, 0.8, 1, 1]])
def test_efforts_beyond_the_index_are_as_good_as_all_of_it(copy: Path, effort: Any) -> None:
    exact = searched(copy, 1)
    change_efforts(copy, [effort])
    found = searched(copy, RECALL)
    assert [len(doc_ids) for doc_ids in found] == [3, 3]
    if effort[2] > 4:
        assert found == exact


def test_efforts_without_lists_are_exact(copy: Path) -> None:
    exact = searched(copy, 1)

    def change(arrays: Arrays) -> None:
        for name in ("centroid_codes", "centroid_constants", "list_sizes", "list_blocks"):
            arrays[name] = arrays[name][:0]

    change_index(copy, change)
    assert searched(copy, RECALL) == exact
    assert rocchio.open(copy).verify().ok
