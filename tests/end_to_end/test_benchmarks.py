"""The benchmarks run, on a collection of a few generated texts, with whatever peers are installed."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WORDS = [f"{first}{second}" for first in ("red", "blue", "slow", "fast") for second in ("cat", "dog", "ship", "star")]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options that name 40 documents of two sentences and 8 questions."""
    rng = random.Random(1)
    texts = [". ".join(" ".join(rng.choices(WORDS, k=6)) for _ in range(2)) for _ in range(40)]
    ids = [f"d{number}" for number in range(len(texts))]
    pq.write_table(pa.table({"_id": ids, "title": ["a title"] * len(texts), "text": texts}), tmp_path / "d.parquet")
    with gzip.open(tmp_path / "q.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"text": " ".join(rng.choices(WORDS, k=3))}) + "\n" for _ in range(8))
    return ["--documents", str(tmp_path / "d.parquet"), "--queries", str(tmp_path / "q.jsonl.gz")]


def run_benchmark(script: str, *options: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_lexical(files: list[str], tmp_path: Path):
    output = tmp_path / "report.md"
    options = ["--engines", "tantivy", "--collection", "both", "--k", "10", "1000", "--rounds", "1"]
    printed = run_benchmark("lexical.py", *files, *options, "--output", str(output), "--work", str(tmp_path))
    assert printed == output.read_text(encoding="utf-8")
    for heading in ("## d", "## sentences of d", "### Build", "thirty weighted terms, one thread", "exhaustive kernel"):
        assert printed.count(heading) >= 1, heading
    assert "40 documents" in printed
    assert "80 documents" in printed
    assert "- bm25s: not measured" in printed


def test_sparse(files: list[str], tmp_path: Path):
    pytest.importorskip("bmp", reason="no peer for sparse vectors is installed")
    options = ["--limit", "40", "--k", "10", "--rounds", "1", "--work", str(tmp_path)]
    printed = run_benchmark("sparse.py", *files, *options)
    assert "40 vectors" in printed
    assert "| 10 | bmp-8 |" in printed


def test_lexical_says_which_file_is_missing(tmp_path: Path):
    command = [sys.executable, str(BENCHMARKS / "lexical.py"), "--documents", str(tmp_path / "none.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"expected documents at {tmp_path / 'none.parquet'}" in done.stderr


def judged_texts(folder: Path) -> None:
    """A BEIR folder of 30 texts, each found by its first nine letters."""
    (folder / "qrels").mkdir(parents=True)
    rng = random.Random(1)
    texts = [" ".join(rng.choices(WORDS, k=6)) for _ in range(30)]
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"_id": f"d{row}", "text": text}) + "\n" for row, text in enumerate(texts))
    with gzip.open(folder / "queries.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"_id": f"q{row}", "text": text[:9]}) + "\n" for row, text in enumerate(texts))
    qrels = "".join(f"q{row}\td{row}\t1\n" for row in range(30))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)


def test_passages(tmp_path: Path):
    judged_texts(tmp_path / "small")
    options = [
        "--data",
        str(tmp_path),
        "--names",
        "small",
        "--sizes",
        "whole",
        "20,5",
        "--encoders",
        "lsa(dim=4)",
        "--limit",
        "0",
    ]
    printed = run_benchmark("passages.py", *options)
    assert "3 books, 60 words" in printed
    assert "| BM25 | whole | 3 |" in printed
    assert "| lsa(dim=4) | 20,5 |" in printed


def test_hybrid(tmp_path: Path):
    judged_texts(tmp_path / "data" / "small")
    vectors = np.random.default_rng(1).normal(size=(30, 8)).astype(np.float32)
    queries = vectors.copy()
    queries[0] = 0  # a query that the model knows nothing of
    np.savez(tmp_path / "small.npz", documents=vectors, queries=queries)
    output = tmp_path / "report.md"
    options = ["--data", str(tmp_path / "data"), "--names", "small", "--output", str(output)]
    printed = run_benchmark("hybrid.py", "--vectors", f"noise={tmp_path}", *options)
    assert printed.strip() == output.read_text(encoding="utf-8").strip()
    assert "## BM25 and noise" in printed
    assert "| small | 30 | znorm(" in printed


def test_clicks(tmp_path: Path):
    judged_texts(tmp_path / "data" / "small")
    vectors = np.random.default_rng(1).normal(size=(30, 8)).astype(np.float32)
    np.savez(tmp_path / "small.npz", documents=vectors, queries=vectors)
    options = ["--data", str(tmp_path / "data"), "--names", "small", "--sessions", "80", "--seeds", "1"]
    printed = run_benchmark("clicks.py", "--vectors", str(tmp_path), "--label", "noise", *options)
    assert "80 sessions a query" in printed
    assert "| residual | vectors | noisy |" in printed
    assert "| small | 3 | 0.5 |" in printed


def test_progressive(tmp_path: Path):
    judged_texts(tmp_path / "data" / "small")
    printed = run_benchmark("progressive.py", "--data", str(tmp_path / "data"), "--names", "small")
    assert printed.count("| small | 5 |") == 2


def test_offline(files: list[str], tmp_path: Path):
    import rocchio

    folder = tmp_path / "data" / "small"
    (folder / "qrels").mkdir(parents=True)
    rng = random.Random(1)
    texts = [". ".join(" ".join(rng.choices(WORDS, k=4)) for _ in range(2)) for _ in range(30)]
    records = [{"_id": f"d{row}", "title": "", "text": text} for row, text in enumerate(texts)]
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(record) + "\n" for record in records)
    with gzip.open(folder / "queries.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"_id": f"q{row}", "text": text[:9]}) + "\n" for row, text in enumerate(texts))
    qrels = "".join(f"q{row}\td{row}\t1\n" for row in range(30))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)
    col = rocchio.create(tmp_path / "c", {"text": rocchio.text()})
    col.add([{"doc_id": record["_id"], "text": record["text"]} for record in records])
    col.commit()
    col.precompute("bm25", queries="salient")
    options = ["--data", str(tmp_path / "data"), "--names", "small", "--collection", str(tmp_path / "c")]
    printed = run_benchmark("offline.py", *options, *files[2:], "--rounds", "1")
    assert "| small | 0.7*bm25 + 0.3*offline | dense | sentences(n=3) |" in printed
    assert "30 documents" in printed


