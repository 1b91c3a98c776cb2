"""Opens a damaged collection whose checksums fit and uses all of it: run as a program, so that a crash is one.

python -m tests.unit.native.hostile SOUND FIRST COUNT   seeded mutations of copies of SOUND, one JSON line each
python -m tests.unit.native.hostile --use FOLDER          one folder as it is
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import struct
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.small_lists import RECALL, small_lists

import rocchio
from rocchio._native import chunk_checksums, crc32c
from rocchio.errors import DataError, InvalidArgument
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import FileInfo, MappedFile
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.manifest import MANIFEST

FIELDS = {
    "title": rocchio.text(boost=2.0),
    "text": rocchio.text(),
    "year": rocchio.number(),
    "day": rocchio.date(),
    "tag": rocchio.keyword(),
    "ok": rocchio.bool(),
    "weights": rocchio.sparse(),
    "v": rocchio.vector(2),
    "w": rocchio.vector(3, metric="l2", dtype="float16"),
}
QUERIES: list[Any] = ["alpha", "beta gamma delta", {"delta": 1.5, "alpha": -0.5}, "absent"]
VECTORS = {"v": [1.0, 0.5], "w": [0.0, 1.0, 2.0]}
FILTERS = [
    "year > 1 AND year <= 5",
    "year IN (1, 3, 4)",
    "tag = 'x' OR tag STARTS WITH 'y'",
    "tag BETWEEN 'a' AND 'y'",
    "NOT ok",
    "day < '2024-01-05'",
    "day IS NULL",
    "doc_id > 'd02' AND doc_id STARTS WITH 'd'",
    rocchio.field("tag").isin([f"x{n}" for n in range(1500)] + ["x"]),
    rocchio.field("year").isin(range(50)),
]
DOC_IDS = ("d00", "d01", "d13", "nope")


def make(folder: Path) -> None:
    """Two segments, the first with deletions, their vectors in lists."""
    with small_lists():
        fill(rocchio.create(folder, fields=FIELDS, analyzer="whitespace"))


def fill(col: rocchio.Collection) -> None:
    words = "alpha beta gamma delta epsilon zeta"
    for part in range(2):
        col.add(
            {
                "doc_id": f"d{part}{i}",
                "title": f"alpha {i}",
                "text": words[: 4 + 3 * i],
                "year": i,
                "day": f"2024-01-0{1 + i}",
                "tag": ["x", "y"],
                "ok": i % 2 == 0,
                "weights": {"alpha": 0.5 + i, "beta": 1.25, f"only{i}": 3},
                "v": [i + 0.25, 1.0],
                "w": [i, 0.5, -1] if i else None,
            }
            for i in range(8)
        )
        col.commit()
    col.delete(["d01", "d05"])
    col.commit()


def read_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / MANIFEST).read_bytes().partition(b"\n")[2])


def write_manifest(folder: Path, content: Any) -> None:
    """`content` (JSON values, or raw bytes) with the checksum that fits."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    crc = crc32c(np.frombuffer(body, np.uint8)) if body else 0
    (folder / MANIFEST).write_bytes(f"{crc:08x}\n".encode() + body + b"\n")


def crc_of(data: bytes) -> int:
    return int(crc32c(np.frombuffer(data, np.uint8))) if data else 0


def repair(folder: Path) -> None:
    """Make every checksum and size fit the files as they are."""
    manifest = read_manifest(folder)
    for entry in manifest["segments"]:
        sums = b""
        for name in sorted(entry["sizes"]):
            data = (folder / entry["name"] / name).read_bytes()
            entry["sizes"][name] = len(data)
            sums += chunk_checksums(np.frombuffer(data, np.uint8)).astype("<u4").tobytes() if data else b""
        (folder / entry["checksums"]["name"]).write_bytes(sums)
        for sealed in (entry["checksums"], entry["tombstones"]):
            if sealed:
                data = (folder / sealed["name"]).read_bytes()
                sealed.update(size=len(data), crc=crc_of(data))
    write_manifest(folder, manifest)


