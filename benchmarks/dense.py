"""Search in dense vectors beside the peers that are installed, in one run.

What is measured: building (each index in its own process: seconds, peak memory, bytes that a search holds); queries
    per second on one thread at some recalls, in rounds in which the engines alternate; the latency of queries one by
    one; comparing every vector; what the memory of the machine can do.
Data: .npy files of unit vectors and of queries (float16 or float32): by default the 100,000 vectors of Wikipedia
    passages in the shared data folder beside the checkout, with 2,000 questions.
Notes: an engine has an index for each of some ways to build it. For each recall, a search for the cheapest setting of
    each index that reaches it on these queries; the engine's fastest by CPU time then takes part in the rounds.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

import dense_sections as sections
from dense_data import DenseSet, read_vectors
from dense_limits import Limits, measure_limits
from measure import Built, in_own_process, in_this_process, machine
from peers_dense import ENGINES
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"


def build_one(name: str, base: Path, folder: Path, threads: int) -> None:
    """In a process of its own: build an index, print what it took."""
    vectors = read_vectors(base)
    seconds = 0.0

    def task() -> dict[str, float]:
        nonlocal seconds
        seconds = ENGINES[name].build(vectors, folder, threads)
        return {"index": seconds}

    print("\n" + in_this_process(task))


def build_all(names: list[str], data: DenseSet, folder: Path, threads: int) -> dict[str, Built]:
    """All indexes that can be built; those that are in the folder already are taken from there."""
    built = {}
    for name in names:
        done = folder / name / "built.json"
        if not done.exists():
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir(parents=True)
            arguments = ("--build", name, "--base", str(data.base_path), "--work", str(folder / name))
            try:
                one = in_own_process(__file__, *arguments, "--threads", str(threads))
            except SystemExit as failure:
                print(f"{name} is left out: {str(failure)[-500:]}", file=sys.stderr)
                continue
            one = dataclasses.replace(one, seconds=one.parts["index"])
            done.write_text(json.dumps(dataclasses.asdict(one)))
        built[name] = Built(**json.loads(done.read_text()))
    return built


def limits_lines(limits: Limits | None) -> list[str]:
    """What the memory of the machine can do."""
    if limits is None:
        return ["The memory was not measured, as numba is not installed.", ""]
    rates = [f"{limits.blocks[size] / 1e9:.1f}" for size in limits.blocks]
    latency, sequential = limits.latency_s * 1e9, limits.sequential / 1e9
    text = (
        f"One thread: a load that depends on the one before takes {latency:.0f} ns; in sequence {sequential:.1f} GB/s."
    )
    return [text, "", *table(["random blocks of bytes", *map(str, limits.blocks)], [["GB/s", *rates]])]


def set_report(options: argparse.Namespace, data: DenseSet, work: Path, limits: Limits | None) -> list[str]:
    """All sections for one set."""
    names = [name for name in engine_names(options) if ENGINES[name].is_installed]
    built = build_all(names, data, work / data.name, options.threads)
    indexes = sections.Indexes(data, work / data.name, built, options.k, options.rounds)
    tuned = sections.tune_all(indexes, options.recalls)
    winners = sections.winners_of(tuned, options.recalls)
    counts = f"{len(data.base):,} vectors, {data.base.shape[1]} dimensions, {len(data.queries):,} queries"
    lines = [f"## {data.name}", "", f"{counts}.", ""]
    lines += sections.build_section(indexes, tuned, options.threads)
    lines += sections.search_section(indexes, winners, limits, options.single_count)
    lines += sections.promise_section(indexes, options.recalls)
    return lines + sections.flat_section(indexes, options.single_count)


def engine_names(options: argparse.Namespace) -> list[str]:
    """The indexes asked for: by name, or by the name of their engine."""
    return [n for n, e in ENGINES.items() if not options.engines or {n, e.family} & {"rocchio", *options.engines}]


def report(options: argparse.Namespace, work: Path) -> list[str]:
    """Run everything; the lines of the report, in Markdown."""
    engines = {name: ENGINES[name] for name in engine_names(options)}
    there = {name: engine for name, engine in engines.items() if engine.is_installed}
    packages = dict.fromkeys(package for engine in there.values() for package in engine.packages)
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    limits = measure_limits() if importlib.util.find_spec("numba") else None
    lines = ["# Dense vectors", "", f"{machine()}; {versions}.", "", *limits_lines(limits)]
    lines += [f"Medians of {options.rounds} paired rounds after one to warm up. The indexes:", ""]
    lines += [f"- {name}: {engine.includes}" for name, engine in there.items()]
    lines += [f"- {name}: not measured, as it is not there." for name in engines if name not in there] + [""]
    for base in options.base:
        lines += set_report(options, DenseSet(base, options.queries), work, limits)
    return lines


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, nargs="+", default=[DATA / "wiki-minilm-base.npy"])
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy")
    parser.add_argument("--recalls", type=float, nargs="+", default=[0.9, 0.95, 0.99])
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--single-count", type=int, default=500, help="queries that are timed one by one")
    parser.add_argument("--threads", type=int, default=2, help="of a build; a search has one")
    parser.add_argument("--engines", nargs="+", help="engines or indexes beside rocchio (default: all)")
    parser.add_argument("--work", type=Path, help="folder that keeps the indexes for another run")
    parser.add_argument("--output", type=Path, help="also write the report here")
    parser.add_argument("--build", choices=list(ENGINES), help=argparse.SUPPRESS)
    return parser


def main() -> None:
    """Parse, run, print, write."""
    options = make_parser().parse_args()
    if options.build:
        build_one(options.build, options.base[0], options.work, options.threads)
        return
    missing = [str(path) for path in (*options.base, options.queries) if not path.exists()]
    if missing:
        sys.exit(f"expected vectors at {', '.join(missing)}; name yours with --base and --queries")
    if options.work:
        publish(report(options, options.work), options.output)
        return
    with tempfile.TemporaryDirectory(prefix="rocchio-bench-") as work:
        publish(report(options, Path(work)), options.output)


if __name__ == "__main__":
    main()
