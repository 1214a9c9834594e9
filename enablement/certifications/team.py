"""The people of a partner and what each of them holds, and certificates about to end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from enablement.assignments.selectors import people_at
from enablement.certifications.models import SOON, Award, Certification
from enablement.certifications.selectors import in_force, newest_first
from partners.models import Partner, Seat


@dataclass(frozen=True, slots=True)
class Row:
    """A person and, in the order of the columns, the award that came last in each certification."""

    seat: Seat
    awards: list[Award | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    columns: list[Certification]
    rows: list[Row]
    now: datetime

    @property
    def certified(self) -> int:
        """People who hold at least one that is in force."""
        return sum(any(self._counts(award) for award in row.awards) for row in self.rows)

    @property
    def ending(self) -> list[Award]:
        awards = [award for row in self.rows for award in row.awards if award]
        return sorted(
            (award for award in awards if award.state(self.now) == "soon"),
            key=lambda award: award.expires_at or self.now,
        )

    def _counts(self, award: Award | None) -> bool:
        return award is not None and award.state(self.now) in ("valid", "soon")


def matrix_of(partner: Partner, now: datetime) -> Matrix:
    """Three statements. Under the vendor's scope: what people earned elsewhere counts."""
    seats = list(people_at(partner.pk))
    users = [seat.user_id for seat in seats]
    held = newest_first(Award.objects.filter(user__in=users).select_related("user", "certification"))
    columns = {award.certification_id: award.certification for award in held.values()}
    columns |= {one.pk: one for one in Certification.objects.filter(retired_at=None)}
    ordered = sorted(columns.values(), key=lambda one: one.name)
    rows = [Row(seat, [held.get((seat.user_id, one.pk)) for one in ordered]) for seat in seats]
    return Matrix(ordered, rows, now)


def ending_at(partner_ids: Collection[int], now: datetime) -> QuerySet[Award]:
    """Certificates in force that end within 60 days and are not renewed, of people who sit at these partners.

    The soonest first, each with `home` and `home_slug`, the partner of today.
    """
    seats = Seat.objects.filter(user=OuterRef("user"), left_at=None, membership__is_active=True)
    seats = seats.filter(partner__among=partner_ids).order_by()
    rows = Award.objects.filter(in_force(now), expires_at__lte=now + SOON, renewals=None)
    rows = rows.annotate(
        home=Subquery(seats.values("partner__name")[:1]),
        home_slug=Subquery(seats.values("partner__slug")[:1]),
    )
    return (
        rows.filter(home__isnull=False).select_related("user", "certification").order_by("expires_at", "pk")
    )
