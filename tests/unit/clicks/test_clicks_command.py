"""`rocchio clicks`: what it logs, lists, shows and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import BadRecord, InvalidArgument, NotFound, RocchioError


def command(*arguments: object) -> str:
    """What a command prints. Raises what it raises."""
    result = CliRunner().invoke(app, ["clicks", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def impression(session: int, shown: str, clicked: list[int]) -> dict[str, Any]:
    return {"session": f"s{session}", "query": "wing", "shown": list(shown), "clicked": clicked}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    col.add({"doc_id": doc_id, "text": f"wing {doc_id}"} for doc_id in "abc")
    col.commit()
    return tmp_path / "c"


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_log_and_describe(folder: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "1.jsonl", *[impression(i, "ab", [1] if i % 2 else []) for i in range(40)])
    assert command(folder, first).strip() == "impressions logged: 40"
    text = command(folder)
    assert "propensities unknown" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["impressions", "40"] in rows
    assert ["1", "40", "20"] in rows
    second = write(tmp_path / "2.jsonl", *[impression(i, "ba", [2] if i % 4 == 0 else []) for i in range(40)])
    assert json.loads(command(folder, second, "--json"))["logged"] == 40
    text = command(folder)
    assert "eta 1.00" in text
    assert ["2", "80", "10", "0.500"] in [line.split()[:4] for line in text.splitlines()]
    told = json.loads(command(folder, "--json"))
    assert (told["impressions"], told["queries"], told["sessions"], told["clicks"]) == (80, 1, 40, 30)
    assert told["propensities"]["documents"] == 2
    (folder / "clicks.jsonl").open("ab").write(b"torn")
    assert "not committed" in command(folder)


def test_an_empty_log(folder: Path) -> None:
    assert "propensities unknown" in command(folder)
    assert json.loads(command(folder, "--json"))["first"] is None


def test_rejects_are_listed(folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", impression(1, "ab", [3]), impression(2, "ab", [2]))
    result = CliRunner().invoke(app, ["clicks", str(folder), str(file), "--rejects", str(tmp_path / "bad.jsonl")])
    assert "rejected: 1 (see" in " ".join(result.output.split())
    assert f"{file}:1: expected clicked ranks from 1 to 2" in " ".join(result.output.split())
    assert len((tmp_path / "bad.jsonl").read_text().splitlines()) == 1


def test_refusals(folder: Path, tmp_path: Path) -> None:
    bad = write(tmp_path / "x.jsonl", impression(1, "ab", [3]))
    cases: list[tuple[type[RocchioError], str, tuple[object, ...]]] = [
        (BadRecord, "expected clicked ranks from 1 to 2", (folder, bad)),
        (InvalidArgument, "expected a file of clicks with --rejects", (folder, "--rejects", "r")),
        (NotFound, "expected a file at", (folder, tmp_path / "none.jsonl")),
        (NotFound, "expected a collection", (tmp_path / "none",)),
    ]
    for kind, words, arguments in cases:
        with pytest.raises(kind, match=words):
            command(*arguments)
    assert not (folder / "clicks.jsonl").exists()
