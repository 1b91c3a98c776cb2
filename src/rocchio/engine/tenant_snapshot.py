"""A snapshot as one tenant sees it, or as whoever runs the collection does; and who may have which."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from rocchio.engine.click_history import TenantClicks
from rocchio.engine.offline import OpenOffline
from rocchio.engine.tenant_segment import TenantSegment
from rocchio.errors import InvalidArgument, NotFound
from rocchio.storage.tenancy import ALL_TENANTS, AllTenants, Tenant, check_tenant

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

VIEWS_BYTES = 256 << 20
"""Of the tenants' views of one snapshot that are kept."""

STATISTICS_BYTES = 16
"""Of a row, in a view that has statistics of its own and was searched by words."""


def scoped(snapshot: Snapshot, bound: Tenant, asked: Tenant) -> Snapshot:
    """What may be read of a snapshot through a handle that is `bound` to a tenant, in a call that asked for one.

    Raises InvalidArgument without a tenant where one is needed, NotFound for an unknown one.
    """
    if asked is not None and not isinstance(asked, AllTenants):
        check_tenant(asked)
    if isinstance(bound, str) and asked not in (None, bound):
        raise InvalidArgument(f"expected the tenant {bound!r}, whose handle this is, found {asked!r}")
    wanted = bound if asked is None else asked
    if snapshot.schema.tenants is None:
        if isinstance(wanted, str):
            raise InvalidArgument(
                f"expected no tenant in a collection without tenants, found {wanted!r}; declare them when it is "
                "created: rocchio.create(..., tenants=rocchio.tenants())"
            )
        return snapshot
    if wanted is None:
        raise InvalidArgument(
            "expected a tenant to read a multi-tenant collection, found none; open it with tenant='NAME', or give "
            "tenant='NAME' to the call, --tenant NAME to a command; rocchio.ALL_TENANTS, --all-tenants see every "
            "document"
        )
    return snapshot.everything if isinstance(wanted, AllTenants) else snapshot.for_tenant(wanted)


class TenantViews:
    """The views of one snapshot, the ones last used. Any number of threads may share it.

    Neither it nor a view keeps the snapshot, which would keep itself: what a snapshot holds is freed when nobody reads
    it any more, not when garbage is collected next. Views look at a copy.
    """

    def __init__(self, base: Snapshot) -> None:
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._whole: Snapshot | None = None
        self._lock = threading.Lock()
        rows = sum(segment.rows for segment in base.segments)
        tenancy = base.schema.tenants
        own = tenancy is not None and tenancy.statistics == "tenant" and bool(base.schema.text_fields)
        self._most = max(1, VIEWS_BYTES // (4096 + rows // 2 + (STATISTICS_BYTES * rows if own else 0)))

    def get(self, base: Snapshot, tenant: str) -> Snapshot:
        """What a tenant sees of the snapshot. Raises NotFound for one that sees nothing."""
        with self._lock:
            found = self._kept.get(tenant)
            if found is not None:
                self._kept.move_to_end(tenant)
                return found
            if self._whole is None:
                self._whole = _without_views(base)
            whole = self._whole
        made = _view(whole, tenant)
        with self._lock:
            kept = self._kept.setdefault(tenant, made)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept


def _view(base: Snapshot, tenant: str) -> Snapshot:
    segments = [
        TenantSegment(segment, base.memberships.seen(number, tenant)) for number, segment in enumerate(base.segments)
    ]
    if not any(segment.entry.live_rows for segment in segments):
        raise NotFound(
            f"expected a tenant that sees a document, found {tenant!r}; documents are added with their tenants, or "
            "granted"
        )
    manifest = replace(
        base.manifest,
        segments=tuple(segment.entry for segment in segments),
        offline=base.manifest.tenant_offline.get(tenant),
    )
    offline, clicks = OpenOffline(base.directory, manifest), TenantClicks(base.clicks, tenant)
    return base.seen_as(tenant, manifest, segments, offline, clicks)


def _without_views(base: Snapshot) -> Snapshot:
    """The same, with the same searchers, but nothing that leads back to the views that are kept."""
    whole = copy.copy(base)
    whole.__dict__.pop("everything", None)
    whole._views = TenantViews(whole)
    return whole


def everything(base: Snapshot) -> Snapshot:
    """All documents, for whoever runs the collection."""
    view = copy.copy(base)  # what is computed for one serves both
    view.scope = ALL_TENANTS
    return view
