"""Reads of cmi5 registrations, units and sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from enablement.cmi5.models import Cmi5Registration, Cmi5Session, Cmi5Unit
from enablement.courses.models import Enrolment, Module
from enablement.packages.manifest import Part
from enablement.packages.selectors import parts_of


@dataclass(frozen=True, slots=True)
class Line:
    """A unit of a package and where its learner stands; `unit` is None before the first launch."""

    position: int
    part: Part
    unit: Cmi5Unit | None


def registration_of(enrolment: Enrolment, module: Module) -> Cmi5Registration | None:
    rows = Cmi5Registration.objects.select_related("package")
    found: Cmi5Registration | None = rows.filter(enrolment=enrolment, module=module).first()
    return found


def lines_of(parts: Sequence[Part], registration: Cmi5Registration | None) -> list[Line]:
    rows = Cmi5Unit.objects.filter(registration=registration) if registration else []
    units = {unit.position: unit for unit in rows}
    return [Line(number, part, units.get(number)) for number, part in enumerate(parts, start=1)]


def part_at(registration: Cmi5Registration, position: int) -> Part:
    return parts_of(registration.package)[position - 1]


def open_sessions(registration: Cmi5Registration) -> QuerySet[Cmi5Session]:
    rows = Cmi5Session.objects.filter(registration=registration, terminated_at=None, abandoned_at=None)
    return rows.select_related("registration__package").order_by("pk")


def ours(registrations: Iterable[UUID]) -> set[UUID]:
    """Which of these registrations are of launches of this portal."""
    rows = Cmi5Registration.objects.filter(registration__in=set(registrations))
    return set(rows.values_list("registration", flat=True))


def under_way(partner_id: int) -> list[Cmi5Registration]:
    """Registrations of a partner's people whose package is not through, each with how many units are."""
    rows = Cmi5Registration.objects.filter(partner=partner_id, enrolment__completed_at=None)
    rows = rows.filter(enrolment__left_at=None).select_related("user", "enrolment__course", "module")
    counted = rows.annotate(
        unit_count=Count("units"),
        done_count=Count("units", filter=Q(units__satisfied_at__isnull=False)),
    )
    return [one for one in counted if one.done_count < one.unit_count]
