"""How a collection comes to be and is opened: paths, analyzers and settings checked before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rocchio.analysis import Analyzer, callable_analyzer, parse_analyzer
from rocchio.engine.collection import Collection
from rocchio.engine.encoding import CacheChoice, Encoders
from rocchio.engine.latent import check_latent
from rocchio.engine.snapshot import DEFAULT_CACHE_MB
from rocchio.engine.tenant_snapshot import scoped
from rocchio.engine.vector_memory import MemoryLimit, VectorMemory
from rocchio.engine.verify import VerifyReport, verify
from rocchio.engine.writer import DEFAULT_MEMORY_MB
from rocchio.errors import InvalidArgument, NotFound, StorageFailure
from rocchio.storage.directory import Directory, LocalDirectory
from rocchio.storage.manifest import MANIFEST, PENDING, Manifest, write_manifest
from rocchio.storage.schema import Field, Schema
from rocchio.storage.tenancy import ALL_TENANTS, AllTenants, Tenancy, Tenant, as_tenancy, check_tenant

AnalyzerChoice = str | Analyzer | Callable[[str], list[str]]


def create(
    path: str | Path,
    fields: Mapping[str, Field],
    *,
    analyzer: AnalyzerChoice = "english",
    memory_mb: int = DEFAULT_MEMORY_MB,
    cache_mb: int = DEFAULT_CACHE_MB,
    embedding_cache: CacheChoice = True,
    tenants: Tenancy | str | None = None,
    memory_limit: MemoryLimit | None = None,
) -> Collection:
    """A new, empty collection in the folder `path`, durable when this returns.

    `fields` maps names to types (`rocchio.text()`, `rocchio.keyword()`, ...), at least one of them text. `analyzer`
    is a preset ("english", "german", "cjk", "anserini", "bm25s", ...), an analyzer's text form, or a function from
    text to tokens. `memory_mb` bounds what a writer buffers, `cache_mb` (0 or more) what a scoring and choice of fields
    keeps of the terms that were searched. `embedding_cache` is where vectors that an encoder made are kept for all
    collections: True is the user's cache, False none, a path that file. `tenants` makes it multi-tenant: see
    `rocchio.tenants`. `memory_limit`: see `open`. Raises InvalidArgument, also when the folder is not empty,
    StorageFailure, and for an encoder NotFound and EncoderFailure.
    """
    resolved = _resolve(analyzer)
    if not isinstance(fields, Mapping):
        raise InvalidArgument(f"expected fields like {{'text': rocchio.text()}}, found {fields!r}")
    # the steps, not a preset's name: what a preset means may change, what a collection means may not
    encoders = Encoders(cache=embedding_cache)
    tenancy = None if tenants is None else as_tenancy(tenants)
    manifest = Manifest(Schema(encoders.bound(fields), resolved.steps, tenancy))
    check_latent(manifest.schema)
    folder = _folder(path)
    memory = _memory(memory_limit)
    return create_in(LocalDirectory(folder), folder, manifest, resolved, memory_mb, cache_mb, encoders, memory)


def create_in(
    directory: Directory,
    path: Path,
    manifest: Manifest,
    analyzer: Analyzer,
    memory_mb: int = DEFAULT_MEMORY_MB,
    cache_mb: int = DEFAULT_CACHE_MB,
    encoders: Encoders | None = None,
    memory: VectorMemory | None = None,
) -> Collection:
    """`create` for any `Directory`."""
    _check_mib("memory_mb", memory_mb, 1)
    _check_mib("cache_mb", cache_mb, 0)
    if path.is_file():
        raise InvalidArgument(f"expected a folder to create, found a file at {path}; choose another path")
    there = directory.names("")
    if there not in ([], [PENDING]):  # the latter of a create that was cut off
        what = "a collection" if MANIFEST in there else "other files"
        raise InvalidArgument(f"expected an empty or new folder, found {what} in {path}; use open, or another path")
    directory.make_folder("")
    directory.sync_folder("..")  # the collection's own name must be durable too
    write_manifest(directory, manifest)
    return Collection(directory, path, analyzer, memory_mb, cache_mb, encoders, memory=memory)


def open(
    path: str | Path,
    *,
    analyzer: AnalyzerChoice | None = None,
    memory_mb: int = DEFAULT_MEMORY_MB,
    cache_mb: int = DEFAULT_CACHE_MB,
    encoders: Mapping[str, Callable[[list[str]], Any]] | None = None,
    embedding_cache: CacheChoice = True,
    tenant: Tenant = None,
    memory_limit: MemoryLimit | None = None,
) -> Collection:
    """The collection in the folder `path`, as last committed. Maps files and reads almost nothing.

    `analyzer` and `encoders`, by vector field, are only needed when the collection was created with functions; they
    must be those. `tenant` is whose documents alone the handle of a multi-tenant collection reads and writes, or
    `rocchio.ALL_TENANTS`; without one, it writes, but each call that reads must name a tenant. `memory_mb`, `cache_mb`
    and `embedding_cache`: see `create`. `memory_limit`, bytes or a text like "64MB", bounds what searches of vector
    fields hold in memory: what does not fit is read from disk, with the same answers; `memory()` shows how it is
    divided. Raises InvalidArgument, also for a limit that is too small, NotFound, Corruption, IncompatibleFormat.
    """
    folder = _existing(path)
    _check_mib("memory_mb", memory_mb, 1)
    _check_mib("cache_mb", cache_mb, 0)
    given = None if analyzer is None else _resolve(analyzer)
    running = Encoders(encoders, embedding_cache)
    if tenant is not None and not isinstance(tenant, AllTenants):
        check_tenant(tenant)
    memory = _memory(memory_limit)
    col = Collection(LocalDirectory(folder), folder, given, memory_mb, cache_mb, running, tenant, memory)
    if memory is not None:
        memory.plan.check()
    if isinstance(tenant, str) and col.schema.tenants is None:
        scoped(col.snapshot(), None, tenant)
    col._snapshot.analyzer  # noqa: B018  # a missing function or a wrong analyzer shows now, not at the first search
    running.check(col.schema)
    return col


def open_for_maintenance(
    path: str | Path, tenant: str | None = None, memory_limit: MemoryLimit | None = None
) -> Collection:
    """Like `open` for what needs no text analysis: info, compact, delete. Needs no analyzer function.

    It sees all documents, or those of a tenant.
    """
    folder, memory = _existing(path), _memory(memory_limit)
    col = Collection(LocalDirectory(folder), folder, None, DEFAULT_MEMORY_MB, tenant=ALL_TENANTS, memory=memory)
    return col if tenant is None else col.for_tenant(tenant)


def _folder(path: str | Path) -> Path:
    """The absolute path: a later change of the working folder must not move the collection."""
    if not isinstance(path, str | Path) or not str(path) or "\0" in str(path):
        raise InvalidArgument(f"expected the path of a folder, found {path!r}")
    return Path(path).absolute()


def _existing(path: str | Path) -> Path:
    folder = _folder(path)
    try:
        if (folder / MANIFEST).is_file():
            return folder
        found = "a folder without one" if folder.is_dir() else "a file" if folder.exists() else "nothing"
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot open {str(folder)[:200]}: {error.strerror}") from error
    raise NotFound(
        f"expected a collection with a {MANIFEST} at {folder}, found {found}; "
        "create one with rocchio.create or `rocchio index`"
    )


def verify_folder(path: str | Path, progress: Callable[[int, int], None]) -> VerifyReport:
    """`Collection.verify` for a collection that may be too damaged to be opened. Raises NotFound, Corruption."""
    return verify(LocalDirectory(_existing(path)), progress)


def _resolve(analyzer: AnalyzerChoice) -> Analyzer:
    if isinstance(analyzer, Analyzer):
        return analyzer
    if isinstance(analyzer, str):
        return parse_analyzer(analyzer)
    if callable(analyzer):
        return callable_analyzer(getattr(analyzer, "__name__", "function"), analyzer)
    raise InvalidArgument(f"expected an analyzer's name, text form or function, found {analyzer!r}")


def _memory(limit: MemoryLimit | None) -> VectorMemory | None:
    return None if limit is None else VectorMemory(limit)


def _check_mib(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 40:
        raise InvalidArgument(f"expected {name} of at least {least}, in MiB, found {value!r}")


__all__ = ["Collection", "create", "create_in", "open"]
