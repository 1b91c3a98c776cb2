"""`rocchio search --plan`, with marks: what is printed, written and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.errors.refusal import refused
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument
from rocchio.sources import read_run

TEXTS = {
    "a1": "wing flutter at high speed",
    "a2": "flutter and vibration of an aerofoil at high speed",
    "a3": "vibration of an aerofoil in a wind tunnel",
    "a4": "flutter of a flag in the wind",
}
PLAN = "bm25 >> rocchio(most_share=1.0) >> bm25"


def command(*arguments: object) -> str:
    """What a command prints. Raises what it raises."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    col = rocchio.create(folder / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)}, analyzer="whitespace")
    col.add({"doc_id": doc_id, "text": text, "v": [len(text), 1.0]} for doc_id, text in TEXTS.items())
    col.commit()
    (folder / "topics.tsv").write_text("q1\tflutter\nq2\tabsent\nq3\twind\n")
    return folder


def test_a_query(folder: Path) -> None:
    found = json.loads(command("search", folder / "c", "flutter", "--plan", PLAN, "-k", 2, "--explain", "--json"))
    hits = rocchio.open(folder / "c").search("flutter", 2, plan=PLAN)
    assert [hit["doc_id"] for hit in found["hits"]] == [hit.doc_id for hit in hits]
    assert found["query"] == "flutter"
    assert {part["term"] for part in found["hits"][0]["why"]} >= {"flutter"}
    fused = json.loads(command("search", folder / "c", "wind", "--plan", f"rrf(bm25, {PLAN})", "--explain", "--json"))
    assert [part["part"] for part in fused["hits"][0]["why"]] == [
        "bm25(k1=0.9, b=0.4)", "bm25(k1=0.9, b=0.4) >> rocchio(most_share=1.0) >> bm25(k1=0.9, b=0.4)",
    ]  # fmt: skip


def test_marks(folder: Path) -> None:
    marks = ("--relevant", "a2", "--relevant", "a3", "--not-relevant", "a4")
    found = json.loads(command("search", folder / "c", "flutter", "--plan", PLAN, *marks, "--json"))
    hits = rocchio.open(folder / "c").search("flutter", plan=PLAN, relevant=["a2", "a3"], not_relevant=["a4"])
    assert [(hit["doc_id"], hit["score"]) for hit in found["hits"]] == [(hit.doc_id, hit.score) for hit in hits]
    # the explanation is of the query with its marks
    shown = command("search", folder / "c", "absent", "--plan", PLAN, "--relevant", "a3", "--explain")
    assert "a3" in shown.splitlines()[0]
    assert "words, refined:" in shown
    assert "tunnel" in shown.split("words, refined:")[1]


def test_nothing_found(folder: Path) -> None:
    shown = command("search", folder / "c", "absent", "--plan", PLAN, "--explain")
    assert "no document was found by the plan" in shown
    assert "1 without feedback unchanged" in shown


def test_topics(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.trec"
    command("search", folder / "c", "--topics", folder / "topics.tsv", "--plan", PLAN, "-k", 3, "-o", run, "--json")
    expected = rocchio.open(folder / "c").search(["flutter", "absent", "wind"], 3, plan=PLAN)
    written = read_run(run)
    assert list(written.query_ids) == ["q1", "q3"]
    assert [each[0] for each in written[0]] == list(expected.doc_ids[0])
    assert [each[0] for each in written[1]] == list(expected.doc_ids[2])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--plan", "bm25 >> nope"], ["expected a step of", "'nope'"]),
        (["--plan", "bm25 >> rm3"], ["expected a plan that ends in a search"]),
        (
            ["--plan", "bm25", "--field", "text"],
            ["expected --plan without --vectors, --field and --mode", "steps name"],
        ),
        (["--plan", "bm25", "--mode", "lexical"], ["expected --plan without --vectors, --field and --mode"]),
        (["--plan", "bm25", "--recall", "0.9"], ["expected --plan without --recall and --fusion", "rrf(bm25, dense)"]),
        (["--plan", "bm25", "--fusion", "rrf"], ["expected --plan without --recall and --fusion"]),
        (["--plan", "bm25", "--relevant", "a1"], ["expected a plan with feedback for marks"]),
        (["--plan", PLAN, "--relevant", "a9"], ["expected marks of documents in the collection", "'a9'"]),
        (["--plan", PLAN, "--relevant", "a1", "--not-relevant", "a1"], ["expected marks that agree, found 'a1'"]),
        (["--relevant", "a1"], ["expected --plan with --relevant and --not-relevant, found none"]),
        (["--not-relevant", "a1"], ["expected --plan with --relevant and --not-relevant, found none"]),
        (["--plan", "bm25", "-k", "0"], ["expected k of at least 1, found 0"]),
    ],
)
def test_refusals(folder: Path, options: list[str], words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        command("search", folder / "c", "flutter", *options)


def test_marks_are_of_one_query(folder: Path, tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected a single query with --relevant and --not-relevant, found --topics"):
        command(
            "search", folder / "c", "--topics", folder / "topics.tsv", "--plan", PLAN, "--relevant", "a1",
            "-o", tmp_path / "run",
        )  # fmt: skip
