"""Commands that fuse: search with words and vectors, fuse, tune."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import BadRecord, InvalidArgument, NotFound, RocchioError
from rocchio.sources import read_run

DOCUMENTS = [
    {"doc_id": f"d{number}", "title": f"title {number}", "text": f"alpha beta{number}", "v": [number, 9.0 - number]}
    for number in range(10)
]
TOPICS = [{"_id": f"q{number}", "text": f"beta{number}", "vector": [number, 10.0 - number]} for number in range(8)]


def rocchio_command(*arguments: object) -> str:
    """What a command prints. Raises what it raises."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refuses(kind: type[RocchioError], words: list[str], *arguments: object) -> None:
    with pytest.raises(kind) as caught:
        rocchio_command(*arguments)
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fields = {"title": rocchio.text(), "text": rocchio.text(), "v": rocchio.vector(2), "w": rocchio.vector(2)}
    col = rocchio.create("c", fields=fields)
    col.add(DOCUMENTS)
    col.commit()
    Path("mixed.jsonl").write_text("".join(json.dumps(topic) + "\n" for topic in TOPICS))
    Path("texts.tsv").write_text("".join(f"{topic['_id']}\t{topic['text']}\n" for topic in TOPICS))
    np.save("all.npy", np.array([topic["vector"] for topic in TOPICS]))
    np.save("one.npy", np.array(TOPICS[3]["vector"]))
    Path("qrels.tsv").write_text("".join(f"q{number} 0 d{number} 1\n" for number in range(8)))
    return tmp_path


def query(number: int) -> object:
    return rocchio.query(f"beta{number}", vectors={"v": TOPICS[number]["vector"]})


def test_one_query_with_a_vector(folder: Path):
    found = json.loads(
        rocchio_command("search", "c", "beta3", "--vectors", "one.npy", "--field", "v", "--explain", "--json")
    )
    hits = rocchio.open("c").search(query(3))
    assert [(hit["doc_id"], hit["score"]) for hit in found["hits"]] == [(hit.doc_id, hit.score) for hit in hits]
    text, vector = found["hits"][0]["why"]
    assert (text["part"], text["rank"], text["why"][0]["term"]) == ("text", 1, "beta3")
    assert (vector["part"], vector["why"]["metric"]) == ("v", "cosine")
    assert found["hits"][1]["why"][0]["rank"] is None
    shown = rocchio_command("search", "c", "beta3", "--vectors", "one.npy", "--field", "v", "-k", "2", "--explain")
    assert "znorm(0.4, 0.6)" in shown
    assert shown.split().count("part") == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--topics", "mixed.jsonl", "--mode", "hybrid"],
        ["--topics", "texts.tsv", "--vectors", "all.npy"],
        ["--topics", "texts.tsv", "--vectors", "all.npy", "--mode", "hybrid", "--threads", "2"],
    ],
)
def test_many_queries(folder: Path, options: list[str]):
    rocchio_command("search", "c", *options, "--field", "v", "--field", "text", "--fusion", "rrf", "-o", "run.trec")
    run = read_run("run.trec")
    expected = rocchio.open("c").search([query(n) for n in range(8)], 1000, fusion="rrf", field=["text"])
    assert run.query_ids == [topic["_id"] for topic in TOPICS]
    assert list(run.doc_ids) == list(expected.doc_ids)


def test_queries_without_one_of_both(folder: Path):
    Path("some.jsonl").write_text('{"_id": 1, "text": "beta1"}\n{"_id": 2, "vector": [1, 9]}\n')
    rocchio_command("search", "c", "--topics", "some.jsonl", "--mode", "hybrid", "--field", "v", "-o", "run.trec",
                    "--fusion", "znorm(0.5, 0.5)")  # fmt: skip
    assert list(map(len, read_run("run.trec").doc_ids)) == [1, 10]


def test_modes(folder: Path):
    rocchio_command("search", "c", "--topics", "mixed.jsonl", "--mode", "dense", "--field", "v", "-o", "dense.trec")
    rocchio_command("search", "c", "--vectors", "all.npy", "--mode", "dense", "--field", "v", "-o", "named.trec")
    assert list(read_run("dense.trec").doc_ids) == list(read_run("named.trec").doc_ids)
    assert "d3" in rocchio_command("search", "c", "beta3", "--mode", "lexical")


