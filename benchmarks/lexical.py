"""Lexical search beside the peers that are installed, in one run.

What is measured: building (each engine in its own process: seconds, peak memory, bytes on disk); queries per second
    on one thread at several k, in rounds in which the engines alternate; the same with queries of thirty weighted
    terms; the latency of single queries; what a second thread gives rocchio; how rocchio's kernels compare.
Data: the 393,490 Wikipedia passages of the shared data folder beside the checkout, their sentences (about 2 million
    short documents), or a Parquet file of your own (_id, title, text); questions from a JSON Lines file.
Notes: all engines have the same terms (bm25s's `en` preset: lower case, \\w\\w+, 33 stopwords, Snowball English) and
    BM25 k1=0.9 b=0.4, tantivy excepted. What each engine's times include is printed. Read the ratios, which are
    medians over paired rounds; absolute rates drift.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import sections
from data import Query, Source, passages, read_questions, sentences, write_source
from expanded import document_frequencies, expanded_queries
from measure import Built, in_own_process, in_this_process, machine, memory_bandwidth
from peers import ENGINES, is_installed, versions
from tables import publish

DATA = Path(__file__).parents[2] / "shared" / "data"
FEEDBACK_DOCUMENTS = 10


def collections(options: argparse.Namespace, work: Path) -> list[tuple[str, Source, float]]:
    """Name, collection on disk and seconds of analysis for each one asked for."""
    documents = passages(options.documents, options.limit)
    made = []
    if options.collection != "sentences":
        made.append((options.documents.stem, *write_source(documents, work / "passages")))
    if options.collection != "wiki":
        name = f"sentences of {options.documents.stem}"
        made.append((name, *write_source(sentences(documents), work / "sentences")))
    return made


def engine_names(options: argparse.Namespace) -> list[str]:
    """The engines to measure, rocchio first."""
    wanted = [name for name in ENGINES if name == "rocchio" or name in options.engines]
    return [name for name in wanted if is_installed(ENGINES[name])]


def build_all(names: list[str], source: Source) -> dict[str, Built]:
    """Build each engine's index in a process of its own, beside the collection."""
    arguments = [("--build", name, "--folder", str(source.folder)) for name in names]
    return {name: in_own_process(__file__, *each) for name, each in zip(names, arguments, strict=True)}


def collection_report(options: argparse.Namespace, source: Source, bandwidth: float) -> list[str]:
    """All sections for one collection."""
    names = engine_names(options)
    tokens = source.tokens()
    df = document_frequencies(tokens)
    built = build_all(names, source)
    engines = {name: ENGINES[name] for name in names}
    sizes = {name: engine.index_bytes(source.folder / name) for name, engine in engines.items()}
    threads = {name: engine.build_threads for name, engine in engines.items()}
    lines = sections.build_section(built, sizes, threads, int(df.sum()))
    lines += sections.parts_section(source.folder / "rocchio", sizes)
    opened = {name: engine.open(source.folder / name, source) for name, engine in engines.items()}
    bench = sections.Bench(engines, opened, options.rounds, bandwidth)
    ks = sorted({min(k, len(tokens.offsets) - 1) for k in options.k})
    questions = read_questions(options.queries, options.query_count)
    few = questions[: options.expanded_count]
    first = sections.found_rows(bench.rocchio, few, FEEDBACK_DOCUMENTS)
    expanded = expanded_queries(few, first, tokens, df)
    lines += sections.search_section(bench, f"{len(questions):,} questions, one thread", questions, ks)
    title = f"{len(expanded):,} queries of thirty weighted terms, one thread"
    lines += sections.search_section(bench, title, expanded, sorted({ks[0], ks[-1]}))
    lines += sections.latency_section(bench, questions[: options.single_count], ks[0])
    lines += sections.threads_section(bench, questions, ks[0])
    lines += sections.kernel_section(bench, questions[: options.single_count], sorted({ks[0], ks[-1]}))
    sets: dict[str, list[Query]] = {"questions": questions, "thirty weighted terms": expanded}
    return lines + sections.agreement_section(bench, sets, FEEDBACK_DOCUMENTS)


def report(options: argparse.Namespace, work: Path) -> list[str]:
    """Run everything; the lines of the report, in Markdown."""
    names = engine_names(options)
    bandwidth = memory_bandwidth()
    lines = ["# Lexical search", "", f"{machine()}; {versions([ENGINES[name] for name in names])}.", ""]
    lines += [f"One thread reads {bandwidth / 1e9:.1f} GB/s from memory (numpy sum).", ""]
    lines += [f"Medians of {options.rounds} paired rounds after one to warm up. What times include:", ""]
    lines += [f"- {name}: {ENGINES[name].includes}" for name in names]
    absent = [name for name in ENGINES if name not in names]
    lines += [f"- {name}: not measured, as it is not installed or was not asked for." for name in absent]
    for title, source, seconds in collections(options, work):
        tokens = source.tokens()
        counts = f"{len(tokens.offsets) - 1:,} documents, {len(tokens.ids):,} tokens, {len(tokens.terms):,} terms"
        lines += ["", f"## {title}", "", f"{counts}; rocchio's analyzer alone takes {seconds:.1f} s for them.", ""]
        lines += collection_report(options, source, bandwidth)
    return lines


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", choices=["wiki", "sentences", "both"], default="wiki")
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--limit", type=int, default=None, help="use only the first documents")
    parser.add_argument("--query-count", type=int, default=2000)
    parser.add_argument("--expanded-count", type=int, default=500, help="questions that are expanded to 30 terms")
    parser.add_argument("--single-count", type=int, default=500, help="questions that are timed one by one")
    parser.add_argument("--k", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES), help="beside rocchio")
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
        print(in_this_process(lambda: engine.build(Source(options.folder), options.folder / engine.name)))
        return
    if not options.documents.exists() or not options.queries.exists():
        sys.exit(f"expected documents at {options.documents} and queries at {options.queries}; name them with options")
    work = Path(tempfile.mkdtemp(prefix="rocchio-bench-", dir=options.work))
    try:
        lines = report(options, work)
    finally:
        shutil.rmtree(work)
    publish(lines, options.output)


if __name__ == "__main__":
    main()
