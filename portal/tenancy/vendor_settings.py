"""The vendor's own settings: who changes them, and what holds one of them in place."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from portal.events.log import record
from portal.money.models import ExchangeRate
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

#: Fields a program admin may change. Address and hosts belong to whoever runs the platform.
SETTINGS = (
    "name", "time_zone", "currency", "fiscal_year_start", "colour", "support_email", "requires_second_factor",
    "protection_days", "decision_hours", "lead_answer_hours", "lead_contact_hours",
    "suspended_partners_read", "ended_partners_read_days",
)  # fmt: skip

#: Asked under the vendor's scope: does this app keep amounts in the vendor's currency?
_money_kept: list[Callable[[], bool]] = []


def keeps_money(check: Callable[[], bool]) -> None:
    """Register an app that keeps amounts; while one says yes, the currency stays what it is."""
    if check not in _money_kept:
        _money_kept.append(check)


def currency_is_fixed() -> bool:
    """True once there are amounts or exchange rates: they would silently mean something else."""
    return ExchangeRate.objects.exists() or any(check() for check in _money_kept)


@transaction.atomic
def vendor_change(*, actor: Actor, changes: Mapping[str, Any]) -> Vendor:
    """Change the actor's vendor ({field: value}).

    PermissionDenied for all but program admins; ValidationError names the fields that cannot stand.
    """
    if not actor.is_admin:
        raise PermissionDenied("Only a program admin changes the vendor's settings.")
    unknown = changes.keys() - set(SETTINGS)
    if unknown:
        raise ValueError(f"no settings: {', '.join(sorted(unknown))}")
    vendor = Vendor.objects.select_for_update().get(pk=actor.vendor.pk)
    changed = {name: value for name, value in changes.items() if getattr(vendor, name) != value}
    if not changed:
        return vendor
    if "currency" in changed and currency_is_fixed():
        raise ValidationError({"currency": f"There are amounts in {vendor.currency} already."})
    for name, value in changed.items():
        setattr(vendor, name, value)
    vendor.full_clean()
    vendor.save(update_fields=list(changed))
    called = {field.name: str(field.verbose_name) for field in Vendor._meta.fields}
    data = {called[name]: str(value) for name, value in changed.items()}
    record("portal.vendor_changed", actor=actor, subject=vendor, data=data)
    return vendor
