"""Bodies of what the console asks beside searches; other clients may ask it too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rocchio.server.models import Body, SearchAnswer


class FacetsBody(Body):
    """What to count: documents that satisfy `where`, or of these the best `depth` for a query."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"where": "year >= 1971"}, {"text": "wing flutter", "fields": ["year"]}]},
    )

    text: str | None = None
    terms: dict[str, float] | None = None
    plan: str | None = None
    depth: Annotated[int, Field(ge=1, description="Best documents of the query that are counted.")] = 1000
    where: str | None = None
    fields: list[str] | None = Field(None, description="Keyword, number, date and bool fields; all unless given.")
    values: Annotated[int, Field(ge=1, le=1000, description="Most frequent values of a field.")] = 10


class FacetsAnswer(BaseModel):
    """Counts of `documents`; `complete` is false if the query has more than `depth` of them."""

    documents: int
    complete: bool
    fields: dict[str, dict[str, Any]]
    generation: int


class RefineBody(Body):
    """A query, and a plan with feedback whose weights are wanted. Marks as for a search."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"text": "wing flutter", "plan": "bm25 >> rocchio(most_share=1.0) >> bm25", "relevant": ["a2"]}
            ]
        },
    )

    text: str | None = None
    terms: dict[str, float] | None = None
    plan: str
    k: Annotated[int, Field(ge=1)] = 10
    where: str | None = None
    relevant: list[str] | None = None
    not_relevant: list[str] | None = None


class RefineAnswer(SearchAnswer):
    """Weights of terms `before` and `after` feedback, of sparse fields by name; `last` is the search they are for.

    `hits` are what the plan finds, `steps` what each step took, in milliseconds, and did.
    """

    before: dict[str, float]
    after: dict[str, float]
    sparse: dict[str, dict[str, dict[str, float]]]
    last: str
    steps: list[dict[str, Any]]


class MapBody(Body):
    """Which vectors place documents on the map: those of `field`, or of the first vector field, or of the words."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"most": 1000}]})

    field: str | None = None
    most: Annotated[int, Field(ge=3, le=20_000, description="Documents on the map.")] = 20_000


class MapAnswer(BaseModel):
    """How far the map is drawn, `done` from 0 to 1; when it is ready, the `map`.

    The map has `doc_ids`; `places`, two 16-bit numbers for each, and `neighbours`, `degree` 32-bit numbers for each, as
    base64 of little-endian numbers; `regions` with their words.
    """

    status: Literal["drawing", "ready"]
    done: float
    map: dict[str, Any] | None = None
    generation: int


REQUESTS: tuple[type[Body], ...] = (FacetsBody, RefineBody, MapBody)
