"""Misconfiguration becomes a check with an id and a hint; `portal.E0xx` refuse to serve."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models

from portal.rows import TenantModel, row_security


def tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


@register(Tags.models)
def tenant_tables_are_walled(app_configs: Any = None, **_: Any) -> list[Error]:
    return [error for model in tenant_models() for error in _wall_errors(model)]


def _wall_errors(model: type[TenantModel]) -> Iterable[Error]:
    if row_security(model) is None:
        yield Error("no RowSecurity in Meta.constraints", obj=model, id="portal.E001")
    for field in model._meta.get_fields():
        if _points_to_tenant(field) and not getattr(field, "leads_with_vendor", False):
            yield Error(
                f"{field.name} is no TenantKey",
                hint="A plain foreign key accepts another vendor's row.",
                obj=model,
                id="portal.E002",
            )
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields[:1] != ("vendor",):
            yield Error(f"{constraint.name} does not lead with the vendor", obj=model, id="portal.E003")
    for index in model._meta.indexes:
        if _leading_column(index) != "vendor":
            yield Error(f"index {index.name} does not lead with the vendor", obj=model, id="portal.E004")


def _leading_column(index: models.Index) -> str:
    if index.fields:
        return index.fields[0]
    first = index.expressions[0]
    return getattr(getattr(first, "expression", first), "name", "")


def _points_to_tenant(field: Any) -> bool:
    is_key = isinstance(field, models.ForeignKey)
    return (
        is_key
        and isinstance(field.remote_field.model, type)
        and issubclass(field.remote_field.model, TenantModel)
    )


@register()
def driver_is_psycopg2(app_configs: Any = None, **_: Any) -> list[Error]:
    """Django silently prefers psycopg 3 where that is installed; everything was measured on psycopg2."""
    driver: str = connections["default"].Database.__name__  # type: ignore[attr-defined]
    if driver == "psycopg2":
        return []
    return [Error(f"the database driver is {driver}", hint="Uninstall psycopg 3.", id="portal.E011")]


@register(Tags.database)
def role_is_unprivileged(app_configs: Any = None, databases: Any = None, **_: Any) -> list[Error]:
    if not databases or "default" not in databases:
        return []
    problem = privileged_role()
    if not problem:
        return []
    hint = "DATABASE_URL must name a role that is no superuser, has no BYPASSRLS and owns no table."
    return [Error(problem, hint=hint, id="portal.E010")]


def refuse_privileged_role(**_: Any) -> None:
    """Stop a server or worker that could see past row security, before it serves anybody."""
    problem = privileged_role()
    connections["default"].close()
    if problem:
        raise ImproperlyConfigured(f"{problem}. DATABASE_URL must name the unprivileged role.")


def privileged_role() -> str:
    """Why the role of the default connection could see past row security; '' when it cannot."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select rolsuper, rolbypassrls, "
            "exists (select 1 from pg_class where relowner = r.oid and relkind in ('r', 'p', 'v', 'm')), "
            "exists (select 1 from pg_class c "
            "where c.relrowsecurity and pg_has_role(r.oid, c.relowner, 'member')) "
            "from pg_roles r where rolname = current_user"
        )
        superuser, bypass, owner, member = cursor.fetchone()
    if superuser:
        return "the database role is a superuser: row security does not bind it"
    if bypass:
        return "the database role has BYPASSRLS"
    if owner or member:
        return "the database role owns tables: row security does not bind an owner"
    return ""
