"""Damaged passages: flipped bits are harmless or reported, and bytes that lie with sound checksums crash nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.native import hostile

import rocchio
from rocchio.errors import Corruption, DataError, NotFound

PASSAGES = "passages.arrays"
QUERIES = ["alpha", "beta gamma", {"delta": 1.5, "alpha": -0.5}]
ROUNDS = 100


def make(folder: Path) -> None:
    """Two segments, the first with a deletion; documents of one to five passages."""
    fields = {
        "title": rocchio.text(),
        "text": rocchio.text(passages="passages(tokens=3, overlap=1)"),
        "latent": rocchio.vector(encoder="lsa(dim=2)"),
        "whole": rocchio.vector(2, metric="l2"),
    }
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    for part in range(2):
        words = ["alpha beta", "gamma. delta é", "", "beta. alpha gamma delta. alpha " * part]
        col.add(
            {"doc_id": f"d{part}{i}", "title": f"t{i}", "text": " ".join(words[: i + 1]), "whole": [i, part]}
            for i in range(4)
        )
        col.commit()
    col.delete(["d01"])
    col.commit()


def answers(folder: Path) -> list[Any]:
    """Everything that passages play a part in."""
    col = rocchio.open(folder)
    out: list[Any] = [len(col), col.schema, col.info().passages]
    for query in QUERIES:
        for hit in col.search(query, k=20, field=["title", "text"]):
            out.append((hit.doc_id, hit.score, hit.fields, hit.passage, hit.why()))
        out.append(col.search([query], k=2, field="text").doc_ids[0])
    for hit in col.search("alpha gamma", k=20):
        out.append((hit.doc_id, hit.score, hit.passage, hit.why(), hit.vector("latent").tolist()))
    out += [(hit.doc_id, hit.score, hit.vector("whole").tolist()) for hit in col.search([1, 1], field="whole")]
    out += [doc_id in col for doc_id in ("d00", "d01", "d13", "nope")]
    return [*out, col.get("d13")]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flips") / "c"
    make(folder)
    return folder


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "c")
    return tmp_path / "c"


def test_flipped_bits_are_harmless_or_reported(sound: Path, slow: bool) -> None:
    expected = answers(sound)
    reported = harmless = 0
    for path in sorted(path for path in sound.rglob("*") if path.is_file() and path.name != "writer.lock"):
        content = path.read_bytes()
        for offset in range(0, len(content), 1 if slow or path.name == PASSAGES else 11):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << offset % 8
            path.write_bytes(damaged)
            try:
                assert answers(sound) == expected, f"silent wrong answer: {path.name} byte {offset}"
                harmless += 1
            except DataError:
                reported += 1
        path.write_bytes(content)
    assert reported > 0.9 * (reported + harmless)
    assert answers(sound) == expected


def escaped(folder: Path) -> list[str]:
    """Errors other than DataError, whatever is done with the collection."""
    found: list[str] = []

    def change() -> None:
        col = rocchio.open(folder)
        col.upsert({"doc_id": "d00", "text": "alpha new. words here and more"})
        col.delete(["d13"])
        col.commit()
        col.search("alpha")

    steps: list[Callable[[], Any]] = [
        lambda: answers(folder),
        lambda: [hit.passage for hit in rocchio.open(folder).search("alpha beta gamma delta", k=20, field="text")],
        lambda: rocchio.open(folder).verify(),
        lambda: rocchio.open(folder).explain("alpha", "d13"),
        change,
        lambda: rocchio.open(folder).compact(),
        lambda: rocchio.open(folder).embed("latent", "lsa(dim=3)"),
    ]
    for step in steps:
        try:
            step()
        except (DataError, NotFound):
            continue
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def test_random_damage_with_sound_checksums(sound: Path, tmp_path: Path, slow: bool) -> None:
    for seed in range(ROUNDS * (10 if slow else 1)):
        folder = tmp_path / str(seed)
        shutil.copytree(sound, folder)
        dice = random.Random(seed)
        path = dice.choice(sorted(folder.rglob(PASSAGES)))
        if seed % 2:
            hostile.rewrite_arrays(path, lambda arrays, dice=dice: hostile.mutate_arrays(arrays, dice))
        else:
            path.write_bytes(hostile.mutate_bytes(path.read_bytes(), dice))
        hostile.repair(folder)
        assert not escaped(folder), seed
        shutil.rmtree(folder)


def changed(name: str, place: int, value: int) -> Callable[[dict[str, np.ndarray]], None]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays[name][place] = value

    return change


def shortened(name: str) -> Callable[[dict[str, np.ndarray]], None]:
    return lambda arrays: arrays.update({name: arrays[name][:-1]})


RULES = {
    "documents do not begin with row 0": changed("first_rows", 0, 1),
    "documents end before the rows": changed("first_rows", -1, 5),
    "a document without rows": changed("first_rows", 1, 0),
    "first rows decrease": changed("first_rows", 2, 0),
    "a first row too few": shortened("first_rows"),
    "a beginning too few": shortened("begins"),
    "an end too few": shortened("ends"),
    "a passage ends before it begins": changed("begins", -1, 2**40),
    "an end beyond the text": changed("ends", -1, 2**40),
    "a place that is no int64": changed("ends", -1, 2**63),
    "a text is not covered from its beginning": changed("begins", 0, 1),
    "a gap between passages": changed("ends", -2, 1),
    "passages begin at one place": changed("begins", -1, 0),
}


@pytest.mark.parametrize("change", RULES.values(), ids=list(RULES))
def test_verify_tells_what_breaks_a_rule(copy: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    hostile.rewrite_arrays(copy / "segment-00000001" / PASSAGES, change)
    hostile.repair(copy)
    try:
        problems = rocchio.open(copy).verify().problems
    except Corruption as error:
        problems = (error,)
    assert len(problems) == 1
    assert "segment-00000001" in str(problems[0])


def test_a_document_deleted_in_part_is_refused(copy: Path) -> None:
    (path,) = copy.rglob("tombstones*")
    data = bytearray(path.read_bytes())
    data[24] ^= 0b100  # the live rows come after a header of 24 bytes; row 2 is of the deleted document
    path.write_bytes(data)
    manifest = hostile.read_manifest(copy)
    manifest["segments"][0]["deleted"] -= 1
    hostile.write_manifest(copy, manifest)
    hostile.repair(copy)
    with pytest.raises(Corruption, match="a document is deleted in part"):
        rocchio.open(copy)


@pytest.mark.parametrize("documents", [3, 9, -1, None, "4"])
def test_a_manifest_that_miscounts_documents_is_refused(copy: Path, documents: Any) -> None:
    manifest = hostile.read_manifest(copy)
    manifest["segments"][1]["documents"] = documents
    hostile.write_manifest(copy, manifest)
    with pytest.raises(Corruption):
        rocchio.open(copy)


def test_a_manifest_of_other_passages_is_refused(copy: Path) -> None:
    manifest = hostile.read_manifest(copy)
    for passages in ("passages(tokens=0)", "x", 3, None):
        manifest["schema"]["fields"]["text"]["passages"] = passages
        hostile.write_manifest(copy, manifest)
        with pytest.raises(Corruption, match="the manifest cannot be read"):
            rocchio.open(copy)
    del manifest["schema"]["fields"]["text"]["passages"]
    hostile.write_manifest(copy, manifest)
    with pytest.raises(Corruption, match=f"found .*{PASSAGES}"):
        rocchio.open(copy)
