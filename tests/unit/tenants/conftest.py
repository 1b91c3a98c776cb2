"""A collection of two tenants, whose secrets are words that stand nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rocchio
from rocchio.engine.collection import Collection

FIELDS = {
    "title": rocchio.text(),
    "text": rocchio.text(),
    "year": rocchio.number(integer=True),
    "tags": rocchio.keyword(),
    "v": rocchio.vector(2),
    "s": rocchio.sparse(scale=1.0),
}


def document(doc_id: str, secret: str, *tenants: str, year: int = 2000) -> dict[str, Any]:
    number = sum(map(ord, doc_id))
    return {
        "doc_id": doc_id,
        "title": f"report {secret}",
        "text": f"quarterly report about {secret} and flow",
        "year": year,
        "tags": [secret],
        "v": [1.0, number % 7 + 1.0],
        "s": {"report": 1.0, secret: 2.0},
        "_tenants": list(tenants),
    }


DOCUMENTS = [
    *(document(f"a{number}", f"apricot{number}", "acme", year=2000 + number) for number in range(5)),
    *(document(f"b{number}", f"bramble{number}", "beta", year=2000 + number) for number in range(4)),
    document("ab", "cherry", "acme", "beta"),
]
SECRETS = ("bramble", "b0", "b1", "b2", "b3", "beta")
"""What a user of acme must never read, in any answer."""


@pytest.fixture(params=["tenant", "global"])
def statistics(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def col(tmp_path: Path, statistics: str) -> Iterator[Collection]:
    with rocchio.create(
        tmp_path / "c.rocchio", fields=FIELDS, analyzer="whitespace", tenants=f"tenants(statistics={statistics})"
    ) as col:
        for part in (DOCUMENTS[:4], DOCUMENTS[4:]):
            col.add(part)
            col.commit()
        for tenant, secret in (("acme", "apricot1"), ("beta", "bramble1")):
            shown = ["ab", f"{tenant[0]}1"]
            col.for_tenant(tenant).log_clicks(
                {"session": f"of {tenant}", "query": f"report {secret}", "shown": shown, "clicked": [1, 2]}
            )
            col.for_tenant(tenant).precompute("bm25 >> bm25")
        yield col
