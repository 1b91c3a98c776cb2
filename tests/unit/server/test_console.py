"""The page: small, of this server alone, harmless; and open, since it asks for the key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.server.asker import Asker

from rocchio.server.console import FOLDER, PREFIX, assets
from rocchio.server.keys import KeyFile

FIRST_PAGE_BYTES = 200_000
LINES = 300
FILES = sorted(assets())
SCRIPTS = [name for name in FILES if name.endswith(".js")]


def text_of(name: str) -> str:
    return assets()[name].content.decode()


def linked(name: str) -> set[str]:
    """Files that a file loads at once: links of the page, static imports of a script."""
    found = re.findall(r'(?:href|src)="/console/([^"]+)"', text_of(name))
    found += re.findall(r'^import [^;]*?"\./([^"]+)";', text_of(name), re.MULTILINE)
    return set(found)


def test_the_first_page_is_small():
    loaded, waiting = set(), {"index.html"}
    while waiting:
        name = waiting.pop()
        loaded.add(name)
        waiting |= linked(name) - loaded
    assert {"main.js", "search_view.js", "base.css"} <= loaded
    assert "map_canvas.js" not in loaded  # other views come when they are opened
    assert sum(len(assets()[name].content) for name in loaded) < FIRST_PAGE_BYTES


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_this_server_alone(name: str):
    text = text_of(name)
    # the namespace of SVG is a name, not an address
    assert (
        re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+[^\s\"']*", text.replace("http://www.w3.org/2000/svg", "")) == []
    )
    assert linked(name) <= set(FILES)
    assert len(text.splitlines()) <= LINES


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_makes_no_markup_of_texts(name: str):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text_of(name))
    dynamic = re.findall(r'import\("\./([^"]+)"\)', text_of(name))
    assert set(dynamic) <= set(FILES)


@pytest.mark.parametrize("path", ["/", *(PREFIX + name for name in FILES)])
def test_files_are_served_with_a_strict_policy(ask: Asker, path: str):
    answer = ask("GET", path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == assets()[path.removeprefix(PREFIX) if path != "/" else "index.html"].content
    head = ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    again = ask("GET", path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_has_nothing_inline():
    page = text_of("index.html")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", page)


def test_other_names_are_not_there(ask: Asker):
    for name in ("other.js", "%2e%2e%2fapp.py", "..%2fapp.py", "x" * 500):
        answer = ask("GET", PREFIX + name)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    refused = ask("POST", "/", json={})
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD"


def test_the_page_needs_no_key_and_the_data_do(folder: Path, serve: Callable[..., Asker], tmp_path: Path):
    KeyFile(tmp_path / "keys.json").add("read")
    ask = serve(folder, keys=tmp_path / "keys.json")
    assert ask("GET", "/").status_code == 200
    assert ask("GET", "/console/main.js").status_code == 200
    for route in ("facets", "refine", "experiment", "map"):
        assert ask("POST", f"/collections/papers/{route}", json={}).status_code == 401


def test_the_files_are_where_the_package_looks():
    assert FOLDER.is_dir()
    assert (FOLDER / "index.html").is_file()
