"""Words and vectors fused, beside each alone, on judged collections.

What is measured: nDCG@10 of BM25 k1=0.9 b=0.4 over title and text, of exact search in vectors, and of their fusions:
    reciprocal ranks, min-max, z-norm, the default of a search, and the one that `Collection.tune` fits, measured by
    cross-validation on queries that it was not fitted to. p is that of the paired randomisation test against the
    better of both alone, Holm-corrected.
Data: BEIR folders in the shared data folder beside the checkout; vectors from NAME.npz files (documents, queries) in
    the order of the folder's files, such as `minilm.py` writes, or of an encoder of rocchio.
Notes: analyzers are anserini, german for xquad-de and cjk for xquad-zh. all-MiniLM-L6-v2 knows English: what it finds
    in the German and Chinese collections shows what a fusion does when one of its runs is poor.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics

DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = "scifact npl cisi med lisa dl19-pool liveqa-med cosqa xquad-en xquad-de xquad-zh".split()  # noqa: SIM905
MEAN_OF = NAMES[:4]
ANALYZERS = {"xquad-de": "german", "xquad-zh": "cjk"}
MEASURE = "nDCG@10"
FUSIONS = ("rrf", "combmnz", "minmax(0.4, 0.6)", "znorm(0.6, 0.4)", "znorm(0.5, 0.5)")
DEPTHS = (10, 100, 1000)
CHOSEN_WITH = (
    "The method and weights of the default, and the settings and caution of tuning, were chosen with these collections",
    "in view, among some dozens of variants (reciprocal ranks, min-max, powers and gaps of scores, adaptive weights):",
    "expect a little less on others. Cross-validation covers only the choice among the settings that `tune` tries.",
)


@dataclass(frozen=True)
class Judged:
    """An indexed collection with its judged queries."""

    name: str
    col: Any
    queries: dict[str, Any]
    qrels: Any

    def value(self, queries: dict[str, Any], **options: Any) -> float:
        """The mean of the measure over the judged queries; those that are left out count 0."""
        run = self.col.search(list(queries.values()), 100, query_ids=list(queries), **options)
        return float(evaluate(run, self.qrels, MEASURE).means[MEASURE])


def load(folder: Path, source: Path | str, work: Path) -> Judged:
    """Index a BEIR folder with vectors from a folder of files, or of an encoder."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    documents = [{"doc_id": each["_id"], "title": each.get("title") or "", "text": each["text"]} for each in records]
    topics, qrels = read_topics(folder / "queries.jsonl.gz"), read_qrels(folder / "qrels" / "test.tsv")
    if isinstance(source, str):
        field, of_queries = rocchio.vector(encoder=source), dict(topics)
    else:
        arrays = np.load(source / f"{folder.name}.npz")
        field = rocchio.vector(arrays["documents"].shape[1])
        of_queries = dict(zip(topics, arrays["queries"], strict=True))
        for document, vector in zip(documents, arrays["documents"], strict=True):
            document["v"] = vector
    fields = {"title": rocchio.text(), "text": rocchio.text(), "v": field}
    col = rocchio.create(work / folder.name, fields=fields, analyzer=ANALYZERS.get(folder.name, "anserini"))
    col.add(documents)
    col.commit()
    queries = {
        query_id: rocchio.query(text, vectors={"v": of_queries[query_id] if np.any(of_queries[query_id]) else None})
        for query_id, text in topics.items()
        if query_id in qrels
    }
    return Judged(folder.name, col, queries, qrels)


def measured(judged: Judged) -> tuple[dict[str, float], Any, dict[int, float]]:
    """Value by system, what tuning reports, and the default's value by depth."""
    queries = judged.queries
    vectors = {query_id: query.vectors["v"] for query_id, query in queries.items() if query.vectors["v"] is not None}
    values = {
        "BM25": judged.value({query_id: query.text for query_id, query in queries.items()}, field=["title", "text"]),
        "vectors": judged.value(vectors, field="v"),
    }
    values |= {fusion: judged.value(queries, fusion=fusion) for fusion in FUSIONS}
    depths = {depth: judged.value(queries, depth=depth) for depth in DEPTHS}
    report = judged.col.tune(judged.queries, judged.qrels, MEASURE)
    return values | {"default": judged.value(queries), "tuned": report.tuned}, report, depths


