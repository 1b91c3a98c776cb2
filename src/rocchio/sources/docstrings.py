"""A collection that every Python has: the docstrings of the standard library, and known-item queries over it."""

from __future__ import annotations

import ast
import os
import re
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rocchio.types import Qrels, Topics

_SKIPPED_FOLDERS = frozenset(
    (
        "test",
        "tests",
        "idle_test",
        "idlelib",
        "lib2to3",
        "site-packages",
        "dist-packages",
        "__pycache__",
        "pydoc_data",
        "turtledemo",
        "lib-dynload",
    )
)
# a full stop, not one of these abbreviations, then white space; or an empty line
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)(?<!\betc)[.!?](?=\s|$)|\n[ \t]*\n", re.IGNORECASE)
# what no UTF-8 file can hold, or no C string: escapes put it into docstrings about encodings
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def collect_docstrings() -> Iterator[dict[str, Any]]:
    """Docstrings of the installed standard library as documents, found by parsing files, without importing any.

    Each has doc_id and title (dotted name), module, kind ("module", "class", "function", "method") and text.
    Docstrings of two sentences or more come first; inside the two groups the order is that of doc_id. A name
    that is defined twice counts once. Tests, vendored packages and files that do not parse are left out.
    """
    documents: dict[str, dict[str, Any]] = {}
    library = Path(sysconfig.get_paths()["stdlib"])
    for path in _python_files(library):
        for document in _file_docstrings(library, path):
            documents.setdefault(document["doc_id"], document)
    yield from sorted(documents.values(), key=lambda item: (not _split_first_sentence(item["text"])[1], item["doc_id"]))


def known_item_queries(documents: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], Topics, Qrels]:
    """Test queries with one known answer each: the first sentence of a docstring asks for the rest of it.

    Returns documents without their first sentence, topics (query id -> sentence) and qrels (query id -> doc_id
    -> 1); `len(topics)` queries remained. Every document loses its first sentence, so that none holds a query;
    documents that are then empty, or whose text an earlier one has too, are left out. A sentence becomes a query
    when it has 4 to 25 words, the rest has at least 8, no earlier query is the same, and the rest does not repeat
    it. Titles name the answer: search the field `text` only.

    Source: known-item search with simulated queries (Azzopardi, de Rijke and Balog, SIGIR 2007).
    """
    kept: list[dict[str, Any]] = []
    topics: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    seen_texts: set[str] = set()
    seen_queries: set[str] = set()
    for document in documents:
        sentence, rest = _split_first_sentence(document["text"])
        normal_rest, normal_query = _normal(rest), _normal(sentence)
        if not rest or normal_rest in seen_texts:
            continue
        seen_texts.add(normal_rest)
        kept.append({**document, "text": rest})
        long_enough = 4 <= len(sentence.split()) <= 25 and len(rest.split()) >= 8
        if not long_enough or normal_query in seen_queries or normal_query in normal_rest:
            continue
        seen_queries.add(normal_query)
        query_id = f"q-{document['doc_id']}"
        topics[query_id] = " ".join(sentence.split())
        qrels[query_id] = {document["doc_id"]: 1}
    return kept, topics, qrels


def _python_files(library: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(library):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS and not name.startswith("config-"))
        for name in sorted(files):
            if name.endswith(".py"):
                yield Path(parent, name)


def _file_docstrings(library: Path, path: Path) -> Iterator[dict[str, Any]]:
    parts = path.relative_to(library).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in old code
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for name, kind, node in _definitions(tree, module, "module"):
        text = (ast.get_docstring(node) or "").strip()
        if text and not _NO_TEXT.search(text):
            yield {"doc_id": name, "title": name, "module": module, "kind": kind, "text": text}


def _definitions(node: _Definition, name: str, kind: str) -> Iterator[tuple[str, str, _Definition]]:
    """The node itself and the classes, methods and functions in it, but not what is inside functions."""
    yield name, kind, node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    inner_function = "method" if isinstance(node, ast.ClassDef) else "function"
    for child in _statements(node.body):
        if isinstance(child, ast.ClassDef):
            yield from _definitions(child, f"{name}.{child.name}", "class")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _definitions(child, f"{name}.{child.name}", inner_function)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, also those under `if` and `try`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            yield from _statements([*statement.body, *statement.orelse, *getattr(statement, "finalbody", [])])
            for handler in getattr(statement, "handlers", []):
                yield from _statements(handler.body)


def _split_first_sentence(text: str) -> tuple[str, str]:
    end = _SENTENCE_END.search(text)
    return (text[: end.end()].strip(), text[end.end() :].strip()) if end else (text.strip(), "")


def _normal(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
