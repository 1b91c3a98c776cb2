"""Who sees what of a multi-tenant collection. The routes are for keys with the role admin that are of no tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from rocchio.engine.collection import Collection
from rocchio.engine.tenant_management import TenantDeletion
from rocchio.engine.tenant_writing import GrantSummary
from rocchio.errors import LimitExceeded
from rocchio.server import models
from rocchio.server.answers import PROBLEMS, body_of, json_answer
from rocchio.server.body import read_body
from rocchio.server.state import caller_of, served_for, state_of
from rocchio.server.tenants import ServedTo

router = APIRouter(prefix="/collections/{name}/tenants", tags=["tenants"], responses=PROBLEMS)


@router.get("", responses={200: {"model": models.TenantsAnswer}})
async def list_tenants(request: Request, name: str) -> Response:
    """The tenants of a multi-tenant collection with how many documents each sees. Needs the role admin."""
    served = _served(request, name)
    counts = await state_of(request).in_reader(served.served.col.tenants)
    return json_answer({"tenants": counts})


@router.post("/{tenant}/grant", responses={200: {"model": models.GrantAnswer}}, openapi_extra=body_of(models.GrantBody))
async def grant(request: Request, name: str, tenant: str) -> Response:
    """Let a tenant see documents; durable when the answer is there. Needs the role admin."""
    return await _change(request, name, lambda col, doc_ids: col.grant(doc_ids, tenant))


@router.post(
    "/{tenant}/revoke", responses={200: {"model": models.GrantAnswer}}, openapi_extra=body_of(models.GrantBody)
)
async def revoke(request: Request, name: str, tenant: str) -> Response:
    """Let a tenant see documents no more; durable when the answer is there. Needs the role admin."""
    return await _change(request, name, lambda col, doc_ids: col.revoke(doc_ids, tenant))


@router.delete("/{tenant}", responses={200: {"model": models.TenantDeletionAnswer}})
async def delete_tenant(request: Request, name: str, tenant: str) -> Response:
    """Delete a tenant: documents that only they see, their sight of others, their clicks. Needs the role admin."""
    served = _served(request, name)
    done = await served.apply(lambda col: _deleted(col, tenant))
    answer = {member: getattr(done.result, member) for member in models.TenantDeletionAnswer.model_fields}
    return json_answer(answer | {"remaining": len(done.result.remaining)})


def _served(request: Request, name: str) -> ServedTo:
    caller_of(request).need_all_tenants("admin")
    return served_for(request, name, "admin")


async def _change(request: Request, name: str, change: Callable[[Collection, list[str]], GrantSummary]) -> Response:
    served, limits = _served(request, name), state_of(request).limits
    body = await read_body(request, models.GrantBody, limits)
    if len(body.doc_ids) > limits.granted:
        raise LimitExceeded(
            f"expected at most {limits.granted:,} doc_ids, found {len(body.doc_ids):,}; send them in parts"
        )
    done = await served.apply(lambda col: _changed(col, body.doc_ids, change))
    return json_answer(asdict(done.result))


def _changed(
    col: Collection, doc_ids: list[str], change: Callable[[Collection, list[str]], GrantSummary]
) -> GrantSummary:
    """A commit of its own, after the changes that came before."""
    col.commit()
    return change(col, doc_ids)


def _deleted(col: Collection, tenant: str) -> TenantDeletion:
    col.commit()
    return col.delete_tenant(tenant)
