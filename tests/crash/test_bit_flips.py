"""Every flipped bit in every file of a collection is harmless or reported as corruption: exhaustively."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.small_lists import RECALL, small_lists

import rocchio
from rocchio.errors import DataError

FILTERS = ["year > 1", "tag = 'tag2' OR tag STARTS WITH 'tag3'", "NOT flag", "day < '2020-01-03'", "doc_id > 'd1'"]
QUERIES = ["alpha", "beta gamma", {"delta": 1.5, "alpha": -0.5}]


def make(folder: Path) -> None:
    fields = {
        "title": rocchio.text(boost=2.0),
        "text": rocchio.text(),
        "year": rocchio.number(),
        "tag": rocchio.keyword(),
        "flag": rocchio.bool(),
        "day": rocchio.date(),
        "weights": rocchio.sparse(),
        "v": rocchio.vector(2),
        "latent": rocchio.vector(encoder="lsa(dim=2)"),
        "w": rocchio.vector(3, metric="l2", dtype="float16"),
    }
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    for part in range(2):
        col.add(
            {
                "doc_id": f"d{part}{i}",
                "title": f"alpha {i}",
                "text": "beta gamma delta"[: 4 + i],
                "year": i,
                "tag": ["x", f"tag{i}"],
                "flag": i > 1 if i else None,
                "day": f"2020-01-0{i + 1}",
                "weights": {"alpha": 0.5 + i, "beta": 1.25},
                "v": [i + 0.25, 1.0],
                "w": [i, 0.5, -1] if i else None,
            }
            for i in range(4)
        )
        col.commit()
    col.delete(["d01"])
    col.commit()


def answers(folder: Path) -> list[Any]:
    """Everything a user can get out: rankings, stored fields, counts, explanations."""
    col = rocchio.open(folder)
    out: list[Any] = [len(col), col.schema]
    for query in QUERIES:
        for hit in col.search(query, k=20):
            out.append((hit.doc_id, hit.score, hit.fields, hit.why()))
    for hit in col.search({"alpha": 1.5, "beta": 2.0}, field="weights", k=20):
        out.append((hit.doc_id, hit.score, hit.why()))
    for field, query in {"v": [1.0, 0.5], "w": [0.0, 1.0, 2.0]}.items():
        out.append(col.search([query], field=field, k=3, recall=RECALL).doc_ids[0])
        for hit in col.search(query, field=field, k=20, recall=1):
            out.append((hit.doc_id, hit.score, hit.why(), hit.vector(field).tolist()))
    for hit in col.search("alpha gamma", field="latent", k=20):
        out.append((hit.doc_id, hit.score, hit.why(), hit.vector("latent").tolist()))
    for where in FILTERS:
        out += [col.count(where), *(hit.doc_id for hit in col.search("alpha", k=20, where=where))]
    out += [doc_id in col for doc_id in ("d00", "d01", "d13", "nope")]
    return out


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flips") / "c"
    with small_lists():
        make(folder)
    return folder


def test_every_flipped_bit_is_harmless_or_reported(sound: Path, slow: bool) -> None:
    expected = answers(sound)
    files = [path for path in sorted(sound.rglob("*")) if path.is_file() and path.name != "writer.lock"]
    assert {path.name.split("-")[0] for path in files} == {
        "manifest.json", "checksums.bin", "index.arrays", "documents.arrow", "tombstones", "sparse", "vectors",
        "vector", "lsa", "columns.arrays",
    }  # fmt: skip
    reported = harmless = 0
    for path in files:
        content = path.read_bytes()
        # every byte; every bit of it with --slow, a different one for each byte otherwise. A vector index is verified
        # whole before any of it is used, small columns are of one chunk, so that some of their bytes stand for all
        for offset in range(
            0, len(content), 1 if slow or not path.name.startswith(("vector-index", "columns")) else 13
        ):
            for bit in range(8) if slow else (offset % 8,):
                damaged = bytearray(content)
                damaged[offset] ^= 1 << bit
                path.write_bytes(damaged)
                try:
                    assert answers(sound) == expected, f"silent wrong answer: {path.name} byte {offset} bit {bit}"
                    harmless += 1
                except DataError:
                    reported += 1
        path.write_bytes(content)
    assert reported > 0.9 * (reported + harmless)
    assert answers(sound) == expected


def test_verify_reports_every_damaged_file(sound: Path) -> None:
    for path in sorted(sound.rglob("*")):
        if path.name in ("writer.lock", "manifest.json") or not path.is_file():
            continue
        content = path.read_bytes()
        damaged = bytearray(content)
        damaged[len(content) // 2] ^= 0x10
        path.write_bytes(damaged)
        try:
            problems = rocchio.open(sound).verify().problems
            assert problems
            assert str(path) in str(problems[0])
        except DataError as error:
            assert str(path) in str(error)
        finally:
            path.write_bytes(content)


@pytest.mark.parametrize("kept", [0, 1, 7, 0.5, -1])
def test_truncated_files_are_reported(sound: Path, kept: float) -> None:
    for path in sorted(sound.rglob("*")):
        if path.name == "writer.lock" or not path.is_file():
            continue
        content = path.read_bytes()
        size = int(len(content) * kept) if isinstance(kept, float) else kept if kept >= 0 else len(content) + kept
        if size >= len(content):
            continue  # the checksums of a model of one chunk have four bytes
        path.write_bytes(content[:size])
        with pytest.raises(DataError):
            answers(sound)
        path.write_bytes(content)
