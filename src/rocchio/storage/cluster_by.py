"""Which fields the documents of a merged segment may be put in the order of."""

from __future__ import annotations

from collections.abc import Sequence

from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema

TENANT = "tenant"
"""What `cluster_by` calls the tenants of a document."""

CLUSTERED_KINDS = ("keyword", "number", "date", "bool")


def check_cluster_by(schema: Schema, given: str | Sequence[str]) -> tuple[str, ...]:
    """The names of the fields to cluster by. Raises InvalidArgument."""
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name in schema.fields and schema.fields[name].kind in CLUSTERED_KINDS:
            continue
        if name == TENANT and name not in schema.fields and schema.tenants is not None:
            continue
        known = [each for each, field in schema.fields.items() if field.kind in CLUSTERED_KINDS]
        known += [TENANT] if schema.tenants is not None and TENANT not in schema.fields else []
        raise InvalidArgument(
            f"expected {', '.join(CLUSTERED_KINDS)} fields to cluster by, found {name!r}; "
            f"there are {', '.join(known) or 'none'}"
        )
    if len(set(names)) < len(names):
        raise InvalidArgument(f"expected every field to cluster by once, found {', '.join(names)}")
    return names
