"""The base of all tenant tables: a vendor, keys that name it on both sides, a manager that filters by it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from portal.tenancy.constraints import Rows, row_security
from portal.tenancy.scope import All, current_scope, current_vendor_id


def array_of(ids: Iterable[int]) -> str:
    """The ids as one parameter, for `= any(%s::bigint[])`."""
    return "{" + ",".join(map(str, ids)) + "}"


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    """`partner_id__among=ids`: however many ids, as one parameter.

    Django's `in` makes a parameter of each: with a channel manager's 2,000 partners, putting the statement
    together took longer than running it.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = any(%s::bigint[])", (*parameters, array_of(self.rhs))


class TenantManager(models.Manager[Any]):
    """Adds the scope's vendor (and a partner person's partners) as ordinary filters.

    Row security alone would give the same rows; the filters give the planner exact estimates and
    stand as a second fence. Without a scope nothing is added: the database then shows no rows.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset()
        scope = current_scope()
        if scope is None or scope.vendor_id is None:
            return rows
        rows = rows.filter(vendor_id=scope.vendor_id)
        column = _partner_column(self.model)
        if not column or isinstance(scope.partner_ids, All) or scope.staff:
            return rows
        return rows.filter(**{f"{column}__among": scope.partner_ids})


def _partner_column(model: type[models.Model]) -> str:
    """The partner column to filter on; '' where the policy also shows rows of no partner, or one's own."""
    security = row_security(model)
    if security is None or security.rows not in (Rows.PARTNER, Rows.BOOKS) or security.own:
        return ""
    return security.partner


class TenantKey(models.ForeignKey[Any, Any]):
    """A foreign key between tenant tables.

    Its constraint is composite, `(vendor_id, x_id) -> (vendor_id, id)`: a plain one would accept another
    vendor's row. `portal.postgres.schema` writes it, so the model it points to needs a unique key of both.
    """

    leads_with_vendor = True

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_index"] = False  # indexes of tenant tables lead with the vendor and are declared by name
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_index", None)
        return name, path, args, kwargs


class PersonKey(models.ForeignKey[Any, Any]):
    """A person. People outlive what they did, belong to several vendors, and are not looked up backwards."""

    def __init__(
        self, to: Any = settings.AUTH_USER_MODEL, on_delete: Any = models.PROTECT, **kwargs: Any
    ) -> None:
        kwargs.setdefault("related_name", "+")
        kwargs["db_index"] = False  # indexes of tenant tables lead with the vendor and are declared by name
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, {**kwargs, "db_index": False}


class TenantOneToOne(models.OneToOneField[Any, Any]):
    """The same where there is at most one; its own unique key is beside the vendor's."""

    leads_with_vendor = True


class TenantModel(models.Model):
    """A row of one vendor; the vendor is taken from the scope when it is not given."""

    #: Rows are added and read, and never changed: the application's role has no right to.
    append_only: ClassVar[bool] = False

    vendor = models.ForeignKey(
        "portal.Vendor",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        db_index=False,  # every index of a tenant table leads with the vendor already
        default=current_vendor_id,
    )

    objects = TenantManager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """As Django does, but a key that is taken is told at the last of its fields, not for the whole row.

        Keys lead with the vendor, so to Django every one of them concerns several fields.
        """
        errors: dict[str, list[ValidationError]] = {}
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self, exclude=exclude)
                except ValidationError as error:
                    fields = getattr(constraint, "fields", ())
                    errors.setdefault(fields[-1] if fields else NON_FIELD_ERRORS, []).append(error)
        if errors:
            raise ValidationError(errors)


class Retirable(models.Model):
    """What may be taken out of use: no longer offered for anything new, while what has it keeps it.

    A region whose partners have all left cannot be deleted: scorecards of earlier days still read it.
    """

    is_active = models.BooleanField(
        "in use",
        default=True,
        db_default=True,
        help_text="Switched off, it is no longer offered. What has it keeps it, and past days stay.",
    )

    class Meta:
        abstract = True


def in_use(rows: models.QuerySet[Any], *kept: Any) -> models.QuerySet[Any]:
    """Those offered for a choice: the ones in use, and `kept` (their ids), which are chosen already."""
    return rows.filter(models.Q(is_active=True) | models.Q(pk__in=[pk for pk in kept if pk]))
