"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rocchio.errors import AccessDenied
from rocchio.server.keys import ROLES, KeyFile
from rocchio.storage.tenancy import ALL_TENANTS, Tenant

OPEN_PATHS = frozenset({"/livez", "/readyz", "/healthz"})
"""Answered without a key, and telling nothing."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True)
class Caller:
    """Whose request it is. The tenant comes from the key, never from the request."""

    key_id: str
    role: str
    tenant: str | None

    def need(self, role: str) -> None:
        """Raises AccessDenied if the role does not include `role`."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise AccessDenied(f"expected a key with the role {role}, found one with {self.role}")

    def need_all_tenants(self, role: str) -> None:
        """For what concerns whoever runs the server. Raises AccessDenied."""
        self.need(role)
        if self.tenant is not None:
            raise AccessDenied("expected a key of the whole server, found one of a tenant")

    @property
    def scope(self) -> Tenant:
        """Whose documents the engine may look at: a key without a tenant is for all of them."""
        return ALL_TENANTS if self.tenant is None else self.tenant


LOCAL = Caller("-", "admin", None)
"""Whoever reaches a server without keys, which listens on the loopback interface only."""


class Access:
    """Tells callers by their keys. Without a file of keys, everybody on this machine is an admin."""

    def __init__(self, keys: KeyFile | None) -> None:
        self.keys = keys

    def caller(self, authorization: str | None) -> Caller | None:
        """Whose `Authorization` header this is, None if nobody's."""
        if self.keys is None:
            return LOCAL
        scheme, _, given = (authorization or "").partition(" ")
        found = self.keys.find(given.strip()) if scheme.lower() == "bearer" else None
        return Caller(found.id, found.role, found.tenant) if found else None

    def refuses_origin(self, host: str, origin: str | None, allowed_hosts: Iterable[str] = ()) -> bool:
        """Without keys, whether a request may come from a page of another site in a browser on this machine.

        Such a page can send requests to the loopback interface: then Origin is not ours. It can also point a name of
        its own to 127.0.0.1: then Host is not ours.
        """
        if self.keys is not None:
            return False
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if name.lower() not in _LOOPBACK and name not in allowed_hosts:
            return True
        return origin is not None and origin.partition("://")[2].lower() != host.lower()
