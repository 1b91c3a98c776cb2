"""The bodies of requests and answers: checked on the way in, described in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A request's body: no unknown members, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Packed(Body):
    """A vector as base64 of its little-endian numbers: no decimal digits to print and parse."""

    base64: str
    dtype: Literal["float32", "float16"] = "float32"


VectorValue: TypeAlias = list[float] | Packed | str | None
"""Numbers, or a text where the field has an encoder; null keeps the field's place in a fusion."""
Weights: TypeAlias = dict[str, float]


class QueryBody(Body):
    """One query: a text, or {term: weight} as indexed, vectors by field, sparse weights by field; or several of them,
    whose answers are fused."""

    text: str | None = None
    terms: Weights | None = None
    vectors: dict[str, VectorValue] | None = None
    sparse: dict[str, Weights | None] | None = None


class Options(Body):
    """What a search may be told beside its query; see `rocchio.SearchOptions`."""

    k: Annotated[int, Field(ge=1, description="Number of results.")] = 10
    field: str | list[str] | dict[str, float] | None = Field(
        None, description="Text fields to search (a name, names, or boosts by name), or a sparse or vector field."
    )
    scoring: str | None = Field(None, description="Like bm25(k1=0.9, b=0.4).")
    fusion: str | None = Field(None, description="Like znorm(0.4, 0.6); for queries of several parts.")
    depth: int | None = None
    recall: float | None = None
    min_score: float | None = None
    alpha: float | None = None
    query_cut: int | None = None
    plan: str | None = Field(None, description="Like bm25 >> rm3 >> bm25.")
    where: str | None = Field(None, description="A filter like year >= 2020 AND lang IN ('en', 'de').")


class SearchBody(QueryBody, Options):
    """One search. Marks (`relevant`, `not_relevant`) are for a plan with feedback."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"text": "relevance feedback", "k": 5, "fields": ["title"], "highlight": True},
                {"terms": {"feedback": 1.0, "rank": 0.4}},
                {"text": "relevance feedback", "where": "year >= 1971 AND year < 2000"},
                {"text": "wing flutter", "plan": "bm25 >> rocchio >> bm25", "relevant": ["a2"], "not_relevant": ["a4"]},
                {"text": "wing flutter", "plan": "bm25 >> rm3 >> bm25", "trace": True},
                {"text": "wing flutter", "vectors": {"v": [0.1, 0.2, 0.3]}, "fusion": "rrf(k=60)"},
            ]
        },
    )

    relevant: list[str] | None = None
    not_relevant: list[str] | None = None
    fields: bool | list[str] = Field(False, description="Stored fields to return with each hit: all, or these.")
    highlight: bool = Field(False, description="Return a snippet of each text field, with the query's words marked.")
    passage: bool = Field(False, description="Return the passage that each hit was found by, where texts are split.")
    explain: bool = Field(False, description="Return why each hit has its score.")
    trace: bool = Field(False, description="Return what each step of the plan took and did.")


class BatchBody(Options):
    """Many searches with the same options. Marks are by query id, which is the position unless `query_ids` say."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"queries": [{"text": "relevance feedback"}, {"text": "okapi"}], "k": 100}]},
    )

    queries: Annotated[list[QueryBody | str], Field(min_length=1)]
    where: str | list[str | None] | None = Field(  # type: ignore[assignment]  # wider than of one search
        None, description="A filter for all queries, or a list with one, or null, for each."
    )
    query_ids: list[str] | None = None
    relevant: dict[str, list[str]] | None = None
    not_relevant: dict[str, list[str]] | None = None


class ExplainBody(QueryBody):
    """Why a document has its score for a query."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "relevance feedback", "doc_id": "a1"}]},
    )

    doc_id: str
    field: str | list[str] | dict[str, float] | None = None
    scoring: str | None = None
    fusion: str | None = None
    depth: int | None = None
    where: str | None = None


class ExperimentBody(Body):
    """Plans side by side on judged queries, the first as baseline. Grades by doc_id by query id; 0 is not relevant."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "plans": ["bm25", "bm25 >> rm3 >> bm25"],
                    "queries": {"q1": "wing flutter"},
                    "qrels": {"q1": {"a1": 1, "a2": 0}},
                    "measures": "AP nDCG@10",
                }
            ]
        },
    )

    plans: Annotated[list[str] | dict[str, str], Field(min_length=1)]
    queries: Annotated[dict[str, str], Field(min_length=1)]
    qrels: dict[str, dict[str, int]]
    measures: str = "AP nDCG@10 R@100"
    depth: Annotated[int, Field(ge=1)] = 1000
    feedback_quality: bool = Field(
        False, description="Also run plans with strong, moderate and weak feedback drawn from the judgements."
    )
    name: str | None = Field(
        None, description="Keep the result under this name until the server stops; needs the role write."
    )


class Impression(Body):
    """What a user saw and clicked: `clicked` are ranks in `shown`, from 1; `time` is ISO 8601, now if left out."""

    session: str
    query: str
    shown: list[str]
    clicked: list[int]
    time: str | None = None


class ClicksBody(Body):
    """Impressions for the click log, all of them or none."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"impressions": [{"session": "s1", "query": "flutter", "shown": ["a1", "a2"], "clicked": [2]}]}
            ]
        },
    )

    impressions: Annotated[list[Impression], Field(min_length=1)]


class CountBody(Body):
    """Which documents to count: those that satisfy a filter, or all."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"where": "year >= 1971"}]})

    where: str | None = None


