"""Steps that search an index."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.feedback.method import check_count
from rocchio.fusion import Fusion, parse_fusion
from rocchio.lexical.scoring import Bm25
from rocchio.pipelines.step import Step, call, literal

MOST_QUERIES = 100
LEAST_TEMPERATURE = 0.001


class Retrieve(Step):
    """A search with the query as it is now."""

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
    """The vector field `field`, None for the only one, to a `recall`, None for the default. Raises InvalidArgument."""

    field: str | None = None
    recall: float | None = None

    def __post_init__(self) -> None:
        _check_text("field", "the name of a vector field", self.field)

    @property
    def options(self) -> dict[str, Any]:
        return {"field": self.field} | ({} if self.recall is None else {"recall": self.recall})

    def __str__(self) -> str:
        return call("dense", self)


@dataclass(frozen=True)
class Sparse(Retrieve):
    """The sparse field `field`, None for the only one; `alpha` and `query_cut` below their defaults approximate.

    Raises InvalidArgument.
    """

    field: str | None = None
    alpha: float = 1.0
    query_cut: int | None = None

    def __post_init__(self) -> None:
        _check_text("field", "the name of a sparse field", self.field)

    @property
    def options(self) -> dict[str, Any]:
        return {"field": self.field, "alpha": self.alpha, "query_cut": self.query_cut}

    def __str__(self) -> str:
        return call("sparse", self)


@dataclass(frozen=True)
class Hybrid(Retrieve):
    """What a search without a plan does: all parts of the query, fused by `fusion`, None for the default.

    Raises InvalidArgument.
    """

    fusion: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.fusion, Fusion):
            object.__setattr__(self, "fusion", str(self.fusion))
        _check_text("fusion", "a fusion like 'znorm(0.4, 0.6)'", self.fusion)
        if self.fusion is not None:
            parse_fusion(self.fusion)

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.fusion is None else {"fusion": self.fusion}

    def __str__(self) -> str:
        return call("hybrid", self)


@dataclass(frozen=True)
class Offline(Retrieve):
    """What was precomputed for the `queries` pseudo-queries that BM25 with `k1` and `b` finds nearest."""

    queries: int = 8
    k1: float = 0.9
    b: float = 0.4

    def __post_init__(self) -> None:
        if isinstance(self.queries, bool) or not isinstance(self.queries, int) or not 1 <= self.queries <= MOST_QUERIES:
            raise InvalidArgument(f"expected queries from 1 to {MOST_QUERIES}, found {self.queries!r}")
        Bm25(self.k1, self.b)  # checks them

    @property
    def options(self) -> dict[str, Any]:
        return {}

    def __str__(self) -> str:
        return call("offline", self)


@dataclass(frozen=True)
class PseudoEmbeddings(Retrieve):
    """Pseudo query embeddings of a vector field, None for the one that has them: of the `candidates` documents with the
    best single centroid each centroid counts by the softmax of its similarity to the query over `temperature`.
    """

    field: str | None = None
    candidates: int = 1000
    temperature: float = 1.0

    def __post_init__(self) -> None:
        _check_text("field", "the name of a vector field", self.field)
        check_count("candidates", self.candidates)
        temperature = self.temperature
        is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
        if not is_number or not LEAST_TEMPERATURE <= temperature <= 1e6:
            raise InvalidArgument(f"expected temperature from {LEAST_TEMPERATURE} to 1e6, found {temperature!r}")

    @property
    def options(self) -> dict[str, Any]:
        return {}

    def __str__(self) -> str:
        return call("pseudo_embeddings", self)


def _check_text(name: str, what: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidArgument(f"expected {name} as {what}, found {value!r}")


def words(k1: float = 0.9, b: float = 0.4, variant: str = "lucene", delta: float = 0.5, field: Any = None) -> Words:
    """The step `bm25(...)`. Raises InvalidArgument."""
    if field is not None and not isinstance(field, str):
        if not isinstance(field, list | tuple) or not field or not all(isinstance(name, str) for name in field):
            raise InvalidArgument(f"expected field as a name or names of text fields, found {field!r}")
        field = tuple(field)
    return Words(Bm25(k1, b, variant, delta), field)
