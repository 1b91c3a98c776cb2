"""`rocchio info`, `tenants`, `search` of a multi-tenant collection: what is printed and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.errors.refusal import refused
from tests.unit.cli.test_cli_plans import command

import rocchio
from rocchio.errors import InvalidArgument, NotFound


@pytest.fixture
def path(tmp_path: Path) -> Path:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, tenants=rocchio.tenants())
    col.add({"doc_id": "a1", "text": "wing", "_tenants": ["acme"]})
    col.commit()
    return tmp_path / "c"


def test_info_tells_of_tenants(path: Path, tmp_path: Path) -> None:
    assert "tenants(statistics=tenant); `rocchio tenants`" in command("info", path)
    assert rocchio.open(path).info().to_dict()["tenants"] == "tenants(statistics=tenant)"
    single = rocchio.create(tmp_path / "single", fields={"text": rocchio.text()})
    assert single.info().tenants is None
    assert "tenants" not in command("info", tmp_path / "single")


def test_refusals_name_the_options_of_commands(path: Path) -> None:
    with refused(InvalidArgument, "found none", "--tenant NAME to a command", "--all-tenants"):
        command("search", path, "wing")
    with refused(NotFound, "expected a tenant of the collection, found 'nobody'", "`rocchio tenants`"):
        command("tenants", path, "--delete", "nobody")
    assert "a1" in command("search", path, "wing", "--all-tenants")
