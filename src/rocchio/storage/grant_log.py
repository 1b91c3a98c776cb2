"""The log of grants and revokes (docs/formats/grants.md): one JSON object a line, in a file that only grows.

An entry names documents by their places in a segment, which never change. So it says nothing about a later version of
a document, which is in another segment, and means nothing any more once its segment is merged: the merge writes what it
said into the new segment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio.storage.append_log import LogEntry, append_lines, read_lines, stored_bytes
from rocchio.storage.directory import Directory
from rocchio.storage.tenancy import check_tenant

GRANTS = "tenants"
"""The folder of the log."""

MOST_DOCUMENTS = 2**32
_NOTHING = LogEntry()
_MEMBERS = {"segment", "tenant", "grant", "documents"}


@dataclass(frozen=True, eq=False)
class Grant:
    """Documents of a segment, by place, that a tenant sees from now on, or sees no more if `granted` is false."""

    segment: str
    tenant: str
    granted: bool
    documents: npt.NDArray[np.int64]
    """Ascending, each once."""

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        values = {
            "segment": self.segment,
            "tenant": self.tenant,
            "grant": self.granted,
            "documents": self.documents.tolist(),
        }
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def new_log(generation: int) -> LogEntry:
    """A log without entries, whose file the commit `generation` begins."""
    return LogEntry(name=f"grants-{generation:08d}.jsonl")


def append_grants(directory: Directory, committed: LogEntry, grants: Sequence[Grant], generation: int) -> LogEntry:
    """Write grants and revokes behind what is committed, durably; see `append_lines`."""
    committed = committed if committed.name else new_log(generation)
    if not committed.size:
        directory.make_folder(GRANTS)
    entry = append_lines(directory, grant_file(committed), committed, [grant.line for grant in grants])
    if not committed.size:
        directory.sync_folder(GRANTS)
    return entry


def grant_file(entry: LogEntry) -> str:
    """The file of a log."""
    return f"{GRANTS}/{entry.name}"


def stored_size(directory: Directory, entry: LogEntry) -> int:
    """Bytes of the file, also those of an interrupted call; 0 if there is none."""
    return stored_bytes(directory, grant_file(entry)) if entry.name else 0


def read_grants(directory: Directory, entry: LogEntry, known: LogEntry = _NOTHING) -> list[Grant]:
    """The entries of a log behind those of `known`, an older state of it. Raises Corruption."""
    if entry.size == 0:
        return []
    if known.name != entry.name:
        known = _NOTHING
    return read_lines(directory, grant_file(entry), entry, known, _parsed, ("a grant", "grants"))


def _parsed(line: bytes) -> Grant:
    """Raises ValueError for what is no entry."""
    values = json.loads(line)
    if not isinstance(values, dict) or values.keys() != _MEMBERS:
        raise ValueError(f"expected {', '.join(sorted(_MEMBERS))}, found {str(values)[:100]}")
    segment, granted, documents = values["segment"], values["grant"], values["documents"]
    if not isinstance(segment, str) or type(granted) is not bool or not isinstance(documents, list) or not documents:
        raise ValueError(f"expected a segment, true or false, and documents, found {str(values)[:100]}")
    if not all(type(place) is int and 0 <= place < MOST_DOCUMENTS for place in documents):
        raise ValueError("expected places of documents as whole numbers")
    places = np.array(documents, np.int64)
    if (np.diff(places) <= 0).any():
        raise ValueError("expected places of documents that ascend")
    return Grant(segment, check_tenant(values["tenant"]), granted, places)
