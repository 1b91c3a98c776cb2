"""Effectiveness of BM25 beside Lucene on real collections.

What is measured: nDCG@10, AP and R@100 of BM25 k1=0.9 b=0.4 with the `anserini` analyzer over title and text, 1,000
    deep, by ir-measures.
Data: BEIR folders in the shared data folder beside the checkout.
Notes: the Lucene figures were measured on the same files with Anserini 1.7.1 (its BM25 defaults, title and text
    concatenated). Differences come from Lucene's lossy document lengths (one byte each; ours are exact) and from
    corners of its tokenizer (emoji, word-final sigma).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import rocchio
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics

DATA = Path(__file__).parents[2] / "shared" / "data"
LUCENE = {  # nDCG@10, AP, R@100
    "scifact": (0.6789, 0.6401, 0.9253),
    "npl": (0.4368, 0.2856, 0.6186),
    "cisi": (0.3644, 0.2045, 0.4314),
    "med": (0.6651, 0.5118, 0.7729),
    "lisa": (0.4244, 0.3499, 0.7288),
    "dl19-pool": (0.7335, 0.8580, 0.7832),
    "liveqa-med": (0.5147, 0.5039, 0.8540),
    "cosqa": (0.3143, 0.2777, 0.7200),
}
MEASURES = "nDCG@10 AP R@100"


def means(folder: Path, work: Path) -> list[float]:
    """Index a BEIR folder, search its topics, measure."""
    fields = {"title": rocchio.text(), "text": rocchio.text()}
    col = rocchio.create(work / folder.name, fields=fields, analyzer="anserini")
    col.add(folder)
    col.commit()
    topics = read_topics(folder / "queries.jsonl.gz")
    run = col.search(list(topics.values()), k=1000, query_ids=list(topics), scoring=rocchio.Bm25(0.9, 0.4))
    evaluation = evaluate(run, read_qrels(folder / "qrels" / "test.tsv"), MEASURES)
    return [evaluation.means[measure] for measure in MEASURES.split()]


def report(data: Path) -> list[str]:
    """The table, in Markdown."""
    lines = [
        "# Effectiveness beside Lucene",
        "",
        f"rocchio {rocchio.__version__}, BM25 k1=0.9 b=0.4, analyzer anserini.",
        "",
    ]
    lines += ["| collection | nDCG@10 | Lucene | difference | AP | Lucene | R@100 | Lucene |", "|---" * 8 + "|"]
    with tempfile.TemporaryDirectory() as work:
        for name, lucene in LUCENE.items():
            ndcg, ap, recall = means(data / name, Path(work))
            lines.append(
                f"| {name} | {ndcg:.4f} | {lucene[0]:.4f} | {ndcg - lucene[0]:+.4f} "
                f"| {ap:.4f} | {lucene[1]:.4f} | {recall:.4f} | {lucene[2]:.4f} |"
            )
    return lines


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"expected BEIR folders in {options.data}, found nothing; name their folder with --data")
    lines = report(options.data)
    print("\n".join(lines))
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
