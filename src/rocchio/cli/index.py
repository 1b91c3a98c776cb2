"""`rocchio index`: a file or folder in, a collection out."""

from __future__ import annotations

import enum
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer

import rocchio
from rocchio.cli.embed import tell_truncated
from rocchio.cli.infer import infer_fields
from rocchio.cli.options import AsJson, CollectionPath, names
from rocchio.cli.output import counted, err, out, print_json, progress, size
from rocchio.cli.passages import split_longest
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument, RocchioError
from rocchio.sources import open_source
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.manifest import MANIFEST, read_manifest
from rocchio.storage.schema import Field
from rocchio.storage.tenancy import Tenancy

EXAMPLES = (
    "Examples:\n\n[bold]rocchio index corpus.jsonl papers.rocchio --text title,text[/bold]\n\n"
    "[bold]rocchio index beir/scifact scifact.rocchio --analyzer anserini[/bold]\n\n"
    "[bold]rocchio index notes/ notes.rocchio[/bold]\n\n"
    "[bold]rocchio index more.parquet papers.rocchio --upsert[/bold]"
)


class OnErrorChoice(enum.StrEnum):
    """What to do with a record that cannot be used."""

    SKIP = "skip"
    STOP = "stop"


FieldNames = list[str] | None
DENSE_FIELD = "dense"