def rewrite_arrays(path: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    """Change the arrays of an index file and write them anew; the table stays sound."""
    data = path.read_bytes()
    directory = LocalDirectory(path.parent)
    info = FileInfo(len(data), chunk_checksums(np.frombuffer(data, np.uint8)))
    source = ArrayFile(MappedFile(directory, path.name, info))
    arrays = {name: source.array(name, spec["dtype"]).copy() for name, spec in source._table.items()}
    change(arrays)
    writer = ArrayFileWriter(directory, "changed")
    for name, array in arrays.items():
        writer.add(name, array.dtype.str[1:], [array])
    writer.finish()
    (path.parent / "changed").replace(path)


def mutate_bytes(data: bytes, dice: random.Random) -> bytes:
    """One to four changes anywhere, or a truncation, or some bytes more."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        if not changed:
            break
        place = dice.randrange(len(changed))
        match dice.randrange(7):
            case 0 | 1:
                changed[place] ^= 1 << dice.randrange(8)
            case 2:
                changed[place] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 3:
                word = dice.choice([0, 1, 0xFFFFFFFF, 0x80000000, len(data), dice.getrandbits(32)])
                changed[place // 4 * 4 : place // 4 * 4 + 4] = struct.pack("<I", word)
            case 4:
                del changed[place:]
            case 5:
                del changed[place : place + dice.randint(1, 8)]
            case _:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
    return bytes(changed)


def mutate_arrays(arrays: dict[str, np.ndarray], dice: random.Random) -> None:
    """Change one array: values, length, order or type."""
    name = dice.choice(sorted(arrays))
    array = arrays[name]
    if not len(array):
        arrays[name] = np.zeros(dice.randint(1, 3), array.dtype)
        return
    place = dice.randrange(len(array))
    limit = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1
    match dice.randrange(6):
        case 0 | 1 if array.dtype.kind == "f":
            array[place] = dice.choice([np.nan, np.inf, -np.inf, 0, np.finfo(array.dtype).max])
        case 0 | 1:
            array[place] = dice.choice([0, 1, 2, min(len(array), limit), limit, limit // 2, limit - 1])
        case 2:
            array[place] = dice.randrange(min(limit, 300))
        case 3:
            other = dice.randrange(len(array))
            array[[place, other]] = array[[other, place]]
        case 4:
            arrays[name] = array[:place]
        case _:
            arrays[name] = np.append(array, array[:1])


def mutate_json(value: Any, dice: random.Random) -> Any:
    """Replace one value somewhere inside by something else."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        key = dice.choice(list(value))
        if dice.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: mutate_json(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.9:
        place = dice.randrange(len(value))
        if dice.random() < 0.15:
            return value[:place] + value[place + 1 :]
        if dice.random() < 0.15:
            return [*value, value[place]]
        return [*value[:place], mutate_json(value[place], dice), *value[place + 1 :]]
    junk: list[Any] = [
        None,
        0,
        1,
        -1,
        3,
        2**31,
        2**32,
        1.5,
        True,
        "",
        "x",
        "text",
        "..",
        "a/b",
        [],
        {},
        [[]],
        value,
    ]
    return dice.choice(junk)


def mutate(folder: Path, seed: int) -> str:
    """Change something by the seed, repair the checksums, say what."""
    dice = random.Random(seed)
    kind = dice.choice(["arrays", "arrays", "arrays", "bytes", "bytes", "bytes", "manifest", "manifest bytes"])
    if kind == "manifest":
        write_manifest(folder, mutate_json(read_manifest(folder), dice))
        return kind
    if kind == "manifest bytes":
        body = (folder / MANIFEST).read_bytes().partition(b"\n")[2][:-1]
        write_manifest(folder, mutate_bytes(body, dice))
        return kind
    names = ["index.arrays", "sparse-0.arrays", "vectors-*.arrays", "vector-index-*.arrays"]
    names += ["columns.arrays", "columns.arrays"]
    if kind == "bytes":
        names += ["documents.arrow", "tombstones*", "checksums.bin"]
    path = dice.choice(sorted(folder.rglob(dice.choice(names))))
    if kind == "arrays":
        rewrite_arrays(path, lambda arrays: mutate_arrays(arrays, dice))
    else:
        path.write_bytes(mutate_bytes(path.read_bytes(), dice))
    repair_keeping(folder, path)
    return f"{kind} of {path.relative_to(folder)}"


def repair_keeping(folder: Path, path: Path) -> None:
    """Like `repair`, but a changed checksums.bin stays as it is, with a manifest that believes it."""
    if path.name != "checksums.bin":
        repair(folder)
        return
    manifest = read_manifest(folder)
    for entry in manifest["segments"]:
        data = (folder / entry["checksums"]["name"]).read_bytes()
        entry["checksums"].update(size=len(data), crc=crc_of(data))
    write_manifest(folder, manifest)


def use(folder: Path) -> list[str]:
    """Everything a user can do with it; returns what was raised. Anything but DataError is told with its place."""
    outcomes: list[str] = []

    @contextlib.contextmanager
    def attempt(what: str) -> Any:
        try:
            yield
        except DataError as error:
            outcomes.append(type(error).__name__)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            own = [f for f in traceback.extract_tb(error.__traceback__) if "rocchio" in f.filename] or [place]
            where = f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}"
            outcomes.append(f"ESCAPED {what}: {type(error).__name__}: {str(error)[:150]} at {where}")

    col = None
    with attempt("open"):
        col = rocchio.open(folder)
    if col is None:
        return outcomes
    for query in QUERIES:
        for kernel in ("pruned", "exhaustive", "reference"):
            with attempt("search"):
                hits = col.search(query, k=20, kernel=kernel)
                for hit in hits:
                    with attempt("fields"):
                        assert isinstance(hit.fields, dict)
                    with attempt("why"):
                        hit.why()
    use_weights(col, attempt)
    use_vectors(col, attempt)
    use_feedback(col, attempt)
    use_filters(col, attempt)
    with attempt("search field"):
        col.search(["alpha beta", "gamma"], k=5, field="text", threads=2)
    for doc_id in DOC_IDS:
        with attempt("get"), contextlib.suppress(rocchio.errors.NotFound):
            col.get(doc_id)
        with attempt("explain"), contextlib.suppress(rocchio.errors.NotFound):
            col.explain("alpha", doc_id)
    with attempt("info"):
        json.dumps(col.info().to_dict())
    with attempt("verify"):
        outcomes += [f"problem: {type(problem).__name__}" for problem in col.verify().problems]
    with attempt("compact"):
        col.compact()
        rocchio.open(folder).search({"alpha": 1.0}, field="weights", k=3)
        rocchio.open(folder).search(VECTORS["v"], field="v", k=3)
        for hit in rocchio.open(folder).search("alpha beta", k=3):
            with attempt("fields after compact"):
                assert isinstance(hit.fields, dict)
    with attempt("write"):
        col.upsert({"doc_id": "d00", "text": "alpha new", "weights": {"alpha": 2, "new": 1}, "v": [1, 2]})
        col.delete(["d13"])
        col.commit()
        col.search("alpha", k=3)
    with attempt("close"):
        col.close()
    return outcomes


def use_weights(col: rocchio.Collection, attempt: Callable[[str], Any]) -> None:
    for kernel in ("pruned", "exhaustive", "reference"):
        with attempt("search sparse"):
            for hit in col.search({"alpha": 1.5, "beta": 2.0, "only3": 1}, field="weights", k=20, kernel=kernel):
                with attempt("why sparse"):
                    hit.why()


def use_vectors(col: rocchio.Collection, attempt: Callable[[str], Any]) -> None:
    for field, vector in VECTORS.items():
        with attempt("search lists"):
            col.search([vector, vector], field=field, k=3, recall=RECALL, threads=2)
        with attempt("search vectors"):
            for hit in col.search(vector, field=field, k=20, recall=1):
                with attempt("why vectors"):
                    hit.why()
                    hit.vector(field)


def use_feedback(col: rocchio.Collection, attempt: Callable[[str], Any]) -> None:
    query = rocchio.query("alpha beta", sparse={"weights": {"alpha": 1.0}}, vectors=VECTORS)
    for method in ("rocchio(bottom_docs=2)", "axiomatic", "kl"):  # they read all that there is to read
        with attempt(f"feedback {method}"):
            for hit in col.search(query, k=20, plan=f"bm25 >> {method} >> bm25"):
                with contextlib.suppress(rocchio.errors.NotFound):
                    hit.why()
    with attempt("feedback sparse"):
        col.search(query, k=20, plan="sparse >> kl(field=weights) >> bo1(field=weights) >> sparse")
    with attempt("feedback vectors"):
        col.search(query, k=20, plan="bm25 >> vector_rocchio(bottom_docs=2, field=w) >> dense(field=w)")
    with attempt("marks"), contextlib.suppress(rocchio.errors.InvalidArgument):
        col.search("alpha", plan="bm25 >> rocchio >> bm25", relevant=["d00"], not_relevant=["d13"])


def use_filters(col: rocchio.Collection, attempt: Callable[[str], Any]) -> None:
    for where in FILTERS:
        # a changed schema may have other fields, which is then said
        with attempt("count"), contextlib.suppress(InvalidArgument):
            col.count(where)
        with attempt("search filtered"), contextlib.suppress(InvalidArgument):
            for hit in col.search("alpha", k=20, where=where):
                with attempt("fields of filtered"):
                    assert isinstance(hit.fields, dict)
        with attempt("search filtered vectors"), contextlib.suppress(InvalidArgument):
            col.search(VECTORS["v"], field="v", k=5, where=where, recall=RECALL)


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--use":
        sys.stdout.write(json.dumps({"outcomes": use(Path(sys.argv[2]))}) + "\n")
        return
    sound, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "c"
            shutil.copytree(sound, folder)
            sys.stderr.write(f"seed {seed}\n")
            sys.stderr.flush()
            what = mutate(folder, seed)
            row = {"seed": seed, "what": what, "outcomes": use(folder)}
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
