"""Documents do not go stale: links, commands, make targets, public names, errors, arrays."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests.architecture.command_pages import FOLDER, commands, made_with, page

import rocchio
from rocchio import errors
from rocchio.dense.index_format import INDEX_ARRAYS
from rocchio.dense.originals import VECTOR_ARRAYS
from rocchio.filters.column_arrays import KEYWORD_ARRAYS, ORDERED_ARRAYS
from rocchio.lexical.frozen import FROZEN_ARRAYS
from rocchio.lexical.offline_file import LIST_ARRAYS
from rocchio.lexical.reader import LEXICAL_ARRAYS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(path for folder in ("docs", "benchmarks", "src", "native", "tests", "examples")
                                      for path in (ROOT / folder).rglob("*.md"))])  # fmt: skip
WRITTEN = [path for path in PAGES if path.parent != FOLDER]
"""What people wrote: without the generated pages of commands."""

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
REGENERATE = "write it anew: .venv/bin/python -m tests.architecture.command_pages"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """What links to headings of a page may say, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def written_text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in WRITTEN)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path):
    broken = []
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(link)
    assert not broken


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    mentioned = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", written_text(), re.MULTILINE))
    assert {"demo", "test"} <= mentioned <= targets
    assert targets <= set(re.findall(r"`make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))


def test_every_command_is_mentioned():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in commands() if f"docs/cli/{name}.md" not in text] == []


def test_every_public_name_is_mentioned():
    text = written_text()
    names = [name for name in rocchio.__all__ if not name.startswith("__")]
    assert [name for name in names if f"rocchio.{name}" not in text] == []


def test_every_method_of_a_collection_is_mentioned():
    text = written_text()
    methods = [name for name in dir(rocchio.Collection) if not name.startswith("_")]
    assert [name for name in methods if not re.search(rf"[.`]{name}\b", text)] == []


def test_every_error_is_in_the_table():
    text = (ROOT / "docs" / "how-to" / "errors.md").read_text(encoding="utf-8")
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if not kind.__subclasses__() and kind.__module__ == errors.__name__:
            assert re.search(rf"^\| `{name}` \|.*\| {kind.exit_code} \|$", text, re.MULTILINE), name
        assert kind.__module__ != errors.__name__ or name in (errors.__doc__ or "")


def test_every_array_is_on_its_page():
    text = (ROOT / "docs" / "formats" / "lexical.md").read_text(encoding="utf-8")
    assert [name for name in (*LEXICAL_ARRAYS, "document_offsets") if f"| `{name}` |" not in text] == []


def test_every_array_of_frozen_columns_is_on_its_page():
    text = (ROOT / "docs" / "formats" / "frozen.md").read_text(encoding="utf-8")
    assert [name for name in FROZEN_ARRAYS if f"| `{name}` |" not in text] == []


def test_every_array_of_offline_feedback_is_on_its_page():
    text = (ROOT / "docs" / "formats" / "offline.md").read_text(encoding="utf-8")
    assert [name for name in LIST_ARRAYS if f"| `{name}` (" not in text] == []


@pytest.mark.parametrize(("page_name", "arrays"), [("vectors.md", VECTOR_ARRAYS), ("vector-index.md", INDEX_ARRAYS)])
def test_every_array_of_vector_fields_is_on_its_page(page_name: str, arrays: dict[str, str]):
    text = (ROOT / "docs" / "formats" / page_name).read_text(encoding="utf-8")
    assert [name for name in arrays if f"| `{name}` |" not in text] == []


def test_every_array_of_columns_is_on_its_page():
    text = (ROOT / "docs" / "formats" / "columns.md").read_text(encoding="utf-8")
    assert [name for name in (*KEYWORD_ARRAYS, *ORDERED_ARRAYS) if f"`{name}`" not in text] == []


def test_there_is_a_page_for_each_command_and_no_other():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(commands())


@pytest.mark.parametrize("command", commands())
def test_command_page_is_current(command: str):
    text = (FOLDER / f"{command}.md").read_text(encoding="utf-8")
    for parameter in commands()[command].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert option in text, f"{option} is not on the page of {command}; {REGENERATE}"
    if text.startswith(made_with()):
        assert text == page(command), f"the page of {command} is out of date; {REGENERATE}"
