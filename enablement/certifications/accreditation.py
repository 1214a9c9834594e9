"""What a tier asks of a partner in certified people: who counts, who is missing, and what lapses when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Final

from django.db.models import Count

from enablement.certifications.models import SOON, AccreditationRule, Award, Certification
from enablement.certifications.selectors import in_force
from partners.models import Partner, Seat
from portal.calendar.days import end_of_day_after
from portal.people.models import User

#: Days of the vendor's calendar for which a person counts on after the end of their certificate.
AFTER_END: Final = 30
#: Days for which an accreditation that falls short stays.
SHORT: Final = 90


@dataclass(frozen=True, slots=True)
class Stay:
    """From when until when (not included) one person counts for a partner; `end` None: for good."""

    user: User
    begin: datetime
    end: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.begin <= now and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True)
class Accreditation:
    """How a partner stands at a moment with what its tier asks for in one certification.

    `short_since` is when the head-count last fell below what is asked, None while it is met or if it never
    was. `lapses_at` is when it is lost: after the grace that runs, or that begins once `short_from` comes.
    """

    certification: Certification
    people: int
    counts: list[User]
    short_since: datetime | None
    short_from: datetime | None
    now: datetime
    zone: tzinfo

    @property
    def missing(self) -> int:
        return max(self.people - len(self.counts), 0)

    @property
    def lapses_at(self) -> datetime | None:
        start = self.short_since or self.short_from
        return end_of_day_after(start, SHORT, self.zone) if start else None

    @property
    def state(self) -> str:
        """met, ending (met, but not for the next 60 days), grace, lapsed, or never (it was never met)."""
        if not self.missing:
            return "ending" if self.short_from and self.short_from - self.now <= SOON else "met"
        if self.lapses_at is None:
            return "never"
        return "grace" if self.now < self.lapses_at else "lapsed"


def standing(
    certification: Certification, people: int, stays: Sequence[Stay], now: datetime, zone: tzinfo
) -> Accreditation:
    """Pure: the head-count of the past and, as far as it is known, of the future."""
    counts = {stay.user.pk: stay.user for stay in stays if stay.holds(now)}
    moments = sorted({moment for stay in stays for moment in (stay.begin, stay.end) if moment})
    enough = [(moment, _heads(stays, moment) >= people) for moment in moments]
    falls = [moment for (_, before), (moment, after) in pairwise(enough) if before and not after]
    short = len(counts) < people
    past = [moment for moment in falls if moment <= now]
    return Accreditation(
        certification,
        people,
        sorted(counts.values(), key=str),
        past[-1] if short and past else None,
        None if short else next((moment for moment in falls if moment > now), None),
        now,
        zone,
    )


def _heads(stays: Iterable[Stay], moment: datetime) -> int:
    return len({stay.user.pk for stay in stays if stay.holds(moment)})


def accreditations(
    asked: Iterable[tuple[Certification, int]],
    seats: Sequence[Seat],
    awards: Iterable[Award],
    now: datetime,
    zone: tzinfo,
) -> list[Accreditation]:
    """How a partner stands with what is asked; `seats` are all it ever had, `awards` those of their people.

    Who sits there counts from when they came, who left until they did: they took the certificate along.
    """
    held: dict[tuple[int, int], list[Award]] = defaultdict(list)
    for award in awards:
        held[award.user_id, award.certification_id].append(award)
    return [
        standing(certification, people, _stays(seats, held, certification.pk, zone), now, zone)
        for certification, people in asked
    ]


def _stays(
    seats: Iterable[Seat],
    held: Mapping[tuple[int, int], Sequence[Award]],
    certification_id: int,
    zone: tzinfo,
) -> list[Stay]:
    pairs = [(seat, award) for seat in seats for award in held.get((seat.user_id, certification_id), ())]
    return [stay for seat, award in pairs if (stay := _stay(seat, award, zone))]


def _stay(seat: Seat, award: Award, zone: tzinfo) -> Stay | None:
    """When this award counts where the person sits; people without access do not count."""
    if not seat.membership.is_active and seat.left_at is None:
        return None
    begin = max(seat.since, award.awarded_at)
    over = award.expires_at and end_of_day_after(award.expires_at, AFTER_END, zone)
    ends = [over, award.revoked_at, seat.left_at]
    end = min((moment for moment in ends if moment), default=None)
    return Stay(seat.user, begin, end) if end is None or begin < end else None


# The whole portfolio --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Coverage:
    """How a partner stands with what its tier asks for now; certificates in force alone count."""

    partner: Partner
    short: list[tuple[AccreditationRule, int]] = field(default_factory=list)
    required: int = 0

    @property
    def met(self) -> int:
        return self.required - len(self.short)

    @property
    def missing(self) -> int:
        return sum(rule.people - people for rule, people in self.short)


def coverage(partners: Collection[Partner], now: datetime) -> list[Coverage]:
    """Of the partners whose tier asks for something, those furthest from it first; two statements."""
    rules: dict[int, list[AccreditationRule]] = defaultdict(list)
    for rule in AccreditationRule.objects.select_related("certification").order_by("certification__name"):
        rules[rule.tier_id].append(rule)
    heads = _heads_now([partner.pk for partner in partners], now)
    found = []
    for partner in partners:
        asked = rules.get(partner.tier_id or 0, [])
        one = Coverage(partner, required=len(asked))
        for rule in asked:
            people = heads.get((partner.pk, rule.certification_id), 0)
            if people < rule.people:
                one.short.append((rule, people))
        if asked:
            found.append(one)
    return sorted(found, key=lambda one: (-len(one.short), -one.missing, one.partner.name))


def _heads_now(partner_ids: Collection[int], now: datetime) -> dict[tuple[int, int], int]:
    """{(partner id, certification id): people there who hold it}."""
    seats = Seat.objects.filter(in_force(now, "user__awards__"), left_at=None, membership__is_active=True)
    seats = seats.filter(partner__among=partner_ids).order_by()
    rows = seats.values_list("partner", "user__awards__certification").annotate(
        n=Count("user", distinct=True)
    )
    return {(partner, certification): n for partner, certification, n in rows}