def index(
    source: Annotated[
        Path,
        typer.Argument(help="JSON Lines, CSV, TSV, Parquet, a BEIR folder or a folder of texts.", show_default=False),
    ],
    collection: CollectionPath,
    text: Annotated[
        FieldNames, typer.Option(help="Fields to search, title^2 for a boost. Default: title, text, ... if there.")
    ] = None,
    keyword: Annotated[FieldNames, typer.Option(help="Fields of exact strings or lists of them.")] = None,
    number: Annotated[FieldNames, typer.Option(help="Numeric fields.")] = None,
    date: Annotated[FieldNames, typer.Option(help="Fields of dates in ISO 8601 form.")] = None,
    bool_: Annotated[FieldNames, typer.Option("--bool", help="Fields of true or false.")] = None,
    sparse: Annotated[
        FieldNames, typer.Option(help="Fields of {token: weight}, to be searched; splade:1 for a scale (100).")
    ] = None,
    vector: Annotated[
        FieldNames,
        typer.Option(help="Fields of vectors, to be searched: v:384, v:384:cosine (ip, l2), v:384:cosine:float16."),
    ] = None,
    dense: Annotated[
        str | None,
        typer.Option(help="Encoder of the text fields, for a vector field named dense: lsa, st(all-MiniLM-L6-v2), ..."),
    ] = None,
    passages: Annotated[
        bool,
        typer.Option("--passages", help="Split the longest text field: passages are searched, hits are documents."),
    ] = False,
    passage_size: Annotated[
        str | None, typer.Option(help="Tokens of a passage and of its overlap with the next. Default: 200,30.")
    ] = None,
    analyzer: Annotated[
        str | None, typer.Option(help="english (default), german, ..., cjk, anserini, bm25s, or steps.")
    ] = None,
    id_field: Annotated[
        str | None, typer.Option(help="Field of the doc_id. Default: doc_id, _id, id or docno.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Format of the source, if its name does not say.")
    ] = None,
    append: Annotated[bool, typer.Option(help="Add to an existing collection.")] = False,
    tenants: Annotated[
        list[str] | None,
        typer.Option(help="Tenants that see documents without _tenants of their own (repeat, or separate by commas)."),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(
            help="Make the new collection multi-tenant, with statistics of each tenant, or global. Default with "
            "--tenants: tenant.",
            show_default=False,
        ),
    ] = None,
    upsert: Annotated[
        bool, typer.Option(help="Add to an existing collection, replacing documents that are there.")
    ] = False,
    on_error: Annotated[
        OnErrorChoice, typer.Option(help="skip bad records, or stop at the first.")
    ] = OnErrorChoice.SKIP,
    rejects: Annotated[
        Path | None, typer.Option(help="File for skipped records. Default: COLLECTION.rejects.jsonl")
    ] = None,
    memory_mb: Annotated[int, typer.Option(help="Memory to buffer before a segment is written.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Index documents into a new collection, or add to one. Nothing is visible before it is durable.

    Ctrl-C leaves the last commit intact. Bad records go to a reject file with file, line and reason.
    """
    started = time.monotonic()
    declared = _declared(text=text, keyword=keyword, number=number, date=date, bool=bool_, sparse=sparse, vector=vector)
    exists = (collection / MANIFEST).is_file()
    if exists and not (append or upsert):
        raise InvalidArgument(
            f"expected a new collection, found one at {collection}; use --append or --upsert to add to it"
            + _hint_at_a_killed_index(collection)
        )
    if exists and dense is not None:
        raise InvalidArgument("expected no --dense for an existing collection, found one; use `rocchio embed` for it")
    if exists and (declared or analyzer is not None or passages or passage_size is not None):
        raise InvalidArgument(
            "expected no fields, no passages and no analyzer for an existing collection: it keeps those it has"
        )
    if exists and statistics is not None:
        raise InvalidArgument("expected no --statistics for an existing collection: it keeps those it has")
    if exists:
        col, inference = rocchio.open(collection, memory_mb=memory_mb), None
    else:
        inference = infer_fields(open_source(source, format=format_, id_field=id_field), declared)
        for note in inference.notes if not as_json else ():
            err.print(note, markup=False)
        fields = inference.fields
        if passages or passage_size is not None:
            fields, note = split_longest(fields, inference.records, passage_size)
            if not as_json:
                err.print(note, markup=False)
        if dense is not None:
            fields = _with_dense(fields, dense)
        was_there = collection.exists()
        col = rocchio.create(collection, fields=fields, analyzer=analyzer or "english", memory_mb=memory_mb,
                             tenants=_tenancy(statistics, tenants))  # fmt: skip
    try:
        with col:
            summary = _run(col, source, format_, id_field, upsert, on_error, rejects, as_json, names(tenants))
            tell_truncated(col)
    except BaseException:
        if not exists and len(rocchio.open(collection).snapshot(rocchio.ALL_TENANTS)) == 0:
            # nothing was committed: leave no empty collection behind, so that the same command can be run again
            shutil.rmtree(collection) if not was_there else _empty(collection)
        raise
    seconds = time.monotonic() - started
    _report(col, summary, seconds, as_json)


def _run(col: Collection, source: Path, format_: str | None, id_field: str | None, upsert: bool,
         on_error: OnErrorChoice, rejects: Path | None, as_json: bool, tenants: list[str]) -> Any:  # fmt: skip
    skip = on_error is OnErrorChoice.SKIP
    reject_path = (rejects or _free_reject_path(col.path)) if skip else None
    if reject_path is not None and reject_path.exists() and reject_path.samefile(source):
        raise InvalidArgument(f"expected another file for rejects, found the source {source} itself; choose --rejects")
    with progress("indexing", as_json) as update:
        put = col.upsert if upsert else col.add
        summary = put(
            source,
            on_error="skip" if skip else "raise",
            rejects=reject_path,
            progress=update,
            format=format_,
            id_field=id_field,
            tenants=tenants or None,
        )
        col.commit()
    return summary


def _hint_at_a_killed_index(collection: Path) -> str:
    """What else to do about a collection in which nothing was ever committed."""
    try:
        is_new = read_manifest(LocalDirectory(collection)).generation == 0
    except RocchioError:
        return ""
    return ", or remove it: nothing was ever committed to it, perhaps by an `index` that was killed" if is_new else ""


def _tenancy(statistics: str | None, tenants: list[str] | None) -> Tenancy | None:
    """Whether a new collection is multi-tenant."""
    if statistics is None and not tenants:
        return None
    return Tenancy(statistics or "tenant")  # type: ignore[arg-type]  # it is checked


def _free_reject_path(collection: Path) -> Path:
    """COLLECTION.rejects.jsonl, or with a number when an earlier run left one."""
    path, number = collection.with_name(f"{collection.name}.rejects.jsonl"), 2
    while path.exists():
        path, number = collection.with_name(f"{collection.name}.rejects-{number}.jsonl"), number + 1
    return path


def _report(col: Collection, summary: Any, seconds: float, as_json: bool) -> None:
    about = col.info()
    if as_json:
        counts = {"added": summary.added, "replaced": summary.replaced, "repeated": summary.repeated,
                  "rejected": summary.rejected, "reject_file": summary.reject_file if summary.rejected else None,
                  "reasons": summary.reasons}  # fmt: skip
        print_json(
            {**counts, "documents": about.documents, "seconds": round(seconds, 3), "size_bytes": about.size_bytes}
        )
        return
    out.print(str(summary), markup=False)
    for reason in summary.reasons[:3]:
        out.print(f"  {reason}", markup=False, style="yellow")
    if summary.rejected > 3:
        out.print(f"  … and {summary.rejected - 3:,} more", style="yellow")
    rate = summary.added / max(seconds, 1e-9)
    total = f"{counted(about.documents, 'document')}, {size(about.size_bytes)}"
    out.print(f"{col.path}: {total}; took {seconds:.1f} s ({rate:,.0f}/s)", markup=False)


def _declared(**options: FieldNames) -> dict[str, Field]:
    makers = {"keyword": rocchio.keyword, "number": rocchio.number, "date": rocchio.date, "bool": rocchio.bool}
    declared: dict[str, Field] = {}
    for kind, values in options.items():
        for spec in names(values):
            name, given, number = spec.partition(":" if kind in ("sparse", "vector") else "^")
            if name in declared:
                raise InvalidArgument(f"expected one type for each field, found {name!r} twice")
            if kind == "text":
                declared[name] = rocchio.text(boost=_number_of(spec, number, "boost like title^2") if given else 1.0)
            elif kind == "sparse":
                scale = _number_of(spec, number, "scale like splade:100") if given else 100.0
                declared[name] = rocchio.sparse(scale=scale)
            elif kind == "vector":
                declared[name] = _vector(spec, number)
            else:
                declared[name] = makers[kind]()
    return declared


def _with_dense(fields: dict[str, Field], encoder: str) -> dict[str, Field]:
    """The fields and one for the vectors of an encoder."""
    if DENSE_FIELD in fields:
        raise InvalidArgument(
            f"expected no field {DENSE_FIELD!r} beside --dense, found one; use `rocchio embed` instead"
        )
    return {**fields, DENSE_FIELD: rocchio.vector(encoder=encoder)}


def _vector(spec: str, settings: str) -> Field:
    """A vector field of `DIM[:METRIC[:DTYPE]]`."""
    dim, *rest = settings.split(":")
    if not dim.isdecimal() or len(rest) > 2:
        raise InvalidArgument(f"expected a field with its dimension like v:384 or v:384:cosine, found {spec!r}")
    given: dict[str, Any] = dict(zip(("metric", "dtype"), rest, strict=False))
    return rocchio.vector(int(dim), **given)


def _number_of(spec: str, number: str, example: str) -> float:
    try:
        return float(number)
    except ValueError as error:
        raise InvalidArgument(f"expected a field with a {example}, found {spec!r}") from error


def _empty(folder: Path) -> None:
    for child in folder.iterdir():
        child.unlink() if child.is_file() else shutil.rmtree(child)
