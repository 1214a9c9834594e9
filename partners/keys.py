from typing import Any

from django.db import models

from portal.tenancy.tables import TenantKey


class PartnerKey(TenantKey):
    """The partner a row is about; rows are looked up from it only where `related_name` says so."""

    def __init__(self, to: Any = "partners.Partner", on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("related_name", "+")
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "portal.tenancy.tables.TenantKey", args, kwargs