def test_fuse(folder: Path):
    for mode in ("lexical", "dense"):
        field = ["--field", "v"] if mode == "dense" else []
        rocchio_command("search", "c", "--topics", "mixed.jsonl", "--mode", mode, *field, "-o", f"{mode}.trec")
    shown = rocchio_command(
        "fuse", "lexical.trec", "dense.trec", "--fusion", "znorm(1, 2)", "-k", 3, "-o", "fused.trec"
    )
    assert shown == "2 runs, 8 queries, 24 hits by znorm(1, 2) -> fused.trec\n"
    fused = rocchio.fuse([read_run("lexical.trec"), read_run("dense.trec")], "znorm(1, 2)", 3)
    assert list(read_run("fused.trec").doc_ids) == fused.doc_ids
    made = json.loads(rocchio_command("fuse", "lexical.trec", "dense.trec", "-o", "fused.trec", "--json"))
    assert (made["fusion"], made["queries"]) == ("rrf(k=60)", 8)
    refuses(InvalidArgument, ["another file", "dense.trec"], "fuse", "lexical.trec", "dense.trec", "-o", "dense.trec")
    refuses(
        InvalidArgument, ["2 weights", "1"], "fuse", "lexical.trec", "dense.trec", "-o", "x", "--fusion", "znorm(1)"
    )
    refuses(NotFound, ["none.trec"], "fuse", "none.trec", "-o", "x")


def test_tune(folder: Path):
    options = ["-m", "RR@10", "--folds", 4]
    shown = rocchio_command(
        "tune", "qrels.tsv", "--collection", "c", "--topics", "mixed.jsonl", "--field", "v", *options
    )
    assert "RR@10, mean of 8 queries" in shown
    for mode, field in (("lexical", []), ("dense", ["--field", "v"])):
        rocchio_command("search", "c", "--topics", "mixed.jsonl", "--mode", mode, *field, "-o", f"{mode}.trec")
    made = json.loads(
        rocchio_command(
            "tune", "qrels.tsv", "lexical.trec", "dense.trec", "--fusion", "rrf", "--repeats", 2, *options, "--json"
        )
    )
    assert (made["settings"], made["repeats"], made["best_single"]) == (2, 2, "lexical.trec")
    refuses(InvalidArgument, ["neither"], "tune", "qrels.tsv")
    refuses(InvalidArgument, ["both"], "tune", "qrels.tsv", "lexical.trec", "--collection", "c")
    refuses(InvalidArgument, ["--topics FILE"], "tune", "qrels.tsv", "--collection", "c")
    wrong = ["--field", "v", "--field", "text"]
    refuses(
        InvalidArgument,
        ["as --field", "text"],
        "tune",
        "qrels.tsv",
        "--collection",
        "c",
        "--topics",
        "mixed.jsonl",
        *wrong,
    )


@pytest.mark.parametrize(
    ("kind", "words", "options"),
    [
        (InvalidArgument, ["--mode lexical"], ["--topics", "texts.tsv", "--vectors", "all.npy", "--mode", "lexical"]),
        (InvalidArgument, ["text fields with --mode lexical", "v"], ["beta1", "--mode", "lexical", "--field", "v"]),
        (InvalidArgument, ["--mode dense", "encode it"], ["beta1", "--mode", "dense", "--field", "v"]),
        (InvalidArgument, ["only a vector field", "text"],
         ["--vectors", "all.npy", "--mode", "dense", "--field", "v", "--field", "text"]),
        (InvalidArgument, ["--mode hybrid", "without an encoder"], ["beta1", "--mode", "hybrid", "--field", "v"]),
        (InvalidArgument, ["--mode hybrid", "vectors only"], ["--vectors", "all.npy", "--mode", "hybrid"]),
        (InvalidArgument, ["a query or --topics", "both"], ["x", "--topics", "texts.tsv", "--vectors", "all.npy"]),
        (InvalidArgument, ["one vector field", "v, w"], ["beta1", "--vectors", "one.npy"]),
        (InvalidArgument, ["one vector for one text", "8"], ["beta1", "--vectors", "all.npy", "--field", "v"]),
        (InvalidArgument, ["fusion only with queries of several parts"], ["beta1", "--fusion", "rrf"]),
        (BadRecord, ["8 topics", "found 1"], ["--topics", "texts.tsv", "--vectors", "one.npy", "--field", "v"]),
    ],
)  # fmt: skip
def test_refusals_of_search(folder: Path, kind: type[RocchioError], words: list[str], options: list[str]):
    refuses(kind, words, "search", "c", *options)


@pytest.mark.parametrize(
    "line",
    ['{"_id": "q1"}', '{"_id": "q1", "text": 5, "vector": [1]}', '{"_id": "q1", "vector": {"x": 1}}', '{"text": "x"}'],
)
def test_a_topic_without_words_and_vector(folder: Path, line: str):
    Path("bad.jsonl").write_text(line + "\n")
    refuses(
        BadRecord, ["bad.jsonl:1", "vector"], "search", "c", "--topics", "bad.jsonl", "--mode", "hybrid", "--field", "v"
    )
