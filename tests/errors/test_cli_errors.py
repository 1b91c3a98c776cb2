"""What the command line says and returns when something is wrong: one line, an exit code, nothing half done."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rocchio
from rocchio.cli import start

COMMAND = (
    [sys.executable, "-m", "rocchio"]
    if importlib.util.find_spec("rocchio.__main__")
    else [str(Path(sys.executable).parent / "rocchio")]
)
ENVIRONMENT = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=120,
    )


def fails(code: int, *arguments: object, words: list[str]) -> str:
    """Runs a command that must fail with this exit code and these words, without a traceback."""
    result = run(*arguments)
    assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    flat = " ".join(result.stderr.split())
    for word in words:
        assert word in flat, result.stderr
    assert result.stdout == ""
    return result.stderr


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    with path.open("w") as out:
        for i in range(20):
            out.write(json.dumps({"_id": f"d{i}", "title": f"title {i}", "text": f"alpha beta{i}"}) + "\n")
    return path


@pytest.fixture(scope="module")
def ready(corpus: Path) -> Path:
    folder = corpus.parent / "ready"
    result = run("index", corpus, folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_usage(ready: Path, corpus: Path, tmp_path: Path) -> None:
    fails(2, "search", ready, words=["expected a query, --topics FILE or --vectors FILE", "found neither"])
    fails(
        2,
        "search",
        ready,
        "alpha",
        "--topics",
        corpus,
        words=["expected a query, --topics FILE or --vectors FILE", "found several"],
    )
    fails(2, "search", ready, "--topics", corpus, words=["expected --output FILE with several queries, found none"])
    fails(2, "search", ready, "alpha", "-k", "0", words=["expected k of at least 1, found 0"])
    fails(2, "search", ready, "alpha", "--plan", "bm25 >> rm3", words=["expected a plan that ends in a search"])
    fails(2, "search", ready, "alpha", "--field", "titel", words=["'titel'", "title, text"])
    fails(2, "search", tmp_path / "nothing", "alpha", words=["expected a collection", "found nothing"])
    fails(2, "info", tmp_path, words=["expected a collection", "found a folder without one"])
    fails(2, "verify", corpus, words=["expected a collection", "found a file"])
    fails(2, "frobnicate", words=["frobnicate"])
    fails(2, "search", ready, "alpha", "--limit", "3", words=["--limit"])
    fails(2, "search", ready, "alpha", "-k", "many", words=["-k", "integer"])


def test_bad_threads(ready: Path, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text("q1\talpha\n")
    run_file = tmp_path / "run.trec"
    fails(
        2,
        "search",
        ready,
        "--topics",
        topics,
        "-o",
        run_file,
        "--threads",
        "0",
        words=["expected threads of at least 1"],
    )
    assert not run_file.exists()


def test_index_of_nothing(tmp_path: Path) -> None:
    fails(2, "index", tmp_path / "no.jsonl", tmp_path / "c", words=["no.jsonl"])
    assert not (tmp_path / "c").exists()


def test_index_onto_a_collection(ready: Path, corpus: Path) -> None:
    before = rocchio.open(ready).info().generation
    fails(2, "index", corpus, ready, words=["expected a new collection, found one", "--append or --upsert"])
    assert rocchio.open(ready).info().generation == before


def test_index_after_one_that_was_killed(corpus: Path, tmp_path: Path) -> None:
    rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})  # as far as it got
    fails(
        2, "index", corpus, tmp_path / "c", words=["--append or --upsert", "or remove it: nothing was ever committed"]
    )
    assert "remove it" not in fails(2, "index", corpus, corpus.parent / "ready", words=["expected a new collection"])


def test_topics_that_are_not_there_beside_a_run_that_is(ready: Path, tmp_path: Path) -> None:
    (tmp_path / "run.trec").write_text("")
    no_topics = tmp_path / "no.tsv"
    fails(2, "search", ready, "--topics", no_topics, "-o", tmp_path / "run.trec", words=["no.tsv, found nothing"])


def test_ctrl_c_while_the_command_is_imported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    class Interrupt:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "rocchio.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "rocchio.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupt, *sys.meta_path])
    with pytest.raises(SystemExit) as stopped:
        start.main()
    assert (stopped.value.code, capsys.readouterr().err) == (130, "error: interrupted\n")


def test_index_onto_other_files(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    fails(2, "index", corpus, tmp_path, words=["expected an empty or new folder", "found other files"])
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_index_with_wrong_fields(corpus: Path, tmp_path: Path) -> None:
    fails(
        2,
        "index",
        corpus,
        tmp_path / "c",
        "--text",
        "title^x",
        words=["expected a field with a boost like title^2"],
    )
    fails(2, "index", corpus, tmp_path / "c", "--text", "title", "--keyword", "title", words=["'title' twice"])
    fails(2, "index", corpus, tmp_path / "c", "--analyzer", "klingon", words=["klingon"])
    fails(2, "index", corpus, tmp_path / "c", "--memory-mb", "0", words=["expected memory_mb of at least 1"])
    assert not (tmp_path / "c").exists()


def test_bad_lines_go_to_the_reject_file(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(
        b'{"_id": "a", "text": "fine"}\n{"_id": "b", "text": "bad \xff"}\n{"_id": "c", "text": 3}\nno json\n'
        b'{"text": "no id"}\n{"_id": "f", "text": "fine too"}\n'
    )
    result = run("index", source, tmp_path / "c", "--text", "text", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["added"], summary["rejected"]) == (2, 4)
    rejects = tmp_path / "c.rejects.jsonl"
    assert summary["reject_file"] == str(rejects)
    rows = {row["line"]: row for row in map(json.loads, rejects.read_text().splitlines())}
    assert sorted(rows) == [2, 3, 4, 5]
    assert all(row["path"] == str(source) for row in rows.values())
    assert "expected UTF-8, found byte 0xff" in rows[2]["reason"]
    assert "expected a string, found 3" in rows[3]["reason"]
    assert "invalid JSON" in rows[4]["reason"]
    assert "expected an id under" in rows[5]["reason"]
    assert len(rocchio.open(tmp_path / "c")) == 2


def test_stop_at_the_first_bad_line(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"_id": "a", "text": "fine"}\n{"_id": "b", "text": "bad \xff"}\n')
    fails(3, "index", source, tmp_path / "c", "--on-error", "stop", words=[f"{source}:2:", "expected UTF-8"])
    assert not (tmp_path / "c").exists()


def test_append_of_existing_documents(corpus: Path, tmp_path: Path) -> None:
    assert run("index", corpus, tmp_path / "c").returncode == 0
    result = run("index", corpus, tmp_path / "c", "--append", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["added"], summary["rejected"]) == (0, 20)
    assert "in the collection already; use upsert" in summary["reasons"][0]
    fails(3, "index", corpus, tmp_path / "c", "--append", "--on-error", "stop", words=["corpus.jsonl:1:", "upsert"])
    result = run("index", corpus, tmp_path / "c", "--upsert", "--json")
    assert json.loads(result.stdout)["replaced"] == 20
    assert len(rocchio.open(tmp_path / "c")) == 20


def test_delete_without_ids(ready: Path) -> None:
    result = run("delete", ready)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert len(rocchio.open(ready)) == 20


def test_damage_is_exit_code_3(corpus: Path, tmp_path: Path) -> None:
    assert run("index", corpus, tmp_path / "c").returncode == 0
    (index,) = (tmp_path / "c").rglob("index.arrays")
    data = bytearray(index.read_bytes())
    data[70] ^= 1
    index.write_bytes(data)
    fails(3, "search", tmp_path / "c", "alpha", words=["damaged file", "index.arrays at byte 0", "restore it"])
    result = run("verify", tmp_path / "c")
    assert result.returncode == 3
    assert "index.arrays" in result.stdout + result.stderr
    manifest = tmp_path / "c" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-5])
    fails(3, "info", tmp_path / "c", words=["damaged file", "manifest.json", "checksum mismatch"])


def test_busy_is_exit_code_4(corpus: Path, tmp_path: Path) -> None:
    assert run("index", corpus, tmp_path / "c").returncode == 0
    with rocchio.open(tmp_path / "c") as col:
        col.add({"doc_id": "mine", "text": "x"})
        words = ["expected to be the only writer", f"process {os.getpid()}", "try again when it is done"]
        fails(4, "delete", tmp_path / "c", "d1", words=words)
        fails(4, "compact", tmp_path / "c", words=words)
        fails(4, "index", corpus, tmp_path / "c", "--upsert", words=words)
        assert run("search", tmp_path / "c", "alpha").returncode == 0
    assert len(rocchio.open(tmp_path / "c")) == 20


def test_a_reject_file_that_cannot_be_written_is_exit_code_5(ready: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"_id": "a", "text": "fine"}\nno json\n')
    fails(5, "index", source, tmp_path / "c", "--rejects", "/nowhere/r.jsonl", words=["cannot write rejects"])
    assert not (tmp_path / "c").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_run_file_on_a_full_disk(ready: Path, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text("q1\talpha\n")
    fails(5, "search", ready, "--topics", topics, "-o", "/dev/full", words=["/dev/full", "o space left"])


def test_a_run_file_in_no_folder(ready: Path, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text("q1\talpha\n")
    fails(5, "search", ready, "--topics", topics, "-o", tmp_path / "no" / "run.trec", words=["run.trec"])


def interrupt_index(source: Path, folder: Path, *options: str) -> tuple[int, str]:
    """Sends Ctrl-C to an `index` that has written its first segment; returns the exit code and what was said."""
    process = subprocess.Popen(
        [*COMMAND, "index", str(source), str(folder), "--memory-mb", "2", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(folder.glob("segment-*1/*")):
        assert process.poll() is None, "done before it could be interrupted"
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("large") / "large.jsonl"
    text = "alpha beta gamma delta " * 40
    with source.open("w") as out:
        for i in range(60_000):
            out.write(f'{{"_id": "d{i}", "text": "{text}{i}"}}\n')
    return source


@pytest.fixture(scope="module")
def interrupted(large: Path) -> tuple[int, str]:
    return interrupt_index(large, large.parent / "new")


needs_sigint = pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process on Windows")


@needs_sigint
def test_interrupted_index_leaves_no_half_collection(large: Path, interrupted: tuple[int, str]) -> None:
    code, errors = interrupted
    assert code == 130, errors
    assert "Traceback" not in errors
    assert not (large.parent / "new").exists()


@needs_sigint
def test_interrupted_index_says_so(interrupted: tuple[int, str]) -> None:
    assert "interrupted; the last commit is intact" in interrupted[1]


@needs_sigint
def test_interrupted_upsert_leaves_the_collection_as_it_was(large: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with rocchio.create(folder, fields={"text": rocchio.text()}) as col:
        col.add({"doc_id": "before", "text": "alpha"})
        col.commit()
        col.add({"doc_id": "later", "text": "alpha"})
        col.delete(["before"])
        col.rollback()
    # the first segment is there before the command begins: wait for one of its own
    next_segment = json.loads((folder / "manifest.json").read_bytes().partition(b"\n")[2])["next_segment"]
    assert next_segment == 1
    code, errors = interrupt_index(large, folder, "--upsert")
    assert code == 130, errors
    assert "Traceback" not in errors
    col = rocchio.open(folder)
    assert [len(col), col.verify().ok] == [1, True]
    kept = {entry.name for entry in col.snapshot().manifest.segments}
    assert {path.name for path in folder.glob("segment-*")} == kept
