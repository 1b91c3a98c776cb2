"""Includes go down in native/: base <- text, codecs, kernels, filters, fusion; codecs, kernels <- lexical;
kernels <- dense."""

from __future__ import annotations

import re
from pathlib import Path

NATIVE = Path(__file__).parents[2] / "native"

ALLOWED = {
    "base": {"base"},
    "text": {"base", "text"},
    "codecs": {"base", "codecs"},
    "kernels": {"base", "kernels"},
    "lexical": {"base", "codecs", "kernels", "lexical"},
    "dense": {"base", "kernels", "dense"},
    "filters": {"base", "filters"},
    "fusion": {"base", "fusion"},
    "bindings": {"base", "codecs", "kernels", "text", "lexical", "dense", "filters", "fusion", "bindings"},
    "tests": {"base", "codecs", "text", "kernels", "lexical", "dense", "filters", "fusion", "tests"},
    "fuzz": {
        "base",
        "codecs",
        "text",
        "lexical",
        "dense",
        "filters",
        "fuzz",
        "tests",
    },  # tests: fixtures that build indexes
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
PYTHON_HEADERS = ("Python.h", "nanobind/")


def includes() -> list[tuple[Path, str, str]]:
    """(file, bracket, what it includes) of all sources."""
    found = []
    for path in sorted(NATIVE.rglob("*.[ch]pp")):
        text = path.read_text(encoding="utf-8")
        found += [(path, bracket, name) for bracket, name in INCLUDE.findall(text)]
    return found


def test_every_folder_has_its_place():
    assert {path.parent.relative_to(NATIVE).parts[0] for path, _, _ in includes()} <= ALLOWED.keys()


def test_includes_go_down():
    wrong = []
    for path, bracket, name in includes():
        folder = path.relative_to(NATIVE).parts[0]
        if bracket == '"':
            target = name.split("/")[0] if "/" in name else folder
            if target not in ALLOWED[folder] or not ((NATIVE / name).is_file() or (path.parent / name).is_file()):
                wrong.append(f"{path.relative_to(NATIVE)} includes {name}")
    assert not wrong


def test_only_bindings_know_python():
    wrong = [
        f"{path.relative_to(NATIVE)} includes {name}"
        for path, _, name in includes()
        if name.startswith(PYTHON_HEADERS) and path.relative_to(NATIVE).parts[0] != "bindings"
    ]
    assert not wrong


def test_build_links_in_the_same_direction():
    text = (NATIVE / "CMakeLists.txt").read_text(encoding="utf-8")
    for library, links in re.findall(r"^rocchio_library\((\w+)([^)]*)\)", text, re.MULTILINE):
        linked = {link.removeprefix("rocchio_") for link in links.split()}
        assert linked <= ALLOWED[library] - {library}
