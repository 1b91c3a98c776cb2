"""Feedback on judged collections; `feedback_speed.py` has what it costs.

What is measured: AP and nDCG@10 of first passes and of plans with feedback, by `Collection.experiment`: paired
    randomisation tests against the first pass, Holm-corrected, and how many queries each plan helps and hurts. Runs
    made with Anserini, whose figures the shared folder's README has, beside the same plans with `variant=anserini`.
Data: BEIR folders in the shared data folder beside the checkout; vectors from NAME.npz files (documents, queries) in
    the order of the folder's files, such as `minilm.py` writes.
Notes: analyzers are anserini, german for xquad-de and cjk for xquad-zh. Vectors are searched with recall 1.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from hybrid import DATA, NAMES, Judged, load
from tables import publish, table

LEXICAL = {
    "bm25": "bm25",
    "rm3": "bm25 >> rm3 >> bm25",
    "rm3_terrier": "bm25 >> rm3_terrier >> bm25",
    "rocchio": "bm25 >> rocchio >> bm25",
    "bm25prf": "bm25 >> bm25prf >> bm25",
    "axiomatic": "bm25 >> axiomatic >> bm25",
    "bo1": "bm25 >> bo1 >> bm25",
    "kl": "bm25 >> kl >> bm25",
    "gate(rm3)": "bm25 >> gate(rm3) >> bm25",
    "gate(rocchio)": "bm25 >> gate(rocchio) >> bm25",
    "soft_rocchio": "bm25 >> soft_rocchio >> bm25",
}
DENSE = {
    "minilm": "dense(recall=1.0)",
    "vprf-avg k3": "dense(recall=1.0) >> vector_average >> dense(recall=1.0)",
    "rocchio.8/.2 k3": "dense(recall=1.0) >> vector_rocchio >> dense(recall=1.0)",
    "rocchio.6/.4 k5": "dense(recall=1.0) >> vector_rocchio(docs=5, alpha=0.6, beta=0.4) >> dense(recall=1.0)",
}
BOTH = "(0.4*bm25 + 0.6*dense(recall=1.0))"
SOFT = "soft_rocchio(docs=5, beta=0.6, sharpness=1.0)"
HYBRID = {
    "hybrid": BOTH,
    "both, rm3": f"{BOTH} >> rm3 >> {BOTH}",
    "both, vectors": f"{BOTH} >> vector_rocchio >> {BOTH}",
    "both, soft": f"{BOTH} >> {SOFT} >> {BOTH}",
    "both, soft + vectors": f"{BOTH} >> {SOFT} >> vector_rocchio >> {BOTH}",
    "both, gated": f"{BOTH} >> gate({SOFT}) >> vector_rocchio >> {BOTH}",
    "post, soft": "0.4*(bm25 >> soft_rocchio >> bm25) + 0.6*dense(recall=1.0)",
}
DENSELY_JUDGED = ("npl", "cisi", "med")
MEASURES = "AP nDCG@10"


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of BEIR folders")
    parser.add_argument("--vectors", type=Path, help="folder of NAME.npz files; without it, words only")
    parser.add_argument("--names", nargs="+", default=NAMES, help="BEIR folders to measure")
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    lines = [
        "# Feedback",
        "",
        f"rocchio {rocchio.__version__}, numpy {np.__version__}, Python {platform.python_version()}. Made by "
        "`benchmarks/feedback.py`, which says what is measured and on what.",
        "",
    ]
    found = {name: _measured(options.data, name, options.vectors) for name in options.names}
    lines += _parity(options.data, found)
    lines += _section("Words: gains over BM25", "bm25", {name: each["lexical"] for name, each in found.items()})
    lines += _gates({name: each["lexical"] for name, each in found.items()})
    if options.vectors:
        lines += _section("Vectors: gains over one dense search", "minilm", {n: e["dense"] for n, e in found.items()})
        hybrid = {name: each["hybrid"] for name, each in found.items()}
        lines += _section("Words and vectors: gains over hybrid search", "hybrid", hybrid)
        lines += _oracle(hybrid)
    publish(lines, options.output)


def _measured(data: Path, name: str, vectors: Path | None) -> dict[str, Any]:
    """The experiments of one collection."""
    with tempfile.TemporaryDirectory() as work:
        judged = load(data / name, vectors or "lsa(dim=8)", Path(work))
        first = "bm25(variant=anserini)"
        anserini = {method: f"{first} >> {method} >> {first}" for method in ("rm3", "rocchio", "bm25prf")}
        found = {
            "lexical": _experiment(judged, LEXICAL),
            "anserini": _experiment(judged, {"bm25": first} | anserini),
        }
        if vectors:
            found |= {"dense": _experiment(judged, DENSE), "hybrid": _experiment(judged, HYBRID)}
    print(name, file=sys.stderr)
    return found


def _experiment(judged: Judged, plans: dict[str, str]) -> Any:
    return judged.col.experiment(plans, judged.queries, judged.qrels, measures=MEASURES)


def _parity(data: Path, found: dict[str, Any]) -> list[str]:
    """Beside Anserini's figures, as far as the folder's README has them."""
    known = {}
    for line in (data / "README.md").read_text(encoding="utf-8").splitlines() if (data / "README.md").exists() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and re.fullmatch(r"0\.\d+", cells[2]):
            known[cells[0], cells[1]] = float(cells[2]), float(cells[5])
    rows = []
    for name, each in found.items():
        for evaluation in each["anserini"].evaluations:
            ap, ndcg = known.get((name, evaluation.name), (None, None))
            if ap is not None and ndcg is not None:
                ours = [evaluation.means[measure] for measure in ("AP", "nDCG@10")]
                differences = [f"{mine - theirs:+.4f}" for mine, theirs in zip(ours, (ap, ndcg), strict=True)]
                rows.append([name, evaluation.name, *(f"{value:.4f}" for value in ours), *differences])
    if not rows:
        return []
    header = ["collection", "method", "AP", "nDCG@10", "AP - Anserini's", "nDCG@10 - Anserini's"]
    return ["## Anserini's methods with `bm25(variant=anserini)`", "", *table(header, rows)]


def _section(title: str, baseline: str, experiments: dict[str, Any]) -> list[str]:
    """Means by collection and measure, then what each plan does to queries."""
    plans = list(next(iter(experiments.values())).plans)
    lines = [f"## {title}", ""]
    for measure in MEASURES.split():
        rows = []
        for name, found in experiments.items():
            means = {each.name: each.means[measure] for each in found.evaluations}
            rows.append([name, *(f"{means[plan]:.4f}" for plan in plans)])
        mean = [np.mean([float(row[column]) for row in rows]) for column in range(1, len(plans) + 1)]
        rows.append(["mean", *(f"{value:.4f}" for value in mean)])
        lines += [f"{measure}:", "", *table(["collection", *plans], rows)]
    rows = []
    for plan in plans:
        if plan != baseline:
            differences = [found.difference(plan, "AP") for found in experiments.values()]
            worst = min((row.worst[0][1] for row in differences if row.worst), default=0.0)
            rows.append(
                [
                    plan,
                    str(sum(row.wins for row in differences)),
                    str(sum(row.losses for row in differences)),
                    str(sum(row.ties for row in differences)),
                    f"{worst:+.3f}",
                    ", ".join(n for n, f in experiments.items() if _significant(f.difference(plan, "AP"), 1)) or "-",
                    ", ".join(n for n, f in experiments.items() if _significant(f.difference(plan, "AP"), -1)) or "-",
                ]
            )
    header = ["plan", "queries helped", "hurt", "same", "largest loss", "AP better (p < .05)", "AP worse (p < .05)"]
    return [*lines, f"Queries of all collections, by AP against {baseline}:", "", *table(header, rows)]


def _significant(row: Any, sign: int) -> bool:
    return row.p_holm < 0.05 and row.difference * sign > 0


def _gates(experiments: dict[str, Any]) -> list[str]:
    """What gates keep of the gain where feedback helps, and of the loss where it hurts."""
    if not {*DENSELY_JUDGED, "scifact"} <= experiments.keys():
        return []
    rows = []
    for plan in ("rm3", "gate(rm3)", "rocchio", "gate(rocchio)", "soft_rocchio"):
        gain = np.mean([experiments[name].difference(plan, "AP").difference for name in DENSELY_JUDGED])
        rows.append([plan, f"{gain:+.4f}", f"{experiments['scifact'].difference(plan, 'AP').difference:+.4f}"])
    return [
        "### Gates",
        "",
        "The gap of 0.18 was chosen on these collections among a dozen predictors of the first pass (largest share, "
        "entropy, gaps, coherence of the first documents), as was the sharpness of `soft_rocchio`: expect a little "
        "less on others.",
        "",
        *table(["plan", f"mean gain in AP on {', '.join(DENSELY_JUDGED)}", "scifact"], rows),
    ]


def _oracle(experiments: dict[str, Any]) -> list[str]:
    """What a gate that knew the judgements would reach: the better of both for each query."""
    rows = []
    for plan in list(HYBRID)[1:]:
        cells = []
        for measure in MEASURES.split():
            best = []
            for found in experiments.values():
                mine = next(each for each in found.evaluations if each.name == plan)
                best.append(np.maximum(mine.values[measure], found.baseline.values[measure]).mean())
            base = np.mean([found.baseline.means[measure] for found in experiments.values()])
            cells.append(f"{np.mean(best):.4f} ({np.mean(best) / base - 1:+.1%})")
        rows.append([plan, *cells])
    return [
        "A gate that knew the judgements, taking for each query the better of hybrid search and the plan, would reach:",
        "",
        *table(["plan", *MEASURES.split()], rows),
    ]


if __name__ == "__main__":
    main()
