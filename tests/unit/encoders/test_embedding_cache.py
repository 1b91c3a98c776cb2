"""The embedding cache: durable, bounded, shared by threads and processes, never wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.errors.refusal import refused

from rocchio.encoders import cache as module
from rocchio.encoders.cache import EmbeddingCache, default_cache
from rocchio.errors import StorageFailure

TEXTS = [f"text {i}" for i in range(1200)]


def vectors(count: int = len(TEXTS), dim: int = 8) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, dim)).astype(np.float32)


def test_what_was_put_is_found_again(tmp_path: Path) -> None:
    made = vectors()
    EmbeddingCache(tmp_path / "a" / "c.sqlite").encoder("st(m)", "id", 8).put(TEXTS, made)
    cache = EmbeddingCache(tmp_path / "a" / "c.sqlite")
    found, missing = cache.encoder("st(m)", "id", 8).get(["new", *TEXTS, ""])
    assert missing == [0, len(TEXTS) + 1]
    assert (found[1:-1] == made).all()
    assert len(cache) == len(TEXTS)
    assert cache.identities("st(m)") == ["id"]
    assert cache.size_bytes > made.nbytes


@pytest.mark.parametrize("key", [("st(n)", "id", 8), ("st(m)", "other", 8), ("st(m)", "id", 7)])
def test_another_model_finds_nothing(tmp_path: Path, key: tuple[str, str, int]) -> None:
    cache = EmbeddingCache(tmp_path / "c.sqlite")
    cache.encoder("st(m)", "id", 8).put(TEXTS, vectors())
    assert cache.encoder(*key).get(TEXTS[:3])[1] == [0, 1, 2]


def test_damaged_vectors_are_not_used(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "c.sqlite")
    encoder = cache.encoder("st(m)", "id", 8)
    encoder.put(TEXTS[:5], vectors(5))
    with sqlite3.connect(tmp_path / "c.sqlite") as database:
        database.execute("UPDATE vectors SET vector = zeroblob(32) WHERE place = 1")
        database.execute("UPDATE vectors SET vector = x'00' WHERE place = 2")
        database.execute("UPDATE vectors SET vector = 'words' WHERE place = 3")
        database.execute("UPDATE vectors SET crc = 'none' WHERE place = 4")
    database.close()
    found, missing = encoder.get(TEXTS[:5])
    assert missing == [0, 1, 2, 3]
    assert (found[4] == vectors(5)[4]).all()
    encoder.put(TEXTS[:5], vectors(5))
    assert encoder.get(TEXTS[:5])[1] == []


def test_the_longest_unused_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = 100
    monkeypatch.setattr(module, "_today", lambda: day)
    cache = EmbeddingCache(tmp_path / "c.sqlite", max_mb=1)
    encoder = cache.encoder("st(m)", "id", 256)
    first = [f"first {i}" for i in range(400)]
    encoder.put(first, vectors(400, 256))
    day = 101
    second = [f"second {i}" for i in range(300)]
    encoder.put(second, vectors(300, 256))
    day = 102
    assert encoder.get(first[:100])[1] == []
    encoder.put([f"third {i}" for i in range(300)], vectors(300, 256))
    assert cache.size_bytes <= 1 << 20
    assert encoder.get(first[:100])[1] == []
    assert len(encoder.get(first[100:])[1]) == 300
    for part in range(20):
        encoder.put([f"{part} {i}" for i in range(100)], vectors(100, 256))
        assert cache.size_bytes <= 1 << 20
    assert (tmp_path / "c.sqlite").stat().st_size < 2 << 20


def test_many_threads_and_processes(tmp_path: Path) -> None:
    path, errors = tmp_path / "c.sqlite", []
    script = (
        "import sys, numpy as np; from rocchio.encoders.cache import EmbeddingCache\n"
        "encoder = EmbeddingCache(sys.argv[1]).encoder('st(m)', 'id', 4)\n"
        "for i in range(40):\n"
        "    texts = [f'{i} {j}' for j in range(20)]\n"
        "    encoder.put(texts, np.full((20, 4), i, np.float32)); found, missing = encoder.get(texts)\n"
        "    assert not missing and (found == i).all()\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(2)]

    def work() -> None:
        try:
            exec(script, {"__name__": "x"})
        except Exception as error:
            errors.append(error)

    sys.argv, before = ["x", str(path)], sys.argv
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.argv = before
    assert [process.wait(60) for process in processes] == [0, 0]
    assert errors == []
    assert len(EmbeddingCache(path)) == 800


def test_what_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "no").write_text("this is no database, and it is longer than a header")
    with refused(StorageFailure, "cannot use the embedding cache", "remove the file, or set ROCCHIO_EMBEDDING_CACHE"):
        EmbeddingCache(tmp_path / "no").encoder("a", "b", 1)
    with refused(StorageFailure, "cannot use the embedding cache"):
        EmbeddingCache(tmp_path / "no" / "below").encoder("a", "b", 1)
    cache = EmbeddingCache(tmp_path / "newer")
    assert len(cache) == 0
    cache.close()
    with sqlite3.connect(tmp_path / "newer") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with refused(StorageFailure, "it has version 9, this rocchio reads 1"):
        EmbeddingCache(tmp_path / "newer").encoder("a", "b", 1)


def test_the_environment_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROCCHIO_EMBEDDING_CACHE", "off")
    assert default_cache() is None
    monkeypatch.setenv("ROCCHIO_EMBEDDING_CACHE", str(tmp_path / "x"))
    assert default_cache().path == tmp_path / "x"  # type: ignore[union-attr]
    monkeypatch.delenv("ROCCHIO_EMBEDDING_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert default_cache().path == tmp_path / "rocchio" / "embeddings.sqlite"  # type: ignore[union-attr]