class DocumentsBody(Body):
    """Documents that are written as a whole: all of them or, after an error, none."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"documents": [{"doc_id": "a1", "text": "relevance feedback"}]}]},
    )

    documents: Annotated[list[dict[str, Any]], Field(min_length=1)]
    mode: Literal["upsert", "add"] = Field("upsert", description="add refuses a doc_id that is there already.")


class DeleteBody(Body):
    """Documents to delete."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"doc_ids": ["a1", "a2"]}]})

    doc_ids: Annotated[list[str], Field(min_length=1)]


class GrantBody(Body):
    """Documents that a tenant is to see, or to see no more."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"doc_ids": ["a1", "a2"]}]})

    doc_ids: Annotated[list[str], Field(min_length=1)]


class FieldBody(Body):
    """A field's kind and its settings, as the functions rocchio.text, rocchio.vector, ... take them."""

    kind: Literal["text", "keyword", "number", "date", "bool", "sparse", "vector"]
    boost: float | None = None
    integer: bool | None = None
    scale: float | None = None
    dim: int | None = None
    metric: Literal["cosine", "ip", "l2"] | None = None
    dtype: Literal["float32", "float16"] | None = None


class CreateBody(Body):
    """A new collection."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"name": "papers", "fields": {"title": {"kind": "text", "boost": 2.0}, "text": {"kind": "text"}}}
            ]
        },
    )

    name: str
    fields: Annotated[dict[str, FieldBody], Field(min_length=1)]
    analyzer: str = "english"
    tenants: str | None = Field(None, description="Like tenants(statistics=tenant), for a multi-tenant collection.")


class Snippet(BaseModel):
    """A piece of a text field; `marks` are (start, end) in characters (Unicode code points) of `text`."""

    text: str
    marks: list[tuple[int, int]]


class PassageAnswer(BaseModel):
    """A passage: `text` is fields[field][start:end], in characters (Unicode code points)."""

    field: str
    text: str
    start: int
    end: int


class HitAnswer(BaseModel):
    """One document that was found."""

    doc_id: str
    score: float
    fields: dict[str, Any] | None = None
    snippets: dict[str, Snippet] | None = None
    passage: PassageAnswer | None = None
    why: dict[str, Any] | None = None


class StepAnswer(BaseModel):
    """A step of a plan: how long it took, for how many results; k is null where queries are refined; a shared step had
    been run for another part of the plan."""

    step: str
    seconds: float
    queries: int
    k: int | None
    note: str
    shared: bool


class TraceAnswer(BaseModel):
    """The steps of a plan in the order in which they were run, and the terms that it searched with in the end."""

    steps: list[StepAnswer]
    seconds: float
    terms: dict[str, float]


class SearchAnswer(BaseModel):
    """Hits, best first, and the generation of the collection that was searched."""

    hits: list[HitAnswer]
    generation: int
    trace: TraceAnswer | None = None


class ResultAnswer(BaseModel):
    """The answer to one query of a batch, in columns."""

    query_id: str
    doc_ids: list[str]
    scores: list[float]


class BatchAnswer(BaseModel):
    """The answers to a batch, in its order."""

    results: list[ResultAnswer]
    generation: int


class ExperimentAnswer(BaseModel):
    """What an experiment found: `runs` with means and the values of each query, `comparison` against the first."""

    plans: dict[str, str]
    runs: list[dict[str, Any]]
    comparison: dict[str, Any] | None
    seconds: dict[str, float]
    generation: int


class ExperimentsAnswer(BaseModel):
    """Names of the experiments that are kept, the oldest first."""

    experiments: list[str]


class ClicksAnswer(BaseModel):
    """How many impressions are in the log now."""

    logged: int
    generation: int


class CountAnswer(BaseModel):
    """How many documents there are."""

    count: int
    generation: int


class WrittenAnswer(BaseModel):
    """What became of a change, which is durable."""

    written: int
    replaced: int
    generation: int


class DeletedAnswer(BaseModel):
    """How many of the documents were there, and are no more."""

    deleted: int
    generation: int


class TenantsAnswer(BaseModel):
    """How many documents each tenant sees."""

    tenants: dict[str, int]


class GrantAnswer(BaseModel):
    """What became of the documents of a grant or a revoke, which is durable; see `rocchio.GrantSummary`."""

    tenant: str
    changed: int
    unchanged: int
    missing: int
    missing_ids: list[str]
    generation: int


class TenantDeletionAnswer(BaseModel):
    """What became of a tenant; `remaining` counts the files that still hold something of theirs."""

    tenant: str
    documents: int
    shared: int
    clicks: int
    remaining: int
    generation: int


class DocumentAnswer(BaseModel):
    """A stored document, without its vectors."""

    doc_id: str
    fields: dict[str, Any]


class CollectionAnswer(BaseModel):
    """Counts and settings of a collection; see `rocchio info`."""

    model_config = ConfigDict(extra="allow")

    name: str
    documents: int
    generation: int
    analyzer: str
    fields: dict[str, str]


class CollectionsAnswer(BaseModel):
    """The collections of this server; `documents` is null for one that cannot be opened."""

    collections: list[dict[str, Any]]


class VerifyAnswer(BaseModel):
    """Whether every byte is as it was written. `problems` counts the damage; the server's log has the places."""

    ok: bool
    generation: int
    documents: int
    files: int
    size_bytes: int
    problems: int


class ProblemAnswer(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


class StatusAnswer(BaseModel):
    """Of a health check."""

    status: str


REQUESTS: tuple[type[Body], ...] = (
    SearchBody,
    BatchBody,
    ExplainBody,
    ExperimentBody,
    ClicksBody,
    CountBody,
    DocumentsBody,
    DeleteBody,
    GrantBody,
    CreateBody,
)
