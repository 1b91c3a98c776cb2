"""Vectors that many overlapping tenants share: one multi-tenant collection beside a collection for each tenant.

What is measured: recall@k and queries per second of both, by the tenants' sizes, in batches and one by one, in turn;
    memory of a process that has searched for every tenant, less that of one that has searched the same vectors
    without tenants; grants and revokes per second.
Data: .npy files of unit vectors and of queries, by default those of the shared data folder beside the checkout.
Notes: a document has 1 to 20 tenants, m of them with a probability in proportion to 1/m; tenants are drawn with
    weights in proportion to 1/(rank + 5). Every tenant is asked equally often. One thread.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import rocchio
from dense_data import read_vectors
from measure import machine, paired_seconds
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
SIZES = (0, 100, 500, 1000, 4096, 1 << 30)
"""Tenants are reported by how many documents they see."""

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tenants:
    """Which rows each tenant sees, ascending."""

    rows: list[npt.NDArray[np.int64]]

    @staticmethod
    def drawn(documents: int, count: int, seed: int = 3) -> Tenants:
        rng = np.random.default_rng(seed)
        weights = 1 / (np.arange(count) + 5)
        numbers = np.arange(1, min(20, count) + 1)
        sizes = rng.choice(numbers, documents, p=(1 / numbers) / (1 / numbers).sum())
        # the largest keys of exponential variates over weights: draws without replacement, in proportion to these
        seen: list[list[int]] = [[] for _ in range(count)]
        for row, size in enumerate(sizes.tolist()):
            keys = rng.exponential(size=count) / weights
            for tenant in np.argpartition(keys, size - 1)[:size].tolist():
                seen[tenant].append(row)
        return Tenants([np.array(each, np.int64) for each in seen])

    def names_by_row(self, documents: int) -> list[list[str]]:
        names: list[list[str]] = [[] for _ in range(documents)]
        for tenant, rows in enumerate(self.rows):
            for row in rows.tolist():
                names[row].append(f"t{tenant:04}")
        return names

    @property
    def memberships(self) -> int:
        return sum(map(len, self.rows))


def build(base: Matrix, tenants: Tenants, folder: Path) -> None:
    """`shared` with tenants, `plain` without, and `own/N` for each tenant."""
    field = rocchio.vector(base.shape[1], metric="cosine")
    names = [str(row) for row in range(len(base))]
    for name, declared in (("shared", rocchio.tenants()), ("plain", None)):
        with rocchio.create(folder / name, fields={"v": field}, tenants=declared) as col:
            more = {"_tenants": tenants.names_by_row(len(base))} if declared else {}
            col.add(rocchio.columns(doc_id=names, v=base, **more))
            col.commit()
    for number, rows in enumerate(tenants.rows):
        if len(rows):
            with rocchio.create(folder / "own" / str(number), fields={"v": field}) as col:
                col.add(rocchio.columns(doc_id=[names[row] for row in rows.tolist()], v=base[rows]))
                col.commit()


def resident_bytes() -> int:
    """Memory of this process that no file backs, and that files back, in bytes."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Rss:")) * 1024


def memory(folder: Path, queries: Matrix, count: int) -> int:
    """In a process of its own: resident bytes after a search for every tenant, or as many of all vectors."""
    col = rocchio.open(folder)
    col._snapshot.segments[0].vectors[0].originals.vectors.sum()  # all originals are in memory in both
    for tenant in range(count):
        handle = col.for_tenant(f"t{tenant:04}") if col.schema.tenants else col
        handle.search(queries[tenant % len(queries)], field="v", k=10, recall=0.95)
    return resident_bytes()


def in_own_process(*arguments: str) -> int:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return int(json.loads(done.stdout.splitlines()[-1]))


def truth(base: Matrix, rows: npt.NDArray[np.int64], queries: Matrix, k: int) -> list[set[str]]:
    best = np.argsort(-(queries @ base[rows].T), axis=1, kind="stable")[:, :k]
    return [set(map(str, rows[each].tolist())) for each in best]


def class_report(
    base: Matrix, queries: Matrix, tenants: Tenants, chosen: list[int], cols: dict[str, Any], given: Any
) -> list[str]:
    """Recall, and queries per second in batches and one by one, of some tenants; everyone is asked the same number."""
    asked = {tenant: queries[(np.arange(given.batch) + 7 * tenant) % len(queries)] for tenant in chosen}
    exact = {tenant: truth(base, tenants.rows[tenant], asked[tenant], given.k) for tenant in chosen}
    options: dict[str, Any] = {"field": "v", "k": given.k, "recall": given.recall}
    handles = {name: {tenant: of(tenant) for tenant in chosen} for name, of in cols.items()}
    recalls = {}
    for name, of in handles.items():
        found = {tenant: of[tenant].search(asked[tenant], **options) for tenant in chosen}
        shares = [
            len(want & set(got)) / len(want)
            for tenant in chosen
            for want, got in zip(exact[tenant], found[tenant].doc_ids, strict=True)
        ]
        recalls[name] = float(np.mean(shares))

    def batches(of: dict[int, Any]) -> None:
        for tenant in chosen:
            of[tenant].search(asked[tenant], **options)

    def singles(of: dict[int, Any]) -> None:
        for tenant in chosen:
            for query in asked[tenant][:8]:
                of[tenant].search(query, **options)

    cells: list[str] = []
    for call, each in ((batches, given.batch), (singles, 8)):
        seconds = paired_seconds(
            {name: lambda of=of, call=call: call(of) for name, of in handles.items()}, given.rounds
        )
        rates = {name: len(chosen) * each / min(times) for name, times in seconds.items()}
        cells += [f"{rates['shared']:,.0f}", f"{rates['own']:,.0f}", f"{rates['shared'] / rates['own']:.2f}"]
    return [f"{recalls['shared']:.3f}", f"{recalls['own']:.3f}", *cells]


