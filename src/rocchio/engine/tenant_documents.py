"""Documents on their way in, with the tenants that shall see them."""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa

from rocchio.engine.records import to_records
from rocchio.storage.tenancy import TENANTS_FIELD, check_tenant

Records: TypeAlias = list[dict[str, Any]] | pa.RecordBatch


class OtherTenants:
    """Stands for tenants that a handle of one tenant may not give a document. Prints them."""

    def __init__(self, tenant: str, found: Any) -> None:
        self._tenant, self._found = tenant, found

    def __repr__(self) -> str:
        return f"{self._found!r} in a handle of {self._tenant!r}"


def with_tenants(records: Records, tenants: list[str]) -> Records:
    """The documents, those that do not say who sees them with `tenants`."""
    if isinstance(records, pa.RecordBatch):
        if TENANTS_FIELD in records.schema.names:
            return records
        column = pa.array([tenants] * records.num_rows, pa.list_(pa.string()))
        return records.append_column(TENANTS_FIELD, column)
    return [
        {**record, TENANTS_FIELD: tenants} if isinstance(record, dict) and record.get(TENANTS_FIELD) is None else record
        for record in records
    ]


def of_tenant(records: Records, tenant: str) -> Records:
    """The documents as those of one tenant; what names others cannot be stored."""
    check_tenant(tenant)
    if isinstance(records, pa.RecordBatch):
        if TENANTS_FIELD not in records.schema.names:
            return with_tenants(records, [tenant])
        records = to_records(records)
    return [
        {**record, TENANTS_FIELD: _only(record.get(TENANTS_FIELD), tenant)} if isinstance(record, dict) else record
        for record in records
    ]


def _only(given: Any, tenant: str) -> Any:
    return [tenant] if given in (None, tenant, [tenant], (tenant,)) else OtherTenants(tenant, given)
