"""`rocchio index --passages`: long documents on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.errors.refusal import refused
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.cli.passages import split_longest
from rocchio.errors import InvalidArgument

FILLER = "Nothing of note was said there on that day. " * 20


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    records = [
        {"_id": "a", "title": "Birds", "text": f"{FILLER} The wing of a bird lifts. {FILLER}"},
        {"_id": "b", "title": "Money", "text": f"{FILLER} Stocks and bonds. {FILLER}"},
        {"_id": "c", "title": "Short", "text": "A note."},
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if code == 0 and result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def test_index_search_and_embed(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    said = run("index", corpus, folder, "--dense", "lsa(dim=2)", "--passages")
    assert "splitting text into passages(tokens=200, overlap=30)" in said
    assert "3 documents" in said
    col = rocchio.open(folder)
    assert str(col.schema.fields["text"]) == "text(passages=passages(tokens=200, overlap=30))"
    assert len(col) == 3
    assert col.info().passages == 6
    assert "passages" in run("info", folder)
    found = json.loads(run("search", folder, "wing of birds", "--mode", "lexical", "-k", 1, "--json"))["hits"][0]
    passage = found["passage"]
    assert found["doc_id"] == "a"
    assert passage["text"] == found["fields"]["text"][passage["start"] : passage["end"]]
    assert "wing" in passage["text"]
    shown = run("search", folder, "wing of birds", "-k", 1)
    assert "The wing of a bird lifts." in shown
    assert "Birds" in shown
    run("embed", folder, "--field", "dense", "--encoder", "lsa(dim=3)")
    run("embed", folder, "--field", "other", "--encoder", "lsa(dim=2)", "--source", "title")
    topics = tmp_path / "topics.tsv"
    topics.write_text("q1\twing\nq2\tbonds\n")
    for mode, field in (("lexical", "text"), ("dense", "dense")):
        output = tmp_path / f"{mode}.trec"
        run("search", folder, "--topics", topics, "--mode", mode, "--field", field, "--output", output)
    best = [line.split() for line in (tmp_path / "lexical.trec").read_text().splitlines()]
    assert [(row[0], row[2]) for row in best] == [("q1", "a"), ("q2", "b")]
    dense = [line.split() for line in (tmp_path / "dense.trec").read_text().splitlines()]
    assert len({(row[0], row[2]) for row in dense}) == len(dense) > 2
    assert "1 document deleted" in run("delete", folder, "a")
    assert "sound" in run("verify", folder)
    run("index", corpus, folder, "--upsert")
    assert len(rocchio.open(folder)) == 3


def test_a_size_of_ones_own(corpus: Path, tmp_path: Path) -> None:
    run("index", corpus, tmp_path / "c", "--text", "title,text", "--passage-size", "100, 10", "--json")
    field = rocchio.open(tmp_path / "c").schema.fields["text"]
    assert field.passages == rocchio.passages(100, 10)


def test_what_cannot_be(corpus: Path, tmp_path: Path) -> None:
    for size in ("200", "a,b", "200,30,1", "", "-3,1"):
        with refused(InvalidArgument, "expected --passage-size as tokens and overlap like 200,30", f"found {size!r}"):
            run("index", corpus, tmp_path / "c", f"--passage-size={size}")
    with refused(InvalidArgument, "expected overlap of passages as a whole number from 0 to 9, found 10"):
        run("index", corpus, tmp_path / "c", "--passage-size", "10,10")
    assert not (tmp_path / "c").exists()
    run("index", corpus, tmp_path / "c")
    for option in (["--passages"], ["--passage-size", "10,1"]):
        with refused(InvalidArgument, "expected no fields, no passages and no analyzer for an existing collection"):
            run("index", corpus, tmp_path / "c", "--append", *option)
    with refused(InvalidArgument, "expected a text field to split into passages, found none"):
        split_longest({"v": rocchio.vector(2)}, [], None)
