"""`rocchio index --dense`, `rocchio embed`, and searches of texts in a vector field, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.errors.refusal import refused
from tests.unit.encoders.small_models import save_onnx
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument

RECORDS = [
    {"_id": "d1", "title": "Pets", "text": "cats and dogs are pets"},
    {"_id": "d2", "title": "Chase", "text": "dogs chase cats"},
    {"_id": "d3", "title": "Money", "text": "stocks and bonds"},
]


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return str(path)


def test_index_search_embed(tmp_path: Path, source: str) -> None:
    where = str(tmp_path / "c")
    run("index", source, where, "--dense", "lsa(dim=2)")
    found = json.loads(run("search", where, "dog", "--field", "dense", "--json"))
    assert {hit["doc_id"] for hit in found["hits"][:2]} == {"d1", "d2"}
    (tmp_path / "q.jsonl").write_text('{"_id": "q1", "text": "dog"}\n{"_id": "q2", "text": "unheard"}\n')
    made = str(tmp_path / "run.trec")
    run("search", where, "--topics", str(tmp_path / "q.jsonl"), "--field", "dense", "-k", "1", "--output", made)
    assert [line.split()[0] for line in Path(made).read_text().splitlines()] == ["q1"]
    done = json.loads(
        run("embed", where, "--field", "titles", "--encoder", "lsa(dim=3)", "--source", "title", "--json")
    )
    assert (done["field"], done["vectors"], done["before"], done["usage"]) == ("titles", 3, 0, {})
    assert "dense: no text without a vector of lsa(dim=2); nothing was written" in run("embed", where)
    assert "dense: 3 vectors of lsa(dim=2), 3 before" in run("embed", where, "--encoder", "lsa(dim=2)")
    col = rocchio.open(where)
    assert col.schema.fields["titles"].source == ("title",)
    assert "encoder=lsa(dim=3), source=title" in str(col.info().fields["titles"])
    assert "models/lsa" not in run("verify", where)


def test_texts_over_the_limit_are_counted(tmp_path: Path, source: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    save_onnx(tmp_path / "m")
    with pytest.warns(UserWarning, match="cut off"):
        printed = run("index", source, str(tmp_path / "c"), "--dense", f"onnx({tmp_path / 'm'}, max_tokens=4)")
    assert "3 texts longer than onnx(" in " ".join(printed.split())


def test_refused(tmp_path: Path, source: str) -> None:
    where = str(tmp_path / "c")
    with refused(InvalidArgument, "expected an encoder of lsa, st", "found 'bert'"):
        run("index", source, where, "--dense", "bert")
    with refused(InvalidArgument, "expected no field 'dense' beside --dense", "`rocchio embed`"):
        run("index", source, where, "--dense", "lsa", "--vector", "dense:3")
    run("index", source, where)
    with refused(InvalidArgument, "expected no --dense for an existing collection", "`rocchio embed`"):
        run("index", source, where, "--append", "--dense", "lsa")
    with refused(InvalidArgument, "expected an encoder for the field 'dense', found none"):
        run("embed", where)
