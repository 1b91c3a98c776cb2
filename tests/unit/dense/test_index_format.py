"""An index file is what docs/formats/vector-index.md says, written down once more as plainly as there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import rocchio
from rocchio.dense import index_writer
from rocchio.dense.index_format import INDEX_ARRAYS, Floats
from rocchio.dense.index_writer import write_index
from rocchio.dense.originals import Originals
from rocchio.dense.writer import VectorWriter
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.checked import MappedFile
from rocchio.storage.directory import LocalDirectory

Arrays = dict[str, npt.NDArray[Any]]
ROWS = 90
F = np.float32
MASK = 2**64 - 1


def split_mix(state: int, count: int) -> list[int]:
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        numbers.append(z ^ z >> 31)
    return numbers


def hadamard(values: Floats) -> Floats:
    values, half = values.copy(), 1
    while half < len(values):
        for first in range(0, len(values), 2 * half):
            a, b = values[first : first + half].copy(), values[first + half : first + 2 * half].copy()
            values[first : first + half], values[first + half : first + 2 * half] = a + b, a - b
        half *= 2
    return values


def rotated(x: Floats, width: int, seed: int) -> Floats:
    span = 2 ** (width.bit_length() - 1)
    values = np.zeros(width, F)
    values[: len(x)] = x
    signs = np.array([1 if number & 1 else -1 for number in split_mix(seed, 4 * width)], F).reshape(4, width)
    for number, sign in enumerate(signs):
        first = 0 if number % 2 == 0 else width - span
        sign[first : first + span] *= F(1) / np.sqrt(F(span))
        values *= sign
        values[first : first + span] = hadamard(values[first : first + span])
        if span < width:
            a, b = values[: width // 2].copy(), values[width // 2 :].copy()
            values[: width // 2], values[width // 2 :] = (a + b) * np.sqrt(F(0.5)), (a - b) * np.sqrt(F(0.5))
    return values


def coded(values: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    """A code, with its scale, low and half square."""
    low = values.min()
    scale = (values.max() - low) / F(255)
    code = ((values - low) * (F(1) / scale) + F(0.5)).clip(0, 255).astype(np.uint8)
    return code, np.array([scale, low, (values.astype(np.float64) ** 2).sum() / 2], F)


def written(folder: Path, field: Any, vectors: Floats) -> Arrays:
    directory = LocalDirectory(folder)
    writer = VectorWriter(directory, "originals", field)
    writer.add(vectors, np.ones(len(vectors), np.bool_))
    file = ArrayFile(MappedFile(directory, "originals", writer.finish()))
    info = write_index(directory, "index", Originals(file, len(vectors), field), field)
    index = ArrayFile(MappedFile(directory, "index", info))
    return {name: index.array(name, dtype) for name, dtype in INDEX_ARRAYS.items()}


@pytest.fixture(params=[(20, "ip"), (64, "l2"), (130, "l2"), (200, "ip"), (300, "cosine")])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Floats, Arrays]:
    dim, metric = request.param
    monkeypatch.setattr(index_writer, "LEAST_ROWS", 10)
    monkeypatch.setattr(index_writer, "ROWS_OF_LIST", 30)
    vectors = np.random.default_rng(1).normal(1, 2, size=(ROWS, dim)).astype(np.float32)
    field = rocchio.vector(dim, metric=metric)
    return field, vectors, written(tmp_path, field, vectors)


def test_codes_and_their_constants(made: tuple[Any, Floats, Arrays]) -> None:
    field, vectors, arrays = made
    width = -(-field.dim // 64) * 64
    codes = arrays["codes"].reshape(ROWS, width)
    constants = arrays["constants"].reshape(ROWS, 4)
    if field.metric == "cosine":
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        vectors = vectors * (1 / lengths).astype(np.float32)
    assert arrays["seed"].tolist() == [7]
    assert arrays["mean"] == pytest.approx(vectors.mean(axis=0), abs=1e-6)
    for row in range(0, ROWS, 7):
        values = rotated(vectors[row] - arrays["mean"], width, 7)
        code, expected = coded(values)
        if field.metric == "cosine":  # lengths are sums in another order
            assert np.abs(code.astype(int) - codes[row]).max() <= 1
        else:
            assert (code == codes[row]).all()
            assert constants[row, :2].tolist() == expected[:2].tolist()
        assert constants[row, 2] == pytest.approx(expected[2], rel=1e-5)
        lost = np.linalg.norm(values.astype(np.float64) - (float(expected[0]) * code + float(expected[1])))
        assert lost * 0.999 <= constants[row, 3] <= lost + 2e-4 * np.linalg.norm(vectors[row])


def test_blocks(made: tuple[Any, Floats, Arrays]) -> None:
    field, _, arrays = made
    width = -(-field.dim // 64) * 64
    sign_bytes, parts = width // 4 * 16, 3 if field.metric == "l2" else 2

    def decoded(codes: str, constants: str, number: int) -> Floats:
        scale, low, _, _ = arrays[constants].reshape(-1, 4)[number]
        values: Floats = arrays[codes].reshape(-1, width)[number] * scale + low
        return values

    blocks = iter(arrays["list_blocks"].reshape(-1, sign_bytes + 128 * parts))
    listed: list[int] = []
    for number, size in enumerate(arrays["list_sizes"].tolist()):
        centroid = decoded("centroid_codes", "centroid_constants", number)
        for first in range(0, size, 32):
            block = next(blocks)
            signs = block[:sign_bytes].reshape(-1, 16)
            numbers = [block[sign_bytes + 128 * i : sign_bytes + 128 * (i + 1)] for i in range(parts)]
            factors, rows = numbers[0].view("<f4"), numbers[-1].view("<u4")
            count = min(32, size - first)
            assert not factors[count:].any()
            assert not rows[count:].any()
            for place, row in enumerate(rows[:count].tolist()):
                residual = decoded("codes", "constants", row) - centroid
                half = signs[:, place % 16] >> (4 if place >= 16 else 0) & 15
                bits = (half[:, None] >> np.arange(4) & 1).ravel()
                assert (bits == (residual > 0)).all()
                exact = residual.astype(np.float64)
                assert factors[place] == pytest.approx((exact**2).sum() / np.abs(exact).sum(), rel=1e-6)
                if field.metric == "l2":
                    assert numbers[1].view("<f4")[place] == -arrays["constants"].reshape(-1, 4)[row, 2]
                listed.append(row)
    assert next(blocks, None) is None
    assert np.bincount(listed).tolist() == [2] * ROWS
