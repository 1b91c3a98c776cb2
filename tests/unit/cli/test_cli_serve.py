"""`rocchio keys`, and what `rocchio serve` refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")

from rocchio.cli.main import main


def run(*arguments: object, code: int = 0) -> None:
    sys.argv = ["rocchio", *map(str, arguments)]
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == code


@pytest.fixture(autouse=True)
def own_arguments(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", [])


def test_keys_are_added_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "keys.json"
    run("keys", "add", file, "--role", "write", "--note", "for a test")
    key = capsys.readouterr().out.strip()
    run("keys", "add", file, "--tenant", "acme", "--json")
    made = json.loads(capsys.readouterr().out)
    assert made["key"].startswith(f"rk_{made['id']}_")
    run("keys", "list", file, "--json")
    assert [entry["role"] for entry in json.loads(capsys.readouterr().out)] == ["write", "read"]
    run("keys", "list", file)
    assert "for a test" in capsys.readouterr().out
    run("keys", "revoke", file, key.split("_")[1])
    run("keys", "list", file)
    listed = capsys.readouterr().out
    assert made["id"] in listed
    assert "for a test" not in listed


def test_what_serve_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    for arguments, words in (
        ([tmp_path / "none"], "rocchio index"),
        ([tmp_path, "--host", "0.0.0.0"], "--keys"),
        ([tmp_path, "--keys", tmp_path / "none.json"], "keys add"),
        ([tmp_path, "--rate", "-1"], "limit rate"),
        ([], "or --demo, found neither"),
        ([tmp_path, "--demo"], "or --demo, found both"),
    ):
        run("serve", *arguments, code=2)
        assert words in capsys.readouterr().err.replace("\n", " ")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run("serve", tmp_path, code=2)
    assert "pip install 'rocchio[server]'" in capsys.readouterr().err.replace("\n", " ")
