"""Steps that search an index."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.lexical.scoring import Bm25
from rocchio.pipelines.step import Step, call, literal


class Retrieve(Step):
    """A search with the query as it is now."""

    @property
    def ranks(self) -> bool:
        return True

    @property
    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The options of `Snapshot.search`."""


@dataclass(frozen=True)
class Words(Retrieve):
    """BM25 in the text fields, or in those of `field`: a name or several."""

    scoring: Bm25 = Bm25()  # noqa: RUF009  # it is immutable
    field: str | tuple[str, ...] | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {"scoring": self.scoring, "field": list(self.field) if isinstance(self.field, tuple) else self.field}

    def __str__(self) -> str:
        parts = [
            f"{field.name}={literal(getattr(self.scoring, field.name))}"
            for field in fields(Bm25)
            if field.name in ("k1", "b") or getattr(self.scoring, field.name) != field.default
        ]
        parts += [] if self.field is None else [f"field={literal(self.field)}"]
        return f"bm25({', '.join(parts)})"


@dataclass(frozen=True)
class Dense(Retrieve):
    """The vector field `field`, None for the only one, to a `recall`, None for the default."""

    field: str | None = None
    recall: float | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {"field": self.field} | ({} if self.recall is None else {"recall": self.recall})

    def __str__(self) -> str:
        return call("dense", self)


@dataclass(frozen=True)
class Sparse(Retrieve):
    """The sparse field `field`, None for the only one; `alpha` and `query_cut` below their defaults approximate."""

    field: str | None = None
    alpha: float = 1.0
    query_cut: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {"field": self.field, "alpha": self.alpha, "query_cut": self.query_cut}

    def __str__(self) -> str:
        return call("sparse", self)


@dataclass(frozen=True)
class Hybrid(Retrieve):
    """What a search without a plan does: all parts of the query, fused by `fusion`, None for the default."""

    fusion: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.fusion is None else {"fusion": self.fusion}

    def __str__(self) -> str:
        return call("hybrid", self)


def words(k1: float = 0.9, b: float = 0.4, variant: str = "lucene", delta: float = 0.5, field: Any = None) -> Words:
    """The step `bm25(...)`. Raises InvalidArgument."""
    if field is not None and not isinstance(field, str):
        if isinstance(field, Mapping) or not all(isinstance(name, str) for name in field):
            raise InvalidArgument(f"expected field as a name or names of text fields, found {field!r}")
        field = tuple(field)
    return Words(Bm25(k1, b, variant, delta), field)
