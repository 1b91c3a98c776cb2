"""`rocchio precompute`: what it prints, what it leaves, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.equivalence.test_offline_sums import documents
from tests.errors.refusal import refused
from tests.unit.cli.test_cli_hybrid import rocchio_command
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument, NotFound


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    col = rocchio.create("c", {"text": rocchio.text()})
    col.add([{"doc_id": f"d{row}", "text": f"Alpha beta{row}. Gamma beta{row % 3}."} for row in range(9)])
    col.commit()
    return tmp_path


def test_precompute_search_info_remove(folder: Path) -> None:
    printed = rocchio_command("precompute", "c", "--plan", "bm25", "--queries", "salient(terms=2)", "--keep", "work")
    assert "results of 9 pseudo-queries stored" in printed
    assert sorted(path.name.partition("-")[0] for path in Path("work").iterdir()) == ["queries", "results"]
    found = json.loads(rocchio_command("search", "c", "beta4", "--plan", "offline", "--json"))
    assert found["hits"][0]["doc_id"] == "d4"
    assert "9 pseudo-queries" in rocchio_command("info", "c")
    assert (
        json.loads(rocchio_command("info", "c", "--json"))["offline"]["queries"] == "salient(terms=2, per_document=1)"
    )
    done = json.loads(rocchio_command("precompute", "c", "--plan", "bm25", "--depth", 2, "--json"))
    assert done["cut"] == 0
    assert 9 <= done["entries"] <= 36
    assert "0 results of 0 pseudo-queries stored" in rocchio_command("precompute", "c", "--remove")
    assert "pseudo-queries" not in rocchio_command("info", "c")


def test_what_does_not_fit_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    col = rocchio.open("c")
    col.add(documents(1, 90))
    col.commit()
    whole = json.loads(rocchio_command("precompute", "c", "--plan", "bm25", "--json"))
    monkeypatch.setattr("rocchio.engine.precompute.MIB", whole["size_bytes"] * 3 // 4)
    result = CliRunner().invoke(app, ["precompute", "c", "--plan", "bm25", "--max-mb", "1"], catch_exceptions=False)
    assert "cut to keep to 1 MiB" in result.output
    assert rocchio.open("c").info().offline.size_bytes <= whole["size_bytes"] * 3 // 4


def test_refusals(folder: Path) -> None:
    with refused(InvalidArgument, "expected --remove alone"):
        rocchio_command("precompute", "c", "--remove", "--keep", "work")
    with refused(NotFound, "which is none"):
        rocchio_command("precompute", "c", "--queries", "none.jsonl")
    with refused(InvalidArgument, "expected precomputed feedback"):
        rocchio_command("search", "c", "beta4", "--plan", "offline")


def test_embeddings_of_pseudo_queries(folder: Path) -> None:
    col = rocchio.create("e", {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=4)")})
    col.add([{"doc_id": f"d{row}", "text": f"Alpha beta{row}. Gamma beta{row % 3}."} for row in range(9)])
    col.commit()
    col.close()
    printed = rocchio_command("precompute", "e", "--embeddings", "v", "--per-document", "2")
    assert "vectors of 9 documents stored" in printed
    plan = "bm25 >> pseudo_embeddings"
    assert json.loads(rocchio_command("search", "e", "beta4", "--plan", plan, "--json"))["hits"]
    done = json.loads(rocchio_command("precompute", "e", "--embeddings", "v", "--per-document", "1", "--json"))
    assert done["entries"] == 9
    assert json.loads(rocchio_command("precompute", "e", "--embeddings", "v", "--remove", "--json"))["entries"] == 0
    for more in (["--keep", "work"], ["--plan", "bm25"]):
        with refused(InvalidArgument, "expected --embeddings without --plan and --keep"):
            rocchio_command("precompute", "e", "--embeddings", "v", *more)