def throughput(base: Matrix, queries: Matrix, tenants: Tenants, folder: Path, given: Any) -> list[str]:
    col = rocchio.open(folder / "shared")
    owned = {}

    def own(tenant: int) -> Any:
        if tenant not in owned:
            owned[tenant] = rocchio.open(folder / "own" / str(tenant))
        return owned[tenant]

    cols = {"shared": lambda tenant: col.for_tenant(f"t{tenant:04}"), "own": own}
    sizes = np.array([len(rows) for rows in tenants.rows])
    rows = []
    for low, high in [*pairwise(SIZES), (0, 1 << 30)]:
        chosen = np.flatnonzero((sizes > low) & (sizes <= high)).tolist()
        if not chosen:
            continue
        label = "all" if (low, high) == (0, 1 << 30) else f"{low + 1:,} to {min(high, sizes.max()):,}"
        cells = class_report(base, queries, tenants, chosen, cols, given)
        print(label, cells, file=sys.stderr, flush=True)
        rows.append([label, str(len(chosen)), *cells])
    header = ["documents seen", "tenants", "recall", "own: recall"]
    header += ["batch q/s", "own: batch q/s", "ratio", "single q/s", "own: single q/s", "ratio"]
    return table(header, rows)


def grants(folder: Path, documents: int) -> list[str]:
    """Grants and revokes per second, in batches, on disk and visible when counted."""
    shutil.copytree(folder / "shared", folder / "granted")
    rows = []
    with rocchio.open(folder / "granted") as col:
        for batch in (100, 1000, 10_000):
            ids = [list(map(str, range(first, first + batch))) for first in range(0, min(documents, 10 * batch), batch)]
            for action in (col.grant, col.revoke):
                started = time.perf_counter()
                changed = sum(action(each, f"new{batch}").changed for each in ids)
                seconds = time.perf_counter() - started
                rows.append([action.__name__, f"{batch:,}", f"{changed:,}", f"{changed / seconds:,.0f}"])
        started = time.perf_counter()
        col.compact()
    shutil.rmtree(folder / "granted")
    return table(["", "in a call", "documents", "per second"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=DATA / "wiki-minilm-base.npy")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy")
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--batch", type=int, default=32, help="queries of a tenant that are asked together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="keep, and use again, what is built")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help="write the report here too")
    given = parser.parse_args()
    queries = read_vectors(given.queries)
    if given.memory_of:
        print(json.dumps(memory(given.memory_of, queries, given.tenants)))
        return
    base = read_vectors(given.base)
    tenants = Tenants.drawn(len(base), given.tenants)
    folder = given.folder or Path(tempfile.mkdtemp())
    try:
        if not (folder / "own").exists():
            build(base, tenants, folder)
        lines = ["# Tenants", "", f"{machine()}; rocchio {importlib.metadata.version('rocchio')}.", ""]
        sizes = sorted(len(rows) for rows in tenants.rows)
        lines += [
            f"{len(base):,} vectors, {base.shape[1]} dimensions; {given.tenants:,} tenants, {tenants.memberships:,} "
            f"memberships, {sizes[0]:,} to {sizes[-1]:,} documents a tenant, {sizes[len(sizes) // 2]:,} in the "
            f"middle; k={given.k}, recall {given.recall} asked for, batches of {given.batch}.",
            "",
            "## Memory",
            "",
        ]
        of = ["--queries", str(given.queries), "--tenants", str(given.tenants), "--memory-of"]
        resident = {name: in_own_process(*of, str(folder / name)) for name in ("plain", "shared")}
        files = {
            name: sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
            for name in ("plain", "shared", "own")
        }
        lines += table(
            ["", "files, MB", "process after a search for every tenant, MB"],
            [
                [name, f"{files[name] / 1e6:,.0f}", f"{resident[name] / 1e6:,.0f}" if name in resident else ""]
                for name in files
            ],
        )
        lines += [f"Shared over plain: {resident['shared'] / resident['plain']:.2f} of the memory, "
                  f"{files['shared'] / files['plain']:.2f} of the files.", "", "## Throughput", ""]  # fmt: skip
        lines += throughput(base, queries, tenants, folder, given)
        lines += ["## Grants", "", *grants(folder, len(base))]
        publish(lines, given.output)
    finally:
        if not given.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
