"""Tenants: how a collection keeps what one may see from another, as a value that prints and parses.

A document is seen by the tenants that it was given with, and by those that were granted it since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, get_args

from rocchio.errors import InvalidArgument

Statistics: TypeAlias = Literal["tenant", "global"]

TENANTS_FIELD = "_tenants"
"""What a document's tenants are called, in records and in stored documents."""

MOST_TENANTS = 10_000
"""Of one document."""

_FORM = re.compile(r"\s*tenants\s*(?:\(\s*(?:statistics\s*=\s*(\w{1,20})\s*)?\))?\s*")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


class AllTenants(Enum):
    """The type of `ALL_TENANTS`, which no string equals: no name of a tenant can mean all of them."""

    ALL = "ALL_TENANTS"

    def __repr__(self) -> str:
        return "rocchio.ALL_TENANTS"


ALL_TENANTS: Final = AllTenants.ALL
"""What whoever runs a collection says in place of a tenant, to see every document."""

Tenant: TypeAlias = str | AllTenants | None


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What a multi-tenant collection counts statistics over: the documents of the "tenant", or all ("global").

    Raises InvalidArgument.
    """

    statistics: Statistics = "tenant"

    def __post_init__(self) -> None:
        if self.statistics not in get_args(Statistics):
            raise InvalidArgument(f"expected statistics 'tenant' or 'global', found {self.statistics!r}")

    def __str__(self) -> str:
        return f"tenants(statistics={self.statistics})"


def tenants(statistics: Statistics = "tenant") -> Tenancy:
    """Makes a collection multi-tenant: `rocchio.create(path, fields, tenants=rocchio.tenants())`.

    With statistics "tenant", scores are those of a collection with the tenant's documents only; with "global", document
    frequencies and average lengths are those of all documents, which is faster where many tenants search, and tells
    each a little about what others have. Raises InvalidArgument.
    """
    return Tenancy(statistics)


def as_tenancy(given: Any) -> Tenancy:
    """Tenancy given as a value or as its text form. Raises InvalidArgument."""
    if isinstance(given, Tenancy):
        return given
    if isinstance(given, str):
        return parse_tenancy(given)
    raise InvalidArgument(f"expected tenants like rocchio.tenants(statistics='tenant'), found {given!r}")


def parse_tenancy(text: str) -> Tenancy:
    """The inverse of `str(Tenancy)`; also `tenants` alone for the default. Raises InvalidArgument."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"expected tenants like tenants(statistics=tenant), found {text[:200]!r}")
    return Tenancy(found[1]) if found[1] else Tenancy()  # type: ignore[arg-type]  # it is checked


def is_tenant(name: Any) -> bool:
    """Whether this can be the name of a tenant."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def check_tenant(name: Any) -> str:
    """A usable name of a tenant. Raises InvalidArgument."""
    if not is_tenant(name):
        raise InvalidArgument(
            "expected a tenant of at most 128 letters, digits, dots, dashes and underscores, beginning with a letter "
            f"or digit, found {name!r}"[:400]
        )
    return str(name)


def check_tenants(names: Any) -> list[str]:
    """The tenants of one document: different ones, at least one, in order. Raises InvalidArgument."""
    given = [names] if isinstance(names, str) else names
    if not isinstance(given, list | tuple | set | frozenset) or not given:
        raise InvalidArgument(
            f"expected the tenants that see a document, a name or a list of at least one, found {names!r}"[:400]
        )
    if len(given) > MOST_TENANTS:
        raise InvalidArgument(f"expected at most {MOST_TENANTS:,} tenants of a document, found {len(given):,}")
    return sorted(set(map(check_tenant, given)))
