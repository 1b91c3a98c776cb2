"""A plan of one step: BM25 bound to a collection. Steps that compose with `>>` come in a later version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from rocchio.engine.queries import Query
from rocchio.errors import InvalidArgument, NotYet
from rocchio.lexical.scoring import Bm25, parse_bm25
from rocchio.types import Hit, Run

if TYPE_CHECKING:
    from rocchio.engine.collection import Collection

_LATER_STEPS = frozenset({"rm3", "rocchio", "bm25prf", "bo1", "kl", "axiomatic", "dense", "rerank"})
_LATER = "plans of several steps come in a later version; use a single bm25(k1=0.9, b=0.4) for now"


class Bm25Step:
    """`collection.bm25(...)`: searches with its own parameters; prints as its scoring, equal to it when parsed."""

    def __init__(self, collection: Collection, scoring: Bm25) -> None:
        self._collection, self.scoring = collection, scoring

    def search(self, query: Query | Iterable[Query], k: int = 10, **options: Any) -> list[Hit] | Run:
        """Like `Collection.search` with this scoring."""
        if "scoring" in options:
            raise InvalidArgument("expected no scoring, found one; the step has its own, see collection.bm25")
        if self._collection.schema.encoded_fields and options.get("field") is None:
            options["field"] = self._collection.schema.text_fields  # words only: with vectors it would be another step
        return self._collection.search(query, k, scoring=self.scoring, **options)

    def __rshift__(self, _: object) -> NoReturn:
        raise NotYet(_LATER)

    def __str__(self) -> str:
        return str(self.scoring)

    def __eq__(self, other: object) -> bool:
        return self.scoring == (other.scoring if isinstance(other, Bm25Step) else other)

    def __hash__(self) -> int:
        return hash(self.scoring)


def parse_plan(text: str) -> Bm25:
    """The plan that a text form describes: today a single `bm25(...)`. Raises NotYet for more, InvalidArgument."""
    if ">>" in text or text.strip().partition("(")[0] in _LATER_STEPS:
        raise NotYet(f"{_LATER}; found {text[:200]!r}")
    return parse_bm25(text)


def rm3(docs: int = 10, terms: int = 10, **_: Any) -> NoReturn:
    """Relevance feedback by RM3: announced, not in this version."""
    raise NotYet(f"rm3(docs={docs}, terms={terms}): feedback comes in a later version")
