"""What the dense benchmark asks of an engine."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.float32]
"""float32[vectors, dimensions], C order, unit length: inner product, cosine and L2 rank alike."""


class Setting(NamedTuple):
    """How carefully to search: a number that recall grows with, and one of the index's other choices, if it has any."""

    effort: int
    choice: float | None = None


class Reads(NamedTuple):
    """What one query reads of the index: bytes, in blocks of about `block` contiguous bytes."""

    bytes: float
    block: int


class Opened(Protocol):
    """An index that answers queries on one thread.

    `efforts` are the least and the largest effort worth a try, `choices` what else a setting can choose between. An
    index may also have `reads(queries, k, setting) -> Reads`, from its own counters, and `rows(answer)`, which makes
    whole numbers [queries, k] of what its search gives, without being timed.
    """

    efforts: tuple[int, int]
    choices: tuple[float | None, ...]

    def search(self, queries: Matrix, k: int, setting: Setting) -> npt.NDArray[Any]:
        """Rows of the top k of all queries, whole numbers [queries, k] or what `rows` makes them of; this is timed."""

    def name_of(self, setting: Setting) -> str:
        """The setting in the engine's own words."""


@dataclass(frozen=True)
class Engine:
    """An index with one way to build it.

    `family` is the engine whose ways to build compete: only its best at a recall is reported. `build` makes the index
    of a matrix in a new folder with some threads, and gives the seconds of that without the reading of its input.
    All files in that folder, but those that match `unread`, are what a search holds in memory. `packages` are those
    whose versions are reported.
    """

    name: str
    family: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    build: Callable[[Matrix, Path, int], float]
    open: Callable[[Path, Matrix], Opened]
    includes: str
    unread: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether its modules can be imported."""
        return all(importlib.util.find_spec(module) is not None for module in self.modules)

    def index_bytes(self, folder: Path) -> int:
        """Bytes of vectors, codes and graph that a search holds in memory: the files it loads are their image."""
        unread = {path for pattern in self.unread for path in folder.rglob(pattern)}
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path not in unread)


def rows_of(opened: Opened, answer: Any) -> npt.NDArray[Any]:
    """Whole numbers [queries, k] from what a search gave."""
    rows: npt.NDArray[Any] = getattr(opened, "rows", np.asarray)(answer)
    return rows
