"""The people of a partner and what each of them holds, and certificates about to end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from enablement.certifications.accreditation import Accreditation, accreditations
from enablement.certifications.models import SOON, Award, Certification
from enablement.certifications.selectors import in_force
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


def team_of(partner: Partner, now: datetime, zone: tzinfo) -> tuple[Matrix, list[Accreditation]]:
    """Who holds what, and how that meets what the tier asks for; three statements.

    Under the vendor's scope: what people earned elsewhere counts.
    """
    there = Seat.objects.filter(partner=partner).select_related("user", "membership")
    seats = list(there.order_by("user__last_name", "user__first_name", "user__email"))
    people = [seat for seat in seats if seat.left_at is None and seat.membership.is_active]
    rows = Award.objects.filter(user__in=[seat.user_id for seat in seats]).select_related("user")
    awards = list(rows.order_by("-awarded_at", "-pk"))
    certifications = _certifications(partner, {award.certification_id for award in awards})
    held: dict[tuple[int, int], Award] = {}
    for award in awards:
        award.certification = certifications[award.certification_id]
        held.setdefault((award.user_id, award.certification_id), award)
    columns = list(certifications.values())
    matrix = Matrix(
        columns, [Row(seat, [held.get((seat.user_id, one.pk)) for one in columns]) for seat in people], now
    )
    asked = [(one, one.people) for one in columns if one.people]
    return matrix, accreditations(asked, seats, awards, now, zone)


def _certifications(partner: Partner, held: Collection[int]) -> dict[int, Any]:
    """{id: certification} by name: those that are given, asked for or held, with `people` as asked for."""
    rule = FilteredRelation("accreditations", condition=Q(accreditations__tier=partner.tier_id))
    rows = Certification.objects.annotate(rule=rule, people=F("rule__people"))
    rows = rows.filter(Q(retired_at=None) | Q(people__isnull=False) | Q(pk__in=held))
    return {one.pk: one for one in rows.order_by("name", "pk")}


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
