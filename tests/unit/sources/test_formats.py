"""Guessing formats; folders of text files and BEIR folders; reject files."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure
from rocchio.sources import Reject, RejectFile, StopAtFirst, open_source


def records_of(source) -> list[dict]:
    return [record for batch in source.batches(StopAtFirst()) for record in batch.records]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json-lines", "a.JSONL", "a.b.jsonl", "a.jsonl.gz"])
def test_json_lines_names(tmp_path, name):
    data = b'{"id": "a"}\n'
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert records_of(open_source(tmp_path / name)) == [{"doc_id": "a"}]


def test_format_wins_over_the_name(tmp_path):
    (tmp_path / "a.txt").write_text("id\tx\n1\t2\n")
    assert records_of(open_source(str(tmp_path / "a.txt"), format="tsv")) == [{"doc_id": "1", "x": "2"}]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "a.xlsx",
            {},
            r"cannot guess the format of a.xlsx: expected .jsonl, .ndjson, .csv or .tsv .* or give format",
        ),
        ("a.json", {}, "a .json file that holds one array has to become JSON Lines first"),
        ("a", {}, "cannot guess the format of a: "),
        ("a.gz", {}, "cannot guess the format of a.gz: "),
        (
            "a.jsonl",
            {"format": "xml"},
            "expected format to be one of jsonl, csv, tsv, parquet, folder, beir, found 'xml'",
        ),
        ("a.jsonl", {"format": "beir"}, "expected a folder for format 'beir', found the file"),
        ("a.parquet.gz", {}, "Parquet compresses inside, decompress it first"),
    ],
)
def test_files_that_cannot_be_opened(tmp_path, name, options, message):
    (tmp_path / name).write_text("x")
    with pytest.raises(InvalidArgument, match=message):
        open_source(tmp_path / name, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"expected corpus.jsonl or files ending in .txt, .md, .markdown, .rst in .*, found none"),
        ({"format": "csv"}, "expected a file for format 'csv', found the folder .*; open its files one by one"),
        (
            {"format": "beir"},
            "expected corpus.jsonl, corpus.jsonl.gz, corpus.jsonl.zst in the BEIR folder .*, found none",
        ),
        (
            {"id_field": "x"},
            r"expected no id_field for a folder of text files \(ids are the relative paths\), found 'x'",
        ),
    ],
)
def test_folders_that_cannot_be_opened(tmp_path, options, message):
    with pytest.raises(InvalidArgument, match=message):
        open_source(tmp_path, **options)


@pytest.mark.parametrize("name", ["none.jsonl", "a\0b", "x" * 5000])
def test_missing_paths(tmp_path, name):
    with pytest.raises(NotFound, match=r"expected a file or folder at .*, found nothing; check the path"):
        open_source(tmp_path / name)


def test_beir_folder(tmp_path):
    lines = ['{"_id": "1", "title": "t", "text": "x", "metadata": {}}', '{"_id": "2", "metadata": {"url": "u"}}']
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt") as out:
        out.write("\n".join(lines))
    source = open_source(tmp_path)
    assert records_of(source) == [
        {"doc_id": "1", "title": "t", "text": "x"},
        {"doc_id": "2", "metadata": {"url": "u"}},
    ]
    assert source.size_bytes == (tmp_path / "corpus.jsonl.gz").stat().st_size


def test_text_folder(tmp_path):
    files = {
        "b.txt": "# no heading in plain text",
        "a/one.md": "intro\n\n## First *heading* ##\n# Second",
        "a/two.markdown": "---\ntitle: front matter\n---\nSetext\n======\n",
        "a/three.rst": ".. note\n\nToo long for its line\n---\n\nTitle\n=====\n\ntext",
        "a/four.md": "no heading\r\nat all",
        "a/image.png": "x",
        ".git/x.txt": "x",
        "a/.hidden.md": "x",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    found = records_of(open_source(tmp_path))
    assert [(record["doc_id"], record["title"]) for record in found] == [
        ("a/four.md", "four"),
        ("a/one.md", "First *heading*"),
        ("a/three.rst", "Title"),
        ("a/two.markdown", "Setext"),
        ("b.txt", "b"),
    ]
    assert found[0]["text"] == "no heading\nat all"


def test_text_folder_rejects_other_encodings(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\ntwo \xe9\n")
    (tmp_path / "b.txt").write_text("fine")
    rejects: list[Reject] = []
    batches = list(open_source(tmp_path).batches(rejects.append))
    assert [record["doc_id"] for batch in batches for record in batch.records] == ["b.txt"]
    assert [list(batch.places) for batch in batches] == [[2]]
    assert [(reject.path, reject.line) for reject in rejects] == [(str(tmp_path / "a.txt"), 2)]
    assert rejects[0].reason == "expected UTF-8, found byte 0xe9 at byte 8 of the file"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not UTF-8")
def test_text_folder_rejects_names_that_are_not_utf8(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "w"):  # noqa: PTH123
        pass
    with pytest.raises(BadRecord, match="expected a file name in UTF-8"):
        records_of(open_source(tmp_path))


def test_text_folder_rejects_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    source = open_source(tmp_path)
    with pytest.raises(BadRecord, match=r"a.txt: expected a readable file, found: No such file or directory"):
        records_of(source)

    def broken(self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(StorageFailure, match=r"cannot read .*Input/output error"):
        records_of(source)


def test_reject_file(tmp_path):
    path = tmp_path / "rejects.jsonl"
    with RejectFile(path) as rejects:
        assert not path.exists()
        rejects(Reject("a.jsonl", 3, "why", "caf\u00e9 \ud800"))
        rejects(Reject("a.jsonl", 5, "why not"))
    assert rejects.count == 2
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[0] == {"path": "a.jsonl", "line": 3, "reason": "why", "record": "caf\u00e9 \ud800"}
    assert rows[1]["record"] == ""


def test_no_reject_no_file(tmp_path):
    with RejectFile(tmp_path / "rejects.jsonl") as rejects:
        pass
    assert rejects.count == 0
    assert not (tmp_path / "rejects.jsonl").exists()


def test_reject_file_that_cannot_be_written(tmp_path):
    with pytest.raises(StorageFailure, match="cannot write rejects to"), RejectFile(tmp_path) as rejects:
        rejects(Reject("a", 1, "why"))
