"""The peers of the filter benchmark; what they are stands in their own files."""

from __future__ import annotations

import importlib.util

from peers_filters.engine import Peer


def installed(names: list[str] | None) -> list[Peer]:
    """Those whose packages are installed, or of these those whose names begin with one of some."""
    peers: list[Peer] = []
    if importlib.util.find_spec("faiss"):
        from peers_filters.faiss_engine import FaissFlat, FaissLists

        peers += [FaissLists(), FaissFlat()]
    if importlib.util.find_spec("lancedb"):
        from peers_filters.lancedb_engine import LanceGraph, LanceLists

        peers += [LanceLists(), LanceGraph()]
    if importlib.util.find_spec("qdrant_client"):
        from peers_filters.qdrant_engine import QdrantLocal

        peers += [QdrantLocal()]
    return [peer for peer in peers if names is None or peer.name.lower().startswith(tuple(map(str.lower, names)))]


__all__ = ["Peer", "installed"]
