"""schemathesis asks what the OpenAPI document allows and what it does not: no 5xx, every answer as described."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("uvicorn", reason="the extra server is not installed")
import httpx
from tests.end_to_end.server_process import server

import rocchio

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
RUN = "import sys; from schemathesis.cli import schemathesis; sys.argv[0] = 'schemathesis'; schemathesis()"
FIELDS = {"title": rocchio.text(), "text": rocchio.text(), "year": rocchio.number(), "v": rocchio.vector(2),
          "s": rocchio.sparse()}  # fmt: skip


def document_of(url: str) -> dict:
    """The OpenAPI document for the collection that is there. Streams of lines have tests of their own."""
    document = httpx.get(f"{url}/openapi.json").json()
    paths = {}
    for path, methods in document["paths"].items():
        for about in methods.values():
            named = about.get("parameters", [])
            about["parameters"] = [each for each in named if each["name"] != "name"]
        paths[path.replace("{name}", "papers")] = methods
    del paths["/collections/papers/ingest"]
    return {**document, "paths": paths}


def test_the_server_survives_what_is_thrown_at_it(tmp_path: Path, slow: bool):
    with rocchio.create(tmp_path / "served" / "papers.rocchio", fields=FIELDS) as col:
        col.add(
            {"doc_id": f"a{i}", "text": "relevance feedback", "v": [1.0, float(i)], "s": {"x": 1.0}} for i in range(9)
        )
        col.commit()
    with server(tmp_path / "served", "--rate", "0") as (_, url):
        (tmp_path / "openapi.json").write_text(json.dumps(document_of(url)))
        options = ["--url", url, "--checks", CHECKS, "--max-examples", "300" if slow else "4", "--seed", "1",
                   "--phases", "examples,coverage,fuzzing", "--request-timeout", "20"]  # fmt: skip
        command = [sys.executable, "-c", RUN, "run", str(tmp_path / "openapi.json"), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=tmp_path, check=False)
    log = Path(f"{tmp_path / 'served'}.log").read_text()
    assert '"event":"error"' not in log, next(line for line in log.splitlines() if '"event":"error"' in line)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
