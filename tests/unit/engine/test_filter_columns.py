"""Where the columns of filters come from: their file, or the documents of segments from before there was one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.native import hostile

import rocchio
from rocchio.errors import Corruption, InvalidArgument

FILTERS = {"year >= 3": 3, "tags = 'even'": 3, "year = 1 OR day > '2020-01-05'": 2, "NOT ok": 2, "ok IS NULL": 1}


def filled(folder: Path) -> rocchio.Collection:
    fields = {"text": rocchio.text(), "year": rocchio.number(), "tags": rocchio.keyword()}
    col = rocchio.create(folder, fields={**fields, "ok": rocchio.bool(), "day": rocchio.date()})
    col.add(
        {
            "doc_id": f"d{n}",
            "text": "alpha",
            "year": n,
            "tags": ["odd" if n % 2 else "even", "all"],
            "ok": n > 2 if n else None,
            "day": f"2020-01-0{n + 1}",
        }
        for n in range(6)
    )
    col.commit()
    return col


def make_old(folder: Path) -> None:
    """As format version 2 would have written it."""
    manifest = hostile.read_manifest(folder)
    manifest["format_version"] = 2
    for entry in manifest["segments"]:
        del entry["sizes"]["columns.arrays"]
        (folder / entry["name"] / "columns.arrays").unlink()
    hostile.write_manifest(folder, manifest)
    hostile.repair(folder)


def test_collections_of_format_version_2_are_read_and_get_columns_when_merged(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    make_old(tmp_path / "c")
    col = rocchio.open(tmp_path / "c")
    assert {where: col.count(where) for where in FILTERS} == FILTERS
    assert col.verify().ok
    col.delete(["d5"])
    col.commit()
    assert hostile.read_manifest(tmp_path / "c")["format_version"] == 3
    assert not list((tmp_path / "c").rglob("columns.arrays"))
    assert rocchio.open(tmp_path / "c").count("year >= 3") == 2
    col.compact()
    assert len(list((tmp_path / "c").rglob("columns.arrays"))) == 1
    assert rocchio.open(tmp_path / "c").count("year >= 3") == 2
    assert col.verify().ok


def test_collections_without_such_fields_have_no_columns(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    col.add({"doc_id": "a", "text": "x"})
    col.add({"doc_id": "b", "text": "x"})
    col.commit()
    assert not list((tmp_path / "c").rglob("columns.arrays"))
    assert col.count("doc_id > 'a'") == 1
    assert [hit.doc_id for hit in col.search("x", where="doc_id = 'b'")] == ["b"]


def test_columns_that_say_something_else_than_the_documents_are_reported(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    (path,) = (tmp_path / "c").rglob("columns.arrays")
    hostile.rewrite_arrays(path, lambda arrays: arrays["0.values"].__setitem__(1, 1.5))
    hostile.repair(tmp_path / "c")
    problems = rocchio.open(tmp_path / "c").verify().problems
    assert any("'0.values' does not say what the documents hold" in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("array", "value", "where", "reason"),
    [
        ("0.present", [255], "NOT year = 1", "present has more rows than the segment"),
        ("0.present", [1, 1], "NOT year = 1", "expected 1 items of present, found 2"),
        ("0.ends", [6, 5, 4, 3, 2, 1], "year = 1", "ends do not increase"),
        ("1.text_offsets", [0, 9, 3, 10], "tags = 'odd'", "text_offsets do not increase from 0"),
        ("1.text_offsets", [0, 3, 7, 11], "tags = 'odd'", "text_offsets do not end where texts do"),
        ("1.set_offsets", [0, 99, 5, 6], "tags = 'odd'", "set_offsets do not increase"),
        ("1.sets", [0, 0, 0, 0, 255] * 3, "tags > ''", "a bitmap of rows goes on behind the last one"),
    ],
)
def test_impossible_columns_are_refused(tmp_path: Path, array: str, value: list[int], where: str, reason: str) -> None:
    filled(tmp_path / "c")
    (path,) = (tmp_path / "c").rglob("columns.arrays")

    def change(arrays: dict[str, np.ndarray]) -> None:
        assert array in arrays
        arrays[array] = np.array(value, arrays[array].dtype)

    hostile.rewrite_arrays(path, change)
    hostile.repair(tmp_path / "c")
    col = rocchio.open(tmp_path / "c")
    with pytest.raises(Corruption, match=reason):
        col.count(where)


def test_reports_of_filters(tmp_path: Path) -> None:
    col = filled(tmp_path / "c")
    report = col.explain_filter("year >= 3 AND (tags = 'odd' OR ok) AND year >= 3")
    assert (report.count, report.documents, report.selectivity) == (3, 6, 0.5)
    assert dict(report.parts) == {"ok = TRUE": 3, "tags = 'odd'": 3, "year >= 3": 3}
    assert str(report).startswith("(ok = TRUE OR tags = 'odd') AND year >= 3: 3 of 6 documents (50.00%)\n")
    with pytest.raises(InvalidArgument, match="expected a vector field of none, found 'year'"):
        col.explain_filter("year >= 3", "year")
