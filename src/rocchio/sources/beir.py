"""BEIR folders (Thakur et al., 2021): corpus.jsonl with `_id`, `title`, `text`, optionally a `metadata` object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rocchio.sources.jsonl import JsonLinesSource
from rocchio.sources.source import Rejecter, SourceBatch

CORPUS_NAMES = ("corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst")


def corpus_of(folder: Path) -> Path | None:
    """The corpus file of a BEIR folder; None when the folder has none."""
    return next((folder / name for name in CORPUS_NAMES if (folder / name).is_file()), None)


class BeirSource:
    """Documents of a BEIR folder's corpus; an empty `metadata` object is left out."""

    def __init__(self, corpus: str | Path, id_field: str | None = None) -> None:
        self._lines = JsonLinesSource(corpus, id_field)

    @property
    def size_bytes(self) -> int:
        """Size of the corpus file on disk."""
        return self._lines.size_bytes

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """See `DocumentSource.batches`."""
        for batch in self._lines.batches(reject):
            records: Any = batch.records
            for record in records:
                if record.get("metadata") == {}:
                    del record["metadata"]
            yield batch
