"""`rocchio info`, `verify`, `compact`, `delete`: what one does to a collection as a whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rocchio.cli.options import AsJson, CollectionPath, MemoryLimit, TenantName
from rocchio.cli.output import counted, out, print_json, show, size, step_progress
from rocchio.engine.offline import OfflineInfo
from rocchio.engine.opening import open_for_maintenance, verify_folder
from rocchio.engine.vector_info import RecallEffort
from rocchio.errors import BadRecord, DataError, InvalidArgument, NotFound

DELETE_EXAMPLES = (
    "Examples:\n\n[bold]rocchio delete papers.rocchio a1 a2[/bold]\n\n"
    "[bold]cut -f1 gone.tsv | rocchio delete papers.rocchio --from -[/bold]"
)


def info(collection: CollectionPath, memory_limit: MemoryLimit = None, as_json: AsJson = False) -> None:
    """Counts, sizes, fields and segments of a collection; how a memory limit would be divided."""
    about = open_for_maintenance(collection, memory_limit=memory_limit).info()
    if as_json:
        print_json(about.to_dict())
        return
    table = Table(show_header=False, box=None)
    table.add_row(
        "documents",
        f"{about.documents:,}" + (f" ({about.deleted:,} more are deleted until compact)" if about.deleted else ""),
    )
    if about.passages:
        table.add_row("passages", f"{about.passages:,}")
    steps = "" if about.analyzer == about.analyzer_steps else f" = {about.analyzer_steps}"
    table.add_row("analyzer", about.analyzer + steps)
    table.add_row("fields", ", ".join(f"{name}: {kind}" for name, kind in about.fields.items()))
    if about.tenants is not None:
        table.add_row("tenants", f"{about.tenants}; `rocchio tenants` lists them")
    table.add_row(
        "tokens", f"{about.tokens:,} ({about.average_length:.1f} a {'passage' if about.passages else 'document'})"
    )
    table.add_row("postings", f"{about.postings:,} ({about.index_bytes_per_posting:.1f} bytes each in the index)")
    for name, field in about.vector_fields.items():
        table.add_row(
            name, f"{field.vectors:,} vectors ({size(field.original_bytes)}, index {size(field.index_bytes)})"
        )
        table.add_row("", ", ".join(map(_effort, field.recalls)))
    if about.memory is not None:
        table.add_row("memory", str(about.memory))
    table.add_row("size", f"{size(about.size_bytes)} ({size(about.index_bytes)} of it index)")
    if about.cluster_by:
        table.add_row("clustered", f"by {', '.join(about.cluster_by)}")
    if about.frozen_bytes:
        table.add_row("frozen", f"{size(about.frozen_bytes)} of columns, on top of the size")
    if about.offline is not None:
        table.add_row("offline", offline_summary(about.offline))
    table.add_row("commit", f"generation {about.generation}, format {about.format_version}")
    show(table)
    segments = Table("segment", "documents", "deleted", "terms", "postings", "size")
    for segment in about.segments:
        numbers = (segment.documents, segment.deleted, segment.terms, segment.postings)
        segments.add_row(segment.name, *(f"{number:,}" for number in numbers), size(segment.size_bytes))
    show(segments)


def offline_summary(about: OfflineInfo) -> str:
    """What is precomputed for feedback, on a line."""
    what = f"{about.entries:,} results of {about.pseudo_queries:,} pseudo-queries, {size(about.size_bytes)}, of "
    return what + f"{about.plan} for {about.queries}" + (f"; {about.note}" if about.note else "")


def _effort(effort: RecallEffort) -> str:
    if effort.lists is None:
        return f"recall {effort.recall:g}: all vectors"
    return f"recall {effort.recall:g}: {effort.lists:,} lists, {effort.rows:,} rows"


def verify(collection: CollectionPath, as_json: AsJson = False) -> None:
    """Read every byte and check it against checksums and formats; exit code 3 if anything is wrong."""
    with step_progress("verifying", as_json) as update:
        report = verify_folder(collection, update)
    if as_json:
        problems = [str(problem) for problem in report.problems]
        print_json({"ok": report.ok, "generation": report.generation, "documents": report.documents,
                    "files": report.files, "size_bytes": report.size_bytes, "problems": problems})  # fmt: skip
    else:
        for problem in report.problems:
            out.print(f"damaged: {problem}", style="red", markup=False)
        verdict = "sound" if report.ok else counted(len(report.problems), "problem")
        out.print(
            f"{report.files} files, {size(report.size_bytes)}, {counted(report.documents, 'document')}: {verdict}"
        )
    if not report.ok:
        raise typer.Exit(DataError.exit_code)


def compact(
    collection: CollectionPath,
    cluster_by: Annotated[
        list[str] | None,
        typer.Option(
            help="Put documents in the order of this field's values, now and in later merges, so that searches skip "
            'what a filter by it leaves out; "tenant" for tenants, "" to end that.',
            metavar="FIELD",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Merge all segments into one and drop deleted documents. Scores do not change."""
    with open_for_maintenance(collection) as col:
        before = col.info()
        with step_progress("compacting", as_json) as update:
            order = None if cluster_by is None else [name for name in cluster_by if name]
            col.compact(update, cluster_by=order)
        after = col.info()
    if as_json:
        print_json({"before": before.to_dict(), "after": after.to_dict()})
        return
    out.print(
        f"{counted(len(before.segments), 'segment')}, {size(before.size_bytes)} -> "
        f"{len(after.segments)}, {size(after.size_bytes)}; {counted(before.deleted, 'deleted document')} dropped"
    )


def delete(
    collection: CollectionPath,
    doc_ids: Annotated[list[str] | None, typer.Argument(help="Documents to delete.", show_default=False)] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="File with a doc_id a line; - reads standard input.")
    ] = None,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Delete documents by doc_id and commit. Unknown ones are counted, not an error.

    With --tenant, documents that other tenants see too stay there for those.
    """
    wanted = given_ids(doc_ids, source, "delete")
    with open_for_maintenance(collection, tenant) as col:
        deleted = col.delete(wanted)
        col.commit()
    unknown = len(set(wanted)) - deleted
    if as_json:
        print_json({"deleted": deleted, "unknown": unknown})
    else:
        out.print(f"{counted(deleted, 'document')} deleted; not there: {unknown:,}")


def given_ids(doc_ids: list[str] | None, source: str | None, action: str) -> list[str]:
    """Doc_ids from the command line and from a file. Raises InvalidArgument for none."""
    wanted = [*(doc_ids or []), *_lines(source)]
    if not wanted:
        raise InvalidArgument(f"expected doc_ids to {action}, found none; name them or use --from FILE")
    return wanted


def _lines(source: str | None) -> list[str]:
    if source is None:
        return []
    if source == "-":
        if sys.stdin is None:
            raise InvalidArgument("expected doc_ids on standard input, found it closed")
        return [line.rstrip("\n") for line in sys.stdin if line.strip()]
    path = Path(source)
    if not path.is_file():
        raise NotFound(f"expected a file with a doc_id a line, found nothing at {path}")
    lines = path.read_bytes().split(b"\n")
    return [_decoded(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _decoded(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise BadRecord(path, number, f"expected UTF-8, found another byte at {error.start}") from error
