"""What a multi-tenant collection offers for its tenants: grants, revokes, deletion, a handle for one of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rocchio.engine.queries import check_unicode
from rocchio.engine.tenant_writing import GrantSummary
from rocchio.errors import InvalidArgument, NotFound
from rocchio.storage.tenancy import check_tenant
from rocchio.types import DocId

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot
    from rocchio.engine.writer import Writer

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TenantDeletion:
    """What became of a tenant: `documents` that were only theirs are deleted, of `shared` ones they see none any more,
    `clicks` of their users are gone. `remaining` are the files that still hold bytes of all that; empty means none.
    """

    tenant: str
    documents: int
    shared: int
    clicks: int
    remaining: tuple[str, ...]
    generation: int


class TenantManagement(ABC):
    """The part of a collection that has to do with tenants."""

    _snapshot: Snapshot

    @abstractmethod
    def _writing_nothing_else(self, action: str) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _publish(self, apply: Callable[[Writer], _Result]) -> _Result: ...

    @abstractmethod
    def _forget_changes(self) -> None: ...

    @abstractmethod
    def _need_tenants(self, action: str) -> None: ...

    def grant(self, doc_ids: DocId | Iterable[DocId], tenant: str) -> GrantSummary:
        """Let a tenant see documents of the last commit, in a commit of its own; on disk when this returns.

        Those that the tenant sees already are counted as unchanged, those that are not there as missing. Snapshots that
        were taken before do not change. Raises InvalidArgument, also with uncommitted changes, BusyError,
        StorageFailure.
        """
        return self._change_grants("grant", doc_ids, tenant, granted=True)

    def revoke(self, doc_ids: DocId | Iterable[DocId], tenant: str) -> GrantSummary:
        """Let a tenant see documents no more. What was never granted is counted as unchanged; see `grant`.

        A document that nobody sees is still there, for `rocchio.ALL_TENANTS`.
        """
        return self._change_grants("revoke", doc_ids, tenant, granted=False)

    def _change_grants(self, action: str, doc_ids: Any, tenant: Any, *, granted: bool) -> GrantSummary:
        self._need_tenants(action)
        name, ids = check_tenant(tenant), checked_ids(doc_ids)
        with self._writing_nothing_else(action):
            summary = self._publish(lambda writer: writer.commit_grants(name, ids, granted))
            self._forget_changes()
            summary.generation = self._snapshot.manifest.generation
        return summary

    def delete_tenant(self, tenant: str, *, compact: bool = True) -> TenantDeletion:
        """Delete a tenant: the documents that only they see, their sight of others, the clicks of their users.

        Then the segments that held any of it are written anew, unless `compact` is false; `remaining` of the report
        names the files that hold some still, and is empty when none does. Raises InvalidArgument, NotFound.
        """
        self._need_tenants("delete_tenant")
        name = check_tenant(tenant)
        with self._writing_nothing_else("delete_tenant"):
            before = self._snapshot
            if not residue(before, name):
                raise NotFound(
                    f"expected a tenant of the collection, found {name!r}; see tenants(), or `rocchio tenants`"
                )
            clicks = sum(impression.tenant == name for impression in before.clicks.impressions)
            documents, shared = self._publish(lambda writer: writer.commit_without(name))
            if compact and (held := held_by(self._snapshot, name) & {e.name for e in self._snapshot.manifest.segments}):
                self._publish(lambda writer: writer.merge(sorted(held), lambda _n: None))
            self._forget_changes()
            after = self._snapshot
            remaining = tuple(sorted(residue(after, name)))
        return TenantDeletion(name, documents, shared, clicks, remaining, after.manifest.generation)


def held_by(snapshot: Snapshot, tenant: str) -> set[str]:
    """Segments in which something of a tenant is written, also what is deleted."""
    names = {segment.entry.name for segment in snapshot.segments if tenant in segment.columns.tenants().values}
    return names | {segment for segment, name in snapshot.grants.changes if name == tenant}


def residue(snapshot: Snapshot, tenant: str) -> set[str]:
    """Files of a commit, by segment or name, in which something of a tenant is written. Reads what it must. Raises
    Corruption.
    """
    found = held_by(snapshot, tenant)
    if any(name == tenant for _, name in snapshot.grants.changes):
        found.add(snapshot.manifest.grants.name)
    if any(impression.tenant == tenant for impression in snapshot.clicks.impressions):
        found.add("clicks")
    if tenant in snapshot.manifest.tenant_offline:
        found.add(snapshot.manifest.tenant_offline[tenant].name)
    return found


def checked_ids(doc_ids: Any) -> Sequence[DocId]:
    """Doc_ids of one or several documents. Raises InvalidArgument."""
    if not isinstance(doc_ids, Iterable):
        raise InvalidArgument(f"expected a doc_id or several, found {doc_ids!r}")
    ids = [doc_ids] if isinstance(doc_ids, str) else list(doc_ids)
    for doc_id in ids:
        if not isinstance(doc_id, str):
            raise InvalidArgument(f"expected doc_ids as strings, found {doc_id!r}")
        check_unicode(doc_id)
    return ids
