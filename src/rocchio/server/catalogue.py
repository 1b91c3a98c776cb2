"""The collections of a server: one folder that is a collection, or a folder of collections, by name."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

from rocchio.engine.collection import Collection
from rocchio.engine.opening import create, open_for_maintenance
from rocchio.engine.opening import open as open_collection
from rocchio.errors import InvalidArgument, NotFound, RocchioError
from rocchio.server.writing import Writing
from rocchio.storage.manifest import MANIFEST
from rocchio.storage.schema import Field

SUFFIX = ".rocchio"
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}(\.[0-9A-Za-z_-]{1,64}){0,3}")


class Served:
    """One open collection with its writer."""

    def __init__(self, name: str, col: Collection, queue: int, *, read_only: bool = False) -> None:
        self.name, self.col, self.read_only = name, col, read_only
        self.writing = Writing(col, queue)


class Catalogue:
    """Finds, opens and creates collections. Names are checked: no name leads out of the folder.

    `options` are those of `rocchio.open`: memory_mb, cache_mb, memory_limit (of each collection).
    """

    def __init__(self, path: str | Path, queue: int = 32, *, create_root: bool = False, **options: Any) -> None:
        self.root, self._queue, self._options = Path(path).absolute(), queue, options
        self.is_single = (self.root / MANIFEST).is_file()
        self._open: dict[str, Served] = {}
        self._lock = threading.Lock()
        if self.is_single:
            name = self.root.name.removesuffix(SUFFIX)
            self._open[name] = Served(name, open_collection(self.root, **options), queue)
        elif create_root:
            self.root.mkdir(parents=True, exist_ok=True)
        if not self.root.is_dir():
            raise NotFound(
                f"expected a collection or a folder of collections at {self.root}, found nothing; "
                "create one with rocchio.create or `rocchio index`"
            )

    def names(self) -> list[str]:
        """All collections, in order; also those that cannot be opened."""
        if self.is_single:
            return list(self._open)
        found = (child.parent.name for child in self.root.glob(f"*/{MANIFEST}"))
        return sorted({name.removesuffix(SUFFIX) for name in found if _NAME.fullmatch(name.removesuffix(SUFFIX))})

    def get(self, name: str) -> Served:
        """An open collection. Raises NotFound, and what opening raises."""
        served = self._open.get(name)
        if served is not None:
            return served
        if self.is_single or not _NAME.fullmatch(name):
            raise self._unknown(name)
        with self._lock:
            if name not in self._open:
                folder = self._folder(name)
                if folder is None:
                    raise self._unknown(name)
                self._open[name] = Served(name, open_collection(folder, **self._options), self._queue)
            return self._open[name]

    def create(self, name: str, fields: dict[str, Field], analyzer: str, tenants: str | None = None) -> Served:
        """A new, empty collection. Raises InvalidArgument."""
        if self.is_single:
            raise InvalidArgument("expected a server of a folder of collections to create one, found one of a single")
        if not _NAME.fullmatch(name):
            raise InvalidArgument(
                f"expected a name of letters, digits, dashes, underscores and single dots, found {name[:200]!r}"
            )
        with self._lock:
            if self._folder(name) is not None:
                raise InvalidArgument(f"expected a new name, found {name!r}, which is a collection already")
            col = create(self.root / (name + SUFFIX), fields, analyzer=analyzer, tenants=tenants, **self._options)
            self._open[name] = Served(name, col, self._queue)
            return self._open[name]

    def opened(self) -> list[Served]:
        """Those that are open now."""
        return list(self._open.values())

    def open_all(self) -> dict[str, RocchioError]:
        """Open all; what could not be opened, by name."""
        failed = {}
        for name in self.names():
            try:
                self.get(name)
            except RocchioError as error:
                failed[name] = error
        return failed

    def folder(self, name: str) -> Path:
        """Where a collection is. Raises NotFound."""
        found = self.root if self.is_single and name in self._open else None
        found = found or (self._folder(name) if _NAME.fullmatch(name) else None)
        if found is None:
            raise self._unknown(name)
        return found

    def close(self) -> None:
        """Finish what the writers have taken on."""
        for served in self.opened():
            served.writing.close()

    def _folder(self, name: str) -> Path | None:
        if self.is_single:
            return None
        for folder in (self.root / (name + SUFFIX), self.root / name):
            if (folder / MANIFEST).is_file():
                return folder
        return None

    def _unknown(self, name: str) -> NotFound:
        return NotFound(f"expected a collection of this server, found no {name[:200]!r}")


__all__ = ["SUFFIX", "Catalogue", "Served", "open_for_maintenance"]