def vector_files(folder: Path, base: int, queries: int, dim: int) -> list[str]:
    """Options that name files of random vectors of unit length, base.npy and queries.npy."""
    vectors = np.random.default_rng(1).normal(size=(base + queries, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.save(folder / "base.npy", vectors[:base])
    np.save(folder / "queries.npy", vectors[base:])
    return ["--base", str(folder / "base.npy"), "--queries", str(folder / "queries.npy")]


def passage_file(folder: Path, count: int) -> list[str]:
    """The option that names a Parquet file of passages."""
    texts = [f"wing flow w{number % 7}" for number in range(count)]
    table = pa.table({"_id": [str(number) for number in range(count)], "title": texts, "text": texts})
    pq.write_table(table, folder / "documents.parquet")
    return ["--documents", str(folder / "documents.parquet")]


def test_filters(tmp_path: Path):
    files = vector_files(tmp_path, 300, 100, 16)
    printed = run_benchmark("filters.py", *files, "--recall", "0.9", "--selectivity", "1", "0.1")
    assert "300 vectors, 16 dimensions" in printed
    for kind in ("random", "positive", "negative"):
        assert f"## Recall 0.9, {kind} filters" in printed
    assert printed.count("| 10.00% (exact) | 1.000 |") == 3


def test_words_under_filters(tmp_path: Path):
    with gzip.open(tmp_path / "questions.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"text": f"flow w{number % 9}"}) + "\n" for number in range(20))
    files = [*passage_file(tmp_path, 400), "--queries", str(tmp_path / "questions.jsonl.gz")]
    printed = run_benchmark("filters_text.py", *files, "--rounds", "1", "--selectivity", "1", "0.1")
    assert "400 passages, 20 questions" in printed
    for left in ("100.00%", "10.00%"):
        assert f"| {left} | 0 |" in printed  # no wrong answers


def test_memory(tmp_path: Path):
    files = vector_files(tmp_path, 20_000, 1_340, 64)
    printed = run_benchmark("memory.py", *files, "--limits", "0.6", "1", "--recall", "0.9")
    assert "20,000 vectors, 64 dimensions, 5.1 MB" in printed
    assert printed.count("Answers are the same in all rows") == 4
    assert "| 60%, 3.1 MB | 1.000 |" in printed  # one percent of them are compared exactly


def test_batches(tmp_path: Path):
    questions = tmp_path / "questions.json"
    questions.write_text(json.dumps([f"flow w{number % 9}" for number in range(40)]))
    files = [*vector_files(tmp_path, 300, 40, 16), *passage_file(tmp_path, 400), "--questions", str(questions)]
    printed = run_benchmark("batches.py", *files, "--rounds", "1")
    assert "300 documents" in printed
    assert "| years from one of 20 on | text and vectors |" in printed
    assert printed.count("| 0.1% |") == 8


def test_feedback_speed(files: list[str], tmp_path: Path):
    vectors = vector_files(tmp_path, 400, 8, 16)
    printed = run_benchmark("feedback_speed.py", *files[:2], "--questions", files[3], *vectors, "--rounds", "1")
    assert "## Words: 40 documents, 8 queries" in printed
    assert "## Vectors: 400 documents, 8 queries" in printed
    for row in ("| 1 | in a batch | rm3 |", "| 2 | one by one | rm3 |", "| 2 | in a batch | vector_rocchio |"):
        assert row in printed


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory of processes is read from /proc")
def test_soak(files: list[str], tmp_path: Path):
    pytest.importorskip("uvicorn", reason="the extra server is not installed")
    import rocchio

    with rocchio.create(tmp_path / "c.rocchio", {"title": rocchio.text(), "text": rocchio.text()}) as col:
        col.add([{"doc_id": f"d{i}", "title": "a title", "text": " ".join(WORDS)} for i in range(20)])
        col.commit()
    printed = run_benchmark("soak.py", str(tmp_path / "c.rocchio"), *files[2:], "--minutes", "0", "--window", "0.5")
    assert "errors: none" in printed
    assert "| minute | searches |" in printed


def test_server(files: list[str], tmp_path: Path):
    pytest.importorskip("uvicorn", reason="the extra server is not installed")
    output = tmp_path / "report.md"
    printed = run_benchmark("server.py", *files, "--count", "8", "--rounds", "1", "--output", str(output))
    assert printed == output.read_text(encoding="utf-8")
    for row in ("| search |", "| empty FastAPI route |", "| batch route |", "At half of the searches' rate"):
        assert row in printed
