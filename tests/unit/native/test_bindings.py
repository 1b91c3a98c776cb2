"""What the extension's functions refuse: wrong shapes are exceptions, not crashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio._native import (
    CheckedFile,
    SegmentBuilder,
    SegmentMerger,
    chunk_checksums,
    crc32c,
    encode_elias_fano,
    encode_packed,
)
from rocchio.errors import Corruption


def test_crc32c() -> None:
    assert crc32c(np.frombuffer(b"123456789", np.uint8)) == 0xE3069283
    assert crc32c(np.empty(0, np.uint8)) == 0
    assert chunk_checksums(np.empty(0, np.uint8)).tolist() == []
    strided = np.arange(200, dtype=np.uint8)[::2]
    assert crc32c(strided) == crc32c(strided.copy())


def test_checked_file() -> None:
    data = np.arange(100, dtype=np.uint8)
    file = CheckedFile("f", data, chunk_checksums(data))
    file.ensure(0, 100)
    for begin, end in ((0, 101), (5, 4), (0, 2**64 - 1)):
        with pytest.raises(Corruption, match="damaged file f at byte"):
            file.ensure(begin, end)
    with pytest.raises(TypeError):
        file.ensure(-1, 5)
    with pytest.raises(Corruption, match="number of checksums"):
        CheckedFile("f", data, np.empty(0, np.uint32))


KEEP = """
import numpy as np
from rocchio._native import CheckedFile, chunk_checksums
data = np.random.default_rng(1).integers(0, 256, 2_000_000, np.uint8)[::2]
file = CheckedFile("f", data, chunk_checksums(data))
others = [np.full(1_000_000, i, np.uint8) for i in range(20)]
print(len(file.damaged_chunks()))
"""


def test_checked_file_of_an_array_with_gaps() -> None:
    done = subprocess.run([sys.executable, "-c", KEEP], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n") or "TypeError" in done.stderr


def test_builder() -> None:
    ids, offsets = np.array([0, 1], np.uint32), np.array([0, 2], np.int64)
    with pytest.raises(ValueError, match="at least one text field"):
        SegmentBuilder(0)
    builder = SegmentBuilder(1)
    for bad in (
        ([ids], [offsets], 1),
        ([ids], [offsets[:1]], 2),
        ([], [], 2),
        ([ids], [], 2),
        ([ids], [-offsets], 2),
    ):
        with pytest.raises(ValueError, match="expected"):
            builder.add(*bad)
    builder.add([ids], [offsets], 2)
    names = np.frombuffer(b"ab", np.uint8)
    for ends in ([0, 1], [0, 1, 3], [0, 2, 1], [-1, 1, 2], []):
        with pytest.raises(ValueError, match="expected"):
            builder.finish(names, np.array(ends, np.int64))
    assert builder.finish(names, np.array([0, 1, 2], np.int64))["posting_counts"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="at least one segment"):
        SegmentMerger([])


def test_codecs() -> None:
    with pytest.raises(ValueError, match="do not decrease"):
        encode_elias_fano(np.array([2, 1], np.uint64))
    assert encode_elias_fano(np.array([2, 2, 5], np.uint64)).tolist()[:2] == [3, 5]
    assert encode_packed(np.array([1, 0, 3], np.uint32)).tolist() == [2, 0b110001]
    assert encode_packed(np.empty(0, np.uint32)).tolist() == [0]


def test_find_code(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    col.add({"doc_id": f"d{i}", "text": "odd " * (i % 2 * (1 + i % 7)) + "all"} for i in range(1000))
    col.commit()
    (segment,) = (opened.lexical for opened in col.snapshot().segments)
    term = segment.find_term("odd")
    assert term is not None
    rows, codes = segment.postings(term)
    found = {row: segment.find_code(term, row) for row in range(1001)}
    assert {row: code for row, code in found.items() if code is not None} == dict(zip(rows, codes, strict=True))
    with pytest.raises(Corruption, match="outside its sequence"):
        segment.find_code(segment.term_count, 0)


SEARCH = """
import sys, tempfile, numpy as np, rocchio
from rocchio._native import Kernel
col = rocchio.create(tempfile.mkdtemp() + "/c", fields={"text": rocchio.text()}, analyzer="whitespace")
col.add({"doc_id": f"d{i}", "text": "alpha"} for i in range(3000))
col.commit()
searcher = col.snapshot().searcher(rocchio.Bm25(), None)
term = np.frombuffer(b"alpha", np.uint8), np.array([0, 5], np.int64)
def search(offsets=(0, 1), terms=(0,), weights=(1.0,), k=3, allowed=()):
    arrays = np.array(offsets, np.uint64), np.array(terms, np.uint32), np.array(weights, np.float64)
    return searcher.search(*term, *arrays, k, list(allowed), Kernel.automatic)
try:
    search(**eval(sys.argv[1]))
except (ValueError, TypeError, IndexError) as error:
    print("refused:", error)
else:
    print("answered")
"""


def outcome(arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", SEARCH, arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"died with {done.returncode}"
    return done.stdout


def test_search_refuses_wrong_batches() -> None:
    assert outcome("{}") == "answered\n"
    wrong = ["offsets=[]", "offsets=[1, 1]", "offsets=[0, 2]", "offsets=[0, 1, 0]", "terms=[1]", "weights=[]"]
    for arguments in wrong:
        assert outcome(f"dict({arguments})").startswith("refused: expected"), arguments
    assert outcome("dict(allowed=[np.full(375, 255, np.uint8)])") == "answered\n"


@pytest.mark.parametrize(
    "arguments",
    ["dict(k=0)", "dict(allowed=[np.empty(0, np.uint8)] * 3)", "dict(allowed=[np.full(10, 255, np.uint8)])"],
)
def test_search_refuses_k_0_and_masks_that_do_not_fit(arguments: str) -> None:
    assert outcome(arguments).startswith("refused: expected")