def table(rows: dict[str, dict[str, float]], columns: list[str]) -> list[str]:
    """A row for each collection, and one for the mean of four; what is below the better single run is marked."""
    lines = [f"| collection | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    shown = dict(rows)
    if set(MEAN_OF) <= rows.keys():
        mean = {column: float(np.mean([rows[name][column] for name in MEAN_OF])) for column in columns}
        shown[f"mean of {', '.join(MEAN_OF)}"] = mean
    for name, values in shown.items():
        single = max(values["BM25"], values["vectors"])
        cells = [f"{values[column]:.4f}{' ↓' if values[column] < single - 5e-5 else ''}" for column in columns[2:]]
        lines.append(f"| {name} | {values['BM25']:.4f} | {values['vectors']:.4f} | {' | '.join(cells)} |")
    return lines


def tuning_table(reports: dict[str, Any]) -> list[str]:
    """What was chosen and whether it differs from the best single run."""
    lines = ["| collection | queries | chosen on all | tuned - best alone | p | default - best alone | p |"]
    lines.append("|---" * 7 + "|")
    for name, report in reports.items():
        tuned, default = report.comparison.differences
        lines.append(
            f"| {name} | {report.queries:,} | {report.chosen} | {tuned.difference:+.4f} | {tuned.p_holm:.4f} "
            f"| {default.difference:+.4f} | {default.p_holm:.4f} |"
        )
    return lines


def section(data: Path, label: str, source: Path | str, names: list[str]) -> list[str]:
    """What one kind of vectors gains, in Markdown."""
    rows: dict[str, dict[str, float]] = {}
    by_depth: dict[str, dict[str, float]] = {}
    reports = {}
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            rows[name], reports[name], depths = measured(load(data / name, source, Path(work)))
        alone = {column: rows[name][column] for column in ("BM25", "vectors")}
        by_depth[name] = alone | {f"depth {depth:,}": value for depth, value in depths.items()}
        print(f"{label}: {name}", file=sys.stderr)
    default = next(iter(reports.values())).default.fusion
    return [
        f"## BM25 and {label}",
        "",
        f"{MEASURE}. The default is {default}; tuned is by cross-validation; ↓ is below the better of both alone.",
        "",
        *table(rows, list(next(iter(rows.values())))),
        "",
        *tuning_table(reports),
        "",
        "The default by how many documents of each part are fused:",
        "",
        *table(by_depth, list(next(iter(by_depth.values())))),
        "",
    ]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of BEIR folders")
    parser.add_argument(
        "--vectors", nargs="*", default=[], metavar="NAME=FOLDER", help="vectors by what made them, as .npz files"
    )
    parser.add_argument("--encoders", nargs="*", default=[], help='encoders to make vectors, like "lsa(dim=256)"')
    parser.add_argument("--names", nargs="+", default=NAMES, help="BEIR folders to measure")
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    for name in options.names:
        if not (options.data / name).is_dir():
            sys.exit(f"expected the BEIR folder {options.data / name}, found nothing; name its folder with --data")
    lines = [
        "# Words and vectors fused",
        "",
        f"rocchio {rocchio.__version__}, numpy {np.__version__}, Python {platform.python_version()}. Made by",
        "`benchmarks/hybrid.py`, which says what is measured and on what.",
        "",
        *CHOSEN_WITH,
        "",
    ]
    sources: dict[str, Path | str] = {label: label for label in options.encoders}
    sources |= {label: Path(folder) for label, _, folder in (given.partition("=") for given in options.vectors)}
    for label, source in sources.items():
        lines += section(options.data, label, source, options.names)
        if options.output:  # after each section: the next may take long
            options.output.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
