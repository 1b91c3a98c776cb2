"""The recall report: exact first, recall by definition, bad arguments refused."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.engine.recall import RecallReport, Setting
from rocchio.errors import InvalidArgument


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    dice = random.Random(4)
    folder = tmp_path_factory.mktemp("recall") / "c"
    made = rocchio.create(folder, fields={"s": rocchio.sparse(), "text": rocchio.text()})
    made.add(
        {"doc_id": f"d{i}", "text": "word", "s": {f"t{dice.randint(0, 40)}": dice.random() + 0.1 for _ in range(12)}}
        for i in range(3000)
    )
    made.commit()
    return made


def queries() -> list[dict[str, float]]:
    dice = random.Random(5)
    return [{f"t{dice.randint(0, 40)}": dice.random() + 0.1 for _ in range(8)} for _ in range(20)]


def test_recall_is_the_share_of_the_exact_results(col: rocchio.Collection) -> None:
    steps: list[tuple[int, int]] = []
    report = col.recall_report(
        queries(),
        "s",
        10,
        alphas=[1, 0.5],
        query_cuts=[None, 2],
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [(s.alpha, s.query_cut) for s in report.settings] == [(1, None), (0.5, None), (1, 2), (0.5, 2)]
    assert report.settings[0].recall == 1.0
    assert steps[-1] == (12, 12)
    exact, cut = col.search(queries(), field="s"), col.search(queries(), field="s", query_cut=2)
    shares = [len(set(a) & set(b)) / len(a) for a, b in zip(exact.doc_ids, cut.doc_ids, strict=True)]
    assert report.settings[2].recall == pytest.approx(sum(shares) / len(shares))
    assert report.settings[2].recall < 1.0
    assert report.fastest(1.0).recall == 1.0
    assert all(setting.queries_per_s > 0 for setting in report.settings)


def test_queries_without_results_miss_nothing(col: rocchio.Collection) -> None:
    report = col.recall_report([{"absent": 1.0}], "s", alphas=[0.5], query_cuts=[1])
    assert [setting.recall for setting in report.settings] == [1.0, 1.0]


def test_the_table() -> None:
    report = RecallReport("s", 10, 2, (Setting(1.0, None, 1.0, 100.0), Setting(0.8, 4, 0.9876, 250.0)))
    assert str(report).splitlines() == [
        " alpha query_cut   recall@10  queries/s speed-up",
        "     1       all      1.0000        100    1.00x",
        "   0.8         4      0.9876        250    2.50x",
    ]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([], "s"), {}, "expected queries to measure recall with"),
        (([{"a": 1.0}], "text"), {}, "expected the name of a sparse field, found 'text'"),
        (([{"a": 1.0}], ["s"]), {}, "expected the name of a sparse field"),
        (([{"a": 1.0}], "s"), {"alphas": [0]}, "expected alpha"),
        (([{"a": 1.0}], "s"), {"query_cuts": [0]}, "expected a query_cut"),
        (([{"a": 1.0}], "s", 0), {}, "expected k"),
    ],
)
def test_bad_arguments(col: rocchio.Collection, arguments: Any, options: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        col.recall_report(*arguments, **options)


def test_the_command(col: rocchio.Collection, tmp_path: Path) -> None:
    topics = tmp_path / "queries.jsonl"
    lines = [json.dumps({"_id": str(i), "weights": query}) for i, query in enumerate(queries())]
    topics.write_text("\n".join(lines))
    arguments = ["recall", str(col.path), "--topics", str(topics), "--field", "s", "--alpha", "0.8", "--query-cut", "4"]
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0, table.output
    assert "recall@10" in table.output
    values = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert [(s["alpha"], s["query_cut"]) for s in values["settings"]] == [(1.0, None), (0.8, 4)]
