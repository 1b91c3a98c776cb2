"""Search in learned sparse vectors beside the peers that are installed, in one run.

What is measured: building (each engine in its own process: seconds, peak memory, bytes on disk), queries per second
    on one thread in rounds in which the engines alternate, and recall against a plain exact search.
Data: BM25 impacts in 8 bits of the first 100,000 Wikipedia passages, with natural questions; with --model, also the
    weights that a SPLADE model gives a BEIR folder and its queries, and the first 20,000 of these passages, encoded
    once and kept in --cache.
Notes: all engines have the same whole weights from 1 to 255. Recall counts documents as good as the exact k-th.
    Seismic is approximate and searched at the recalls named; rocchio exactly, and at these recalls with alpha and
    query_cut.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from measure import Call, in_own_process, in_this_process, machine, paired_ratio, paired_seconds
from peers import bmp_engine, is_installed, rocchio_sparse_engine, seismic_engine, versions
from peers.engine import Engine
from peers.tuning import fastest
from sections import build_section
from sparse_data import SparseQuery, SparseSource, Vectors, bm25_impacts, exact_scores, recall, splade_vectors
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
ENGINES = {e.name: e for e in (rocchio_sparse_engine.ENGINE, *bmp_engine.ENGINES, *seismic_engine.ENGINES)}
TARGETS = (0.95, 0.99)


@dataclass(frozen=True)
class Contender:
    """A row of the table: an engine, in one setting, with queries in its form."""

    name: str
    opened: Any
    prepared: Any

    def call(self, k: int) -> Call:
        """What is timed."""
        return partial(self.opened.search, self.prepared, k)

    def recall(self, scores: Any, k: int) -> float:
        """Against the exact scores."""
        return recall(self.opened.rows(self.opened.search(self.prepared, k), self.prepared, k), scores, k)


def engine_names() -> list[str]:
    """The engines to measure: those that are installed."""
    return [name for name, engine in ENGINES.items() if is_installed(engine)]


def contenders(opened: dict[str, Any], queries: Sequence[SparseQuery], scores: Any, k: int) -> list[Contender]:
    """All rows for one k; approximate engines have one for each recall they reach with some setting."""
    rows = []
    for name, index in opened.items():
        prepared = index.prepare(queries, k)
        if not isinstance(index, seismic_engine.OpenedSeismic):
            rows.append(Contender(name, index, prepared))
        if not hasattr(index, "settings"):
            continue
        found = fastest(index, prepared, k, lambda r: recall(r, scores, k), TARGETS)
        for target, setting in found.items():
            rows.append(Contender(f"{name} for recall {target}: {index.name_of(setting)}", index, setting))
    return rows


def search_section(opened: dict[str, Any], vectors: Vectors, queries: Sequence[SparseQuery],
                   ks: Sequence[int], rounds: int) -> list[str]:  # fmt: skip
    """Queries per second and recall of all engines at several k."""
    scores, rows = exact_scores(vectors, queries), []
    for k in ks:
        all_of_k = contenders(opened, queries, scores, k)
        seconds = paired_seconds({one.name: one.call(k) for one in all_of_k}, rounds)
        for one in all_of_k:
            rate = f"{len(queries) / statistics.median(seconds[one.name]):,.0f}"
            ratio = f"{paired_ratio(seconds[one.name], seconds['rocchio']):.2f}" if "rocchio" in seconds else ""
            rows.append([str(k), one.name, rate, ratio, f"{one.recall(scores, k):.3f}"])
    terms = sum(map(len, queries)) / len(queries)
    title = f"### {len(queries):,} queries of {terms:.1f} terms, one thread"
    return [title, "", *table(["k", "engine", "q/s", "rocchio / it", "recall"], rows)]


def data_report(options: argparse.Namespace, title: str, vectors: Vectors, queries: list[SparseQuery],
                folder: Path) -> list[str]:  # fmt: skip
    """Both sections for one set of vectors."""
    source = SparseSource(folder)
    source.write(vectors)
    engines: dict[str, Engine] = {name: ENGINES[name] for name in engine_names()}
    built = {name: in_own_process(__file__, "--build", name, "--folder", str(folder)) for name in engines}
    sizes = {name: engine.index_bytes(folder / name) for name, engine in engines.items()}
    threads = {name: engine.build_threads for name, engine in engines.items()}
    counts = (
        f"{len(vectors):,} vectors of {len(vectors.terms) / len(vectors):.1f} weights, {vectors.dimensions:,} terms"
    )
    lines = [f"## {title}", "", f"{counts}.", "", *build_section(built, sizes, threads, len(vectors.terms))]
    opened = {name: engine.open(folder / name, source) for name, engine in engines.items()}
    ks = sorted({min(k, len(vectors)) for k in options.k})
    return lines + search_section(opened, vectors, queries[: options.query_count], ks, options.rounds)


def report(options: argparse.Namespace, work: Path) -> list[str]:
    """Run everything; the lines of the report, in Markdown."""
    names = engine_names()
    lines = ["# Sparse vectors", "", f"{machine()}; {versions([ENGINES[name] for name in names])}.", ""]
    lines += [f"Medians of {options.rounds} paired rounds after one to warm up. What times include:", ""]
    lines += [f"- {name}: {ENGINES[name].includes}" for name in names]
    lines += [f"- {name}: not measured, as it is not there." for name in ENGINES if name not in names] + [""]
    if options.limit:
        made = bm25_impacts(options.documents, options.limit, options.queries, options.query_count, work / "passages")
        lines += data_report(options, f"BM25 impacts of {options.documents.stem}", *made, work / "impacts")
    if options.model:
        for source in options.splade:
            asked = (options.splade_limit, options.queries, options.query_count)
            made = splade_vectors(options.model, source, *asked, options.cache)
            lines += ["", *data_report(options, f"SPLADE weights of {source.stem}", *made, work / source.stem)]
    return lines


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--limit", type=int, default=100_000, help="passages with BM25 impacts; 0 for none")
    parser.add_argument("--query-count", type=int, default=500)
    parser.add_argument("--model", type=Path, help="folder with model.safetensors of a SPLADE model")
    parser.add_argument("--splade", type=Path, nargs="+", default=[DATA / "scifact", DATA / "wiki-393k.parquet"],
                        help="what --model encodes: BEIR folders, Parquet files of passages")  # fmt: skip
    parser.add_argument("--splade-limit", type=int, default=20_000, help="use only the first documents of each")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "rocchio-splade")
    parser.add_argument("--k", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, help="folder for indexes, removed afterwards (default: a temporary one)")
    parser.add_argument("--output", type=Path, help="also write the report here")
    parser.add_argument("--build", choices=list(ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser


def main() -> None:
    """Parse, run, print, write."""
    options = make_parser().parse_args()
    if options.build:
        engine = ENGINES[options.build]
        print(in_this_process(lambda: engine.build(SparseSource(options.folder), options.folder / engine.name)))
        return
    needed = [options.documents, options.queries] if options.limit else []
    needed += [options.model / "model.safetensors", *options.splade] if options.model else []
    absent = [str(path) for path in needed if not path.exists()]
    if absent:
        sys.exit(f"expected {' and '.join(absent)}, found nothing there; name other paths with options")
    work = Path(tempfile.mkdtemp(prefix="rocchio-sparse-", dir=options.work))
    try:
        lines = report(options, work)
    finally:
        shutil.rmtree(work)
    publish(lines, options.output)


if __name__ == "__main__":
    main()
