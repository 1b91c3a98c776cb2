"""What a search may be told beside its queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

from rocchio._native import Kernel
from rocchio.engine.filtering import Where
from rocchio.errors import InvalidArgument
from rocchio.fusion import Fusion
from rocchio.lexical.scoring import Bm25, parse_bm25
from rocchio.storage.tenancy import Tenant

FieldChoice: TypeAlias = str | Iterable[str] | Mapping[str, float] | None


class SearchOptions(TypedDict, total=False):
    """`field` restricts the search to text fields (a name, names, or {name: boost}), or names a sparse or a vector
    field; `scoring` is a `Bm25` or its text form; `threads` share the queries of a list; `query_ids` name them;
    `kernel` is "automatic", "pruned", "exhaustive" or "reference" (plain and slow): all give the same answers.
    `where` is a predicate, as a text or as a Python expression, that every hit satisfies, or a list with one, or None,
    for each query; k is still reached where enough documents match. It does not change scores.

    For a sparse field only, and then approximate: `query_cut` keeps that many of the heaviest terms of each query;
    `alpha`, above 0 and below 1, lets the pruned kernel skip what is unlikely to matter.

    For a vector field only: `recall`, above 0 and at most 1, is the least share of the true best k wanted on average;
    1 is exact, the default is 0.99. `min_score` finds all documents that score at least so, exactly, or the best k of
    them.

    For a query of several parts only, see `rocchio.query`: `fusion`, a value or its text form, makes one ranking of
    theirs, by default z-norm with 0.4 for the text; of each part the first `depth` are fused, by default 1,000 or k.

    `plan`, a plan or its text form like "bm25 >> rm3 >> bm25", takes the place of all these but `threads`,
    `query_ids` and `where`, which all its searches keep to. `relevant` and `not_relevant` are doc_ids that its feedback
    goes by instead of what it found first, for several queries {query_id: doc_ids}.

    `tenant` is who asks a multi-tenant collection: a name, or `rocchio.ALL_TENANTS` for whoever runs it.
    """

    field: FieldChoice
    scoring: Bm25 | str | None
    threads: int
    query_ids: Sequence[str] | None
    kernel: str
    where: Where | Sequence[Where | None] | None
    alpha: float
    query_cut: int | None
    recall: float
    min_score: float | None
    fusion: Fusion | str | None
    depth: int | None
    plan: Any
    relevant: Any
    not_relevant: Any
    tenant: Tenant


class ExplainOptions(TypedDict, total=False):
    """Of the options of a search, those that a score depends on."""

    field: FieldChoice
    scoring: Bm25 | str | None
    fusion: Fusion | str | None
    depth: int | None
    where: Where | None
    tenant: Tenant


KERNELS = ("automatic", "pruned", "exhaustive", "reference")


def as_scoring(scoring: Bm25 | str | None) -> Bm25:
    """BM25 given as a value, as its text form, or left to the default. Raises InvalidArgument."""
    if scoring is None:
        return Bm25()
    if isinstance(scoring, str):
        return parse_bm25(scoring)
    if not isinstance(scoring, Bm25):
        raise InvalidArgument(f"expected a scoring like rocchio.Bm25(k1=0.9, b=0.4), found {scoring!r}")
    return scoring


def check_options(options: Mapping[str, object]) -> None:
    marks = [name for name in ("relevant", "not_relevant") if options.get(name) is not None]
    if marks and options.get("plan") is None:
        raise InvalidArgument(f"expected a plan beside {marks[0]}, like plan='bm25 >> rocchio >> bm25', found none")
    if not options.keys() <= SearchOptions.__annotations__.keys():
        unknown = options.keys() - SearchOptions.__annotations__.keys()
        known = ", ".join(SearchOptions.__annotations__)
        raise InvalidArgument(f"expected search options of {known}, found {', '.join(sorted(unknown))}")


def as_kernel(name: str) -> Kernel:
    if name not in KERNELS:
        raise InvalidArgument(f"expected a kernel of {', '.join(KERNELS)}, found {name!r}")
    return getattr(Kernel, name)  # type: ignore[no-any-return]
