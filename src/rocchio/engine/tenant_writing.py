"""Who owns documents, and changes of that, among the pending changes of a writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rocchio.engine.memberships import Grants, Memberships, with_changes
from rocchio.storage.append_log import LogEntry
from rocchio.storage.click_log import append_clicks
from rocchio.storage.directory import Directory
from rocchio.storage.grant_log import Grant, append_grants
from rocchio.storage.manifest import SegmentEntry

if TYPE_CHECKING:
    from rocchio.engine.open_segment import OpenSegment
    from rocchio.engine.snapshot import Snapshot

MOST_LISTED = 100
"""Doc_ids that a summary names."""


@dataclass
class GrantSummary:
    """What became of the documents of a grant or a revoke: `changed` ones, those of which it was so already
    (`unchanged`), those that are not in the collection (`missing`), of which the first 100 are `missing_ids`."""

    tenant: str
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    missing_ids: list[str] = field(default_factory=list)
    generation: int = 0


class PendingTenants:
    """Grants and revokes that wait for a commit."""

    def __init__(self, base: Snapshot, segments: list[OpenSegment]) -> None:
        self._base, self._segments = base, segments
        self.grants: list[Grant] = []
        self.offline = dict(base.manifest.tenant_offline)
        self.without: str | None = None
        """A tenant whose clicks go."""

    def __bool__(self) -> bool:
        return bool(self.grants) or self.without is not None

    @property
    def memberships(self) -> Memberships:
        """Those of all segments, pending changes included."""
        return Memberships(self._segments, with_changes(self._base.grants.changes, self.grants))

    def owners(self, places: Sequence[tuple[str, int, int]]) -> dict[str, set[str]]:
        """The tenants of documents at (doc_id, segment, row)."""
        memberships, owners = self.memberships, {}
        for number in {segment for _, segment, _ in places}:
            segment = self._segments[number]
            here = {segment.document_of(row): doc_id for doc_id, at, row in places if at == number}
            documents = np.array(sorted(here), np.int64)
            for document, tenants in zip(documents.tolist(), memberships.of_documents(number, documents), strict=True):
                owners[here[document]] = tenants
        return owners

    def change(self, tenant: str, places: Sequence[tuple[int, int]], granted: bool) -> int:
        """Grant or revoke documents at (segment, row); returns how many that changes."""
        memberships, changed = self.memberships, 0
        for number in {segment for segment, _ in places}:
            segment = self._segments[number]
            wanted = np.unique([segment.document_of(row) for at, row in places if at == number]).astype(np.int64)
            wanted = wanted[memberships.seen(number, tenant)[wanted] != granted]
            if len(wanted):
                self.grants.append(Grant(segment.entry.name, tenant, granted, wanted))
                changed += len(wanted)
        return changed

    def forget(self, tenant: str) -> tuple[dict[int, list[int]], int]:
        """Revoke all that a tenant shares with others. Returns the first rows, by segment, of the documents that are
        only theirs, and how many were shared.
        """
        memberships, shared = self.memberships, 0
        alone: dict[int, list[int]] = {}
        for number, segment in enumerate(self._segments):
            mine = np.flatnonzero(memberships.seen(number, tenant) & segment.live_documents())
            is_alone = np.array([names == {tenant} for names in memberships.of_documents(number, mine)], np.bool_)
            if not is_alone.all():
                self.grants.append(Grant(segment.entry.name, tenant, False, mine[~is_alone]))
                shared += int((~is_alone).sum())
            first_rows = mine if segment.passages is None else segment.passages.first_rows[mine]
            alone[number] = first_rows[is_alone].tolist()
        self.offline.pop(tenant, None)
        self.without = tenant
        return alone, shared

    def written_grants(self, directory: Directory, entries: Sequence[SegmentEntry], generation: int) -> LogEntry:
        """The log of a commit that leaves these segments, written durably.

        Entries of segments that are gone are left out: what they said is in the segments that were made of those.
        """
        names, before = {entry.name for entry in entries}, self._base.grants
        kept, pending = before.of_segments(names), [grant for grant in self.grants if grant.segment in names]
        if len(kept) < sum(map(len, before.changes.values())):
            kept, pending = [], kept + pending
            before = Grants(LogEntry(), {})
        return append_grants(directory, before.entry, pending, generation) if pending else before.entry

    def written_clicks(self, directory: Directory, generation: int) -> LogEntry:
        """The click log of a commit: without the clicks of a tenant that is deleted."""
        before = self._base.manifest.clicks
        if self.without is None:
            return before
        impressions = self._base.clicks.impressions
        kept = [impression for impression in impressions if impression.tenant != self.without]
        if len(kept) == len(impressions):
            return before
        anew = LogEntry(name=f"clicks-{generation:08d}.jsonl")
        return append_clicks(directory, anew, kept) if kept else anew


def as_ids(doc_ids: Sequence[str]) -> pa.LargeStringArray:
    """Doc_ids for a look-up."""
    return pa.array(list(doc_ids), pa.large_string())
