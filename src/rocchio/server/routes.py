"""The routes of collections and documents."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

import rocchio
from rocchio.analysis import preset_name
from rocchio.engine.collection import Collection
from rocchio.engine.encoding import vector
from rocchio.engine.opening import verify_folder
from rocchio.errors import LimitExceeded, RocchioError
from rocchio.server import models
from rocchio.server.answers import PROBLEMS, body_of, json_answer
from rocchio.server.body import check_media_type, read_body
from rocchio.server.ingest import Ingest, IngestResponse
from rocchio.server.state import caller_of, served_for, state_of
from rocchio.server.tenants import ALL_TENANTS, ServedTo, document_count
from rocchio.storage.schema import Field, boolean, date, keyword, number, sparse, text

router = APIRouter(responses=PROBLEMS)


@router.get("/collections", tags=["collections"], responses={200: {"model": models.CollectionsAnswer}})
async def list_collections(request: Request) -> Response:
    """The collections of this server."""
    caller = caller_of(request)
    caller.need("read")
    state = state_of(request)
    catalogue = state.catalogue
    found: list[dict[str, Any]] = []
    for name in await state.in_reader(catalogue.names):
        try:
            served = await state.in_reader(catalogue.get, name)
            documents = await state.in_reader(document_count, served.col, caller.scope)
        except RocchioError:
            documents = None
        if documents is not None or caller.tenant is None:  # a tenant is told of what is theirs
            found.append({"name": name, "documents": documents})
    return json_answer({"collections": found})


@router.post(
    "/collections",
    tags=["collections"],
    status_code=201,
    responses={201: {"model": models.CollectionAnswer}},
    openapi_extra=body_of(models.CreateBody),
)
async def create_collection(request: Request) -> Response:
    """Create an empty collection. Needs the role admin."""
    caller_of(request).need_all_tenants("admin")
    state = state_of(request)
    body = await read_body(request, models.CreateBody, state.limits)
    fields = {name: _field(given) for name, given in body.fields.items()}
    served = await state.in_reader(state.catalogue.create, body.name, fields, body.analyzer, body.tenants)
    return json_answer(_about(ServedTo(served, ALL_TENANTS)), 201)


@router.get("/collections/{name}", tags=["collections"], responses={200: {"model": models.CollectionAnswer}})
async def collection_info(request: Request, name: str) -> Response:
    """Counts, sizes, fields and segments."""
    served = served_for(request, name, "read")
    return json_answer(await state_of(request).in_reader(_about, served))


@router.post("/collections/{name}/verify", tags=["collections"], responses={200: {"model": models.VerifyAnswer}})
async def verify_collection(request: Request, name: str) -> Response:
    """Read every byte and check it. Needs the role admin; takes as long as reading the files takes."""
    caller_of(request).need_all_tenants("admin")
    state = state_of(request)
    folder = state.catalogue.folder(name)
    report = await state.in_reader(verify_folder, folder, lambda _done, _total: None)
    for problem in report.problems:
        state.log.event("damage", collection=name, text=str(problem))
    answer = {member: getattr(report, member) for member in models.VerifyAnswer.model_fields}
    return json_answer(answer | {"problems": len(report.problems)})


@router.post(
    "/collections/{name}/documents",
    tags=["documents"],
    responses={200: {"model": models.WrittenAnswer}},
    openapi_extra=body_of(models.DocumentsBody),
)
async def write_documents(request: Request, name: str) -> Response:
    """Write a batch of documents, all of them or none; durable when the answer is there. Needs the role write."""
    served, limits = served_for(request, name, "write"), state_of(request).limits
    body = await read_body(request, models.DocumentsBody, limits)
    if len(body.documents) > limits.documents:
        raise LimitExceeded(
            f"expected at most {limits.documents:,} documents, found {len(body.documents):,}; "
            "send many to the ingest route"
        )
    done = await served.apply(lambda col: _write(col, body))
    answer = {"written": done.result.added, "replaced": done.result.replaced, "generation": done.generation}
    return json_answer(answer)


@router.post(
    "/collections/{name}/documents/delete",
    tags=["documents"],
    responses={200: {"model": models.DeletedAnswer}},
    openapi_extra=body_of(models.DeleteBody),
)
async def delete_documents(request: Request, name: str) -> Response:
    """Delete documents; doc_ids that are not there are ignored. Needs the role write."""
    served = served_for(request, name, "write")
    body = await read_body(request, models.DeleteBody, state_of(request).limits)
    done = await served.apply(lambda col: col.delete(body.doc_ids))
    return json_answer({"deleted": done.result, "generation": done.generation})


@router.post(
    "/collections/{name}/ingest",
    tags=["documents"],
    responses={
        200: {
            "description": "Acknowledgements as JSON Lines: totals of what is durable, errors by line. The last line "
            "has done: true, or a problem.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "example": '{"doc_id": "a1", "text": "relevance feedback"}\n{"doc_id": "a2", "text": "okapi"}\n',
                }
            },
        }
    },
)
async def ingest_documents(request: Request, name: str) -> Response:
    """Upsert JSON Lines of any length. Each batch is committed before it is acknowledged. Needs the role write."""
    served, state = served_for(request, name, "write"), state_of(request)
    check_media_type(request, "application/x-ndjson", "application/jsonl", "application/json-lines")
    ingest = Ingest(request, served, state.limits, lambda: state.stopping)
    counter = state.metrics.ingested.labels(served.name)
    return IngestResponse(ingest, state.limits.body_s, counter.inc)


@router.get("/collections/{name}/documents/{doc_id:path}", tags=["documents"],
            responses={200: {"model": models.DocumentAnswer}})  # fmt: skip
async def get_document(request: Request, name: str, doc_id: str) -> Response:
    """The stored fields of a document, without its vectors."""
    served = served_for(request, name, "read")
    fields = await state_of(request).in_reader(lambda: served.snapshot().get(doc_id))
    return json_answer({"doc_id": doc_id, "fields": fields})


@router.delete("/collections/{name}/documents/{doc_id:path}", tags=["documents"],
               responses={200: {"model": models.DeletedAnswer}})  # fmt: skip
async def delete_document(request: Request, name: str, doc_id: str) -> Response:
    """Delete one document; one that is not there is ignored. Needs the role write."""
    served = served_for(request, name, "write")
    done = await served.apply(lambda col: col.delete(doc_id))
    return json_answer({"deleted": done.result, "generation": done.generation})


def _write(col: Collection, body: models.DocumentsBody) -> Any:
    return (col.add if body.mode == "add" else col.upsert)(body.documents)


def _field(given: models.FieldBody) -> Field:
    """Raises InvalidArgument for settings that the kind does not have."""
    settings = {name: value for name, value in given if name != "kind" and value is not None}
    make: Any = {
        "text": text,
        "keyword": keyword,
        "number": number,
        "date": date,
        "bool": boolean,
        "sparse": sparse,
        "vector": vector,
    }[given.kind]
    try:
        field: Field = make(**settings)
    except TypeError as error:
        names = ", ".join(settings) or "none"
        raise rocchio.errors.InvalidArgument(
            f"expected settings that a {given.kind} field has, found {names}"
        ) from error
    return field


def _about(served: ServedTo) -> dict[str, Any]:
    """`Collection.info` without the place on the server's disk; for a tenant, what is theirs."""
    if not served.is_whole:
        snapshot, schema = served.snapshot(), served.served.col.schema
        fields = {name: str(field) for name, field in schema.fields.items()}
        about = {"documents": len(snapshot), "generation": snapshot.manifest.generation, "fields": fields}
        return {"name": served.name, "analyzer": preset_name(schema.analyzer) or schema.analyzer, **about}
    about = served.served.col.info().to_dict()
    del about["path"]
    return {"name": served.name, **about}
