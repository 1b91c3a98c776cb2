"""`rocchio tenants`, `grant`, `revoke`: what they print, what they change, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.errors.refusal import refused
from tests.unit.cli.test_cli_hybrid import rocchio_command
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument, NotFound


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    col = rocchio.create("c", {"text": rocchio.text()}, tenants="tenants")
    col.add([{"doc_id": f"d{row}", "text": "wing", "_tenants": ["acme" if row < 3 else "beta"]} for row in range(5)])
    col.commit()
    return tmp_path


def test_grant_revoke_list(folder: Path) -> None:
    assert rocchio_command("grant", "c", "beta", "d0", "d1", "d3", "none") == (
        "2 documents granted; seen before: 1; not there: 1\n"
    )
    assert json.loads(rocchio_command("tenants", "c", "--json")) == {"acme": 3, "beta": 4}
    listed = rocchio_command("tenants", "c").split()
    assert listed == ["tenant", "documents", "acme", "3", "beta", "4"]
    revoked = json.loads(rocchio_command("revoke", "c", "beta", "d0", "d2", "--json"))
    assert (revoked["tenant"], revoked["changed"], revoked["unchanged"], revoked["missing"]) == ("beta", 1, 1, 0)
    assert json.loads(rocchio_command("tenants", "c", "--json"))["beta"] == 3


def test_doc_ids_come_from_a_file_too(folder: Path) -> None:
    Path("ids.txt").write_text("d0\nd1\n")
    assert rocchio_command("grant", "c", "new", "--from", "ids.txt").startswith("2 documents granted")
    found = CliRunner().invoke(app, ["revoke", "c", "new", "--from", "-"], input="d0\n")
    assert found.output.startswith("1 document revoked; never granted: 0")


def test_deleting_a_tenant(folder: Path) -> None:
    rocchio_command("grant", "c", "beta", "d0")
    assert rocchio_command("tenants", "c", "--delete", "beta") == (
        "2 documents deleted, 1 shared ones kept for others; no bytes are left\n"
    )
    gone = json.loads(rocchio_command("tenants", "c", "--delete", "acme", "--json"))
    assert (gone["documents"], gone["remaining"]) == (3, [])
    assert json.loads(rocchio_command("tenants", "c", "--json")) == {}


def test_refusals(folder: Path) -> None:
    with refused(NotFound, "expected a tenant of the collection", "'gamma'"):
        rocchio_command("tenants", "c", "--delete", "gamma")
    with refused(InvalidArgument, "expected a tenant of at most 128", "'no tenant'"):
        rocchio_command("grant", "c", "no tenant", "d0")
    with refused(InvalidArgument, "expected", "grant", "found none"):
        rocchio_command("grant", "c", "acme")
    rocchio.create("plain", {"text": rocchio.text()})
    for command in (("tenants", "plain"), ("grant", "plain", "acme", "d0"), ("revoke", "plain", "acme", "d0")):
        with refused(InvalidArgument, "multi-tenant"):
            rocchio_command(*command)
