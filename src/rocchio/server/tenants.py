"""A served collection as one caller may see and change it: the one place where the tenant of a key is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from rocchio.engine.collection import Collection
from rocchio.engine.snapshot import Snapshot
from rocchio.errors import NotFound
from rocchio.server.catalogue import Served
from rocchio.server.writing import Change, Done
from rocchio.storage.tenancy import ALL_TENANTS, Tenant

Of: TypeAlias = tuple[str, Tenant]
"""A collection, and who of its tenants sees it."""


@dataclass(frozen=True)
class ServedTo:
    """A collection for one tenant, or for `ALL_TENANTS`."""

    served: Served
    tenant: Tenant

    @property
    def name(self) -> str:
        return self.served.name

    @property
    def of(self) -> Of:
        """Under what is kept that only this caller's tenant may see."""
        return self.name, self.tenant

    @property
    def is_whole(self) -> bool:
        """Whether all of the collection is the caller's."""
        return not isinstance(self.tenant, str)

    def snapshot(self) -> Snapshot:
        """What the caller sees now. Raises NotFound for a tenant that sees nothing."""
        return self.served.col.snapshot(self.tenant)

    async def apply(self, change: Change) -> Done:
        """A change by the caller, to what is the caller's; see `Writing.apply`."""
        return await self.served.writing.apply(self._bound(change))

    async def apply_patiently(self, change: Change, timeout_s: float) -> Done:
        """The same, but waits for a place in the queue."""
        return await self.served.writing.apply_patiently(self._bound(change), timeout_s)

    def submit(self, change: Change) -> Any:
        """The same, for a thread that waits itself."""
        return self.served.writing.submit(self._bound(change))

    def _bound(self, change: Change) -> Change:
        tenant = self.tenant
        return (lambda col: change(col.for_tenant(tenant))) if isinstance(tenant, str) else change


def served_to(served: Served, tenant: Tenant) -> ServedTo:
    """Raises NotFound, as for a collection that is not there, where a tenant asks for one without tenants."""
    if isinstance(tenant, str) and served.col.schema.tenants is None:
        raise NotFound(f"expected a collection of this server, found no {served.name!r}")
    return ServedTo(served, tenant)


def document_count(col: Collection, tenant: Tenant) -> int | None:
    """How many documents a caller sees; None for a tenant that does not see any."""
    try:
        return len(col.snapshot(tenant))
    except NotFound:
        return None


__all__ = ["ALL_TENANTS", "ServedTo", "document_count", "served_to"]
