"""The format of a document source, from its name or as given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rocchio.errors import InvalidArgument, NotFound
from rocchio.sources.beir import CORPUS_NAMES, BeirSource, corpus_of
from rocchio.sources.delimited import DelimitedSource
from rocchio.sources.folder import TEXT_SUFFIXES, FolderSource, text_files
from rocchio.sources.jsonl import JsonLinesSource
from rocchio.sources.opening import split_name
from rocchio.sources.source import DocumentSource

FORMATS = ("jsonl", "csv", "tsv", "parquet", "folder", "beir")
"""Names that `open_source` takes as `format`."""


def _parquet_source(path: Path, id_field: str | None) -> DocumentSource:
    # Parquet and Arrow's compute functions take longer to import than all the other formats together
    from rocchio.sources.parquet import ParquetSource

    return ParquetSource(path, id_field)


_SUFFIX_FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json-lines": "jsonl",
    ".jsonlines": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_EXPECTED = "expected .jsonl, .ndjson, .csv or .tsv (each also with .gz or .zst), .parquet, or a folder"
_FILE_SOURCES: dict[str, Callable[[Path, str | None], DocumentSource]] = {
    "jsonl": JsonLinesSource,
    "csv": lambda path, id_field: DelimitedSource(path, ",", id_field),
    "tsv": lambda path, id_field: DelimitedSource(path, "\t", id_field),
    "parquet": _parquet_source,
}


def open_source(path: str | Path, *, format: str | None = None, id_field: str | None = None) -> DocumentSource:
    """A source of documents; nothing is read before `batches`.

    `format`: one of FORMATS; None guesses: by suffix (.jsonl .ndjson .json-lines .jsonlines .csv .tsv, also with
    .gz or .zst, and .parquet); a folder with corpus.jsonl (or .gz, .zst) is BEIR, any other holds text files.
    `id_field`: field that holds the document key; None takes the first of doc_id, _id, id, docno that is there.

    Raises: NotFound when the path does not exist; InvalidArgument when the format is unknown or cannot be
    guessed, when a folder holds nothing to read, and for `id_field` with a folder of text files.
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise InvalidArgument(f"expected format to be one of {', '.join(FORMATS)}, found {format!r}")
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (ValueError, OSError):  # a NUL in the name, a name that is too long
        is_folder = exists = False
    if not exists:
        raise NotFound(f"expected a file or folder at {path}, found nothing; check the path")
    if is_folder:
        return _open_folder(path, format, id_field)
    return _open_file(path, format, id_field)


def _open_file(path: Path, format: str | None, id_field: str | None) -> DocumentSource:
    suffix, compression = split_name(path)
    name = format or _SUFFIX_FORMATS.get(suffix)
    if name is None:
        hint = "; a .json file that holds one array has to become JSON Lines first" if suffix == ".json" else ""
        raise InvalidArgument(f"cannot guess the format of {path.name}: {_EXPECTED}; or give format{hint}")
    if name in {"folder", "beir"}:
        raise InvalidArgument(f"expected a folder for format {name!r}, found the file {path}")
    if name == "parquet" and compression:
        raise InvalidArgument(
            f"expected a .parquet file, found {path.name}; Parquet compresses inside, decompress it first"
        )
    return _FILE_SOURCES[name](path, id_field)


def _open_folder(path: Path, format: str | None, id_field: str | None) -> DocumentSource:
    corpus = corpus_of(path)
    if format in _FILE_SOURCES:
        raise InvalidArgument(
            f"expected a file for format {format!r}, found the folder {path}; open its files one by one"
        )
    if format == "beir" and corpus is None:
        raise InvalidArgument(f"expected {', '.join(CORPUS_NAMES)} in the BEIR folder {path}, found none of them")
    if corpus is not None and format != "folder":
        return BeirSource(corpus, id_field)
    if id_field is not None:
        raise InvalidArgument(
            f"expected no id_field for a folder of text files (ids are the relative paths), found {id_field!r}"
        )
    if not text_files(path):
        raise InvalidArgument(
            f"expected {CORPUS_NAMES[0]} or files ending in {', '.join(TEXT_SUFFIXES)} in {path}, found none"
        )
    return FolderSource(path)
