"""The commands of docs/how-to/serve.md, run against a server, answer what the page shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")

from tests.end_to_end.server_process import server

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "serve.md"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def same(shown: Any, found: Any) -> bool:
    """Equal, numbers to the digits that are shown."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and shown.keys() == found.keys() and all(same(shown[n], found[n]) for n in shown)
    if isinstance(shown, list):
        return len(shown) == len(found) and all(map(same, shown, found))
    return shown == (pytest.approx(found, abs=5e-5) if isinstance(shown, float) else found)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_commands_answer_what_the_page_shows(tmp_path: Path):
    asked, last = 0, ""
    with server(tmp_path / "collections", "--create", "--rate", "0") as (_, url):
        for language, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            if language == "json" and last:
                assert same(json.loads(block), json.loads(last)), last
                last = ""
            elif language == "sh" and re.match(r"curl|printf", block):
                code = "set -e\n" + re.sub(r"\bcurl -s", "curl -s --fail-with-body -w '\\\\n' ", block)
                command = code.replace("localhost:8080", url.removeprefix("http://"))
                done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True,
                                      timeout=60, check=False)  # fmt: skip
                assert done.returncode == 0, done.stdout + done.stderr
                asked, last = asked + 1, done.stdout.strip().splitlines()[-1]
    assert asked >= 4
