"""Regions of a map, and the words that are frequent in each and rare elsewhere, as its documents write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rocchio.encoders.term_rows import SegmentTerms
from rocchio.engine.salient import as_written

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

MOST_REGIONS = 24
ROUNDS = 20
"""Of moving the centres of regions to the middle of their documents."""
LEAST_SHARE = 0.15
"""Of a region's documents that a word of it must be in."""
WORDS = 2
_TRIED = 12
"""Words of a region for which a written form is looked for, in so many documents near its centre."""

Matrix = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Region:
    """`words` say what the `documents` around (x, y) are about; there may be none."""

    x: float
    y: float
    documents: int
    words: tuple[str, ...]


def name_regions(
    snapshot: Snapshot, segments: npt.NDArray[np.uint32], rows: npt.NDArray[np.uint32], places: Matrix
) -> tuple[Region, ...]:
    """The regions of documents at `places` (n, 2), which are the `rows` of `segments` (n,); largest first."""
    centres, of = _clustered(places, max(2, min(MOST_REGIONS, len(places) // 40)))
    terms = _frequent_terms(snapshot, segments, rows, of, len(centres))
    regions = []
    for number, centre in enumerate(centres):
        members = np.flatnonzero(of == number)
        near = members[np.argsort(((places[members] - centre) ** 2).sum(axis=1), kind="stable")][:_TRIED]
        doc_ids = [snapshot.segments[segments[i]].lexical.doc_id(int(rows[i])) for i in near.tolist()]
        words = _written(snapshot, doc_ids, terms[number])
        regions.append(Region(float(centre[0]), float(centre[1]), len(members), words))
    return tuple(sorted(regions, key=lambda region: (-region.documents, region.x)))


def _clustered(places: Matrix, count: int) -> tuple[Matrix, Numbers]:
    """Centres (count, 2) and the number of each place's centre (n,), by k-means from places that lie far apart."""
    chosen = [int(((places - places.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    distances = ((places - places[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, ((places - places[chosen[-1]]) ** 2).sum(axis=1))
    centres = places[chosen].astype(np.float64)
    of = np.zeros(len(places), np.int64)
    for _ in range(ROUNDS):
        of = ((places[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        sizes = np.bincount(of, minlength=count)
        for axis in (0, 1):
            sums = np.bincount(of, places[:, axis], count)
            centres[:, axis] = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres[:, axis])
    return centres.astype(np.float32), of


def _frequent_terms(
    snapshot: Snapshot,
    segments: npt.NDArray[np.uint32],
    rows: npt.NDArray[np.uint32],
    of: Numbers,
    count: int,
) -> list[list[str]]:
    """The best terms of each region: their share of its documents, times the log of how often that is the usual."""
    within: list[dict[str, float]] = [{} for _ in range(count)]
    overall: dict[str, float] = {}
    if not snapshot.schema.text_fields:
        return [[] for _ in range(count)]
    for number, segment in enumerate(snapshot.segments):
        mine = segments == number
        if not mine.any():
            continue
        region = np.full(segment.rows, -1, np.int64)
        region[rows[mine]] = of[mine]
        terms = SegmentTerms(segment.lexical, region >= 0, range(snapshot.schema.text_columns))
        ids, owners = [], []
        first = 0
        for block in terms.blocks():
            ids.append(block.ids.astype(np.int64))
            owners.append(np.repeat(region[first : first + len(block)], np.diff(block.offsets)))
            first += len(block)
        _add_counts(terms, np.concatenate(ids), np.concatenate(owners), within, overall)
    sizes = np.bincount(of, minlength=count)
    return [_best(within[i], overall, int(sizes[i]), len(rows)) for i in range(count)]


def _add_counts(
    terms: SegmentTerms, ids: Numbers, owners: Numbers, within: list[dict[str, float]], overall: dict[str, float]
) -> None:
    """Add how many documents of each region, and of all, have each of the frequent terms of a segment."""
    distinct, numbers = np.unique(ids, return_inverse=True)
    everywhere = np.bincount(numbers, minlength=len(distinct))
    by_region = [np.bincount(numbers[owners == region], minlength=len(distinct)) for region in range(len(within))]
    wanted = np.unique(
        np.concatenate([np.argsort(-counts, kind="stable")[:200] for counts in by_region if counts.any()])
    )
    names = terms.terms(distinct[wanted])
    for name, place in zip(names, wanted.tolist(), strict=True):
        overall[name] = overall.get(name, 0) + int(everywhere[place])
        for region, counts in enumerate(by_region):
            if counts[place]:
                within[region][name] = within[region].get(name, 0) + int(counts[place])


def _best(counts: dict[str, float], overall: dict[str, float], size: int, documents: int) -> list[str]:
    scored = []
    for term, count in counts.items():
        share, usual = count / max(size, 1), overall[term] / documents
        if share >= LEAST_SHARE and share > 2 * usual and len(term) > 2 and not term.isdigit():
            scored.append((-share * np.log(share / usual), term))
    return [term for _, term in sorted(scored)[:_TRIED]]


def _written(snapshot: Snapshot, doc_ids: list[str], terms: list[str]) -> tuple[str, ...]:
    """The first terms that the documents nearest the centre have, as they are written there, in small letters."""
    forms: dict[str, str] = {}
    for doc_id in doc_ids:
        for term, form in as_written(snapshot, doc_id, terms).items():
            forms.setdefault(term, form.lower())
    return tuple(forms[term] for term in terms if term in forms)[:WORDS]
