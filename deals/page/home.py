"""What the homes of both sides show of deals: the vendor's desk, and the partner's money on its way."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from deals.deal.models import Deal
from deals.protection.selectors import SOON
from portal.tenancy.access import Actor
from portal.tenancy.scope import All
from portal.tenancy.tables import array_of
from portal.ui import formatting

DECISIONS = timedelta(days=30)
MOST_DECISIONS = 1_000  # a busy vendor's median needs no more of them

# The vendor's desk ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decisions:
    """Registrations decided in the last 30 days, at most the newest `MOST_DECISIONS` of them."""

    count: int
    in_time: int
    median: timedelta | None  # from submission to decision

    @property
    def median_text(self) -> str:
        return formatting.format_span(self.median) if self.median is not None else ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Open deals that lose their protection within 14 days, worth so many minor units."""

    count: int
    amount: int
    first: datetime | None


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """How fast the vendor decides, and what is about to lose its protection."""

    decisions: Decisions
    ending: Ending


#: Each figure reads a narrow set of its own. In SQL, because putting these together from querysets takes
#: longer than running them. `partners`, null for who reads them all, repeats row security for the planner
#: where a month of everybody's deals would be read to find those of a few partners.
_DESK = """
select
    (select json_build_array(
        count(*), count(*) filter (where decided_at <= decision_due_at),
        percentile_cont(0.5) within group (order by extract(epoch from decided_at - pending_since)))
     from (
        select greatest(approved_at, returned_at, rejected_at) as decided_at, decision_due_at, pending_since
        from deals_deal
        where vendor_id = %(vendor)s and pending_since is not null
            and greatest(approved_at, returned_at, rejected_at) >= %(since)s
            and (%(partners)s is null or partner_id = any(%(partners)s::bigint[]))
        order by greatest(approved_at, returned_at, rejected_at) desc
        limit %(most)s
     ) decided
     where decided_at >= pending_since),
    (select json_build_array(count(*), coalesce(sum(amount_vendor), 0), min(open_until))
     from deals_deal
     where vendor_id = %(vendor)s and approved_at is not null
        and open_until > %(now)s and open_until <= %(soon)s)
"""


def desk_figures(actor: Actor) -> DeskFigures:
    """One statement.

    An approved deal is open until its win, loss, withdrawal or expiry: what of these lies ahead is the
    expiry. Deals imported as decided never waited here and have no `pending_since`.
    """
    now, reach = timezone.now(), actor.scope.partner_ids
    parameters = {
        "vendor": actor.vendor.pk,
        "partners": None if isinstance(reach, All) else array_of(reach),
        "since": now - DECISIONS,
        "most": MOST_DECISIONS,
        "now": now,
        "soon": now + SOON,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DESK, parameters)
        decided, ending = cursor.fetchone()
    return DeskFigures(_decisions(*decided), _ending(*ending))


def _decisions(count: int, in_time: int, seconds: float | None) -> Decisions:
    return Decisions(count, in_time, None if seconds is None else timedelta(seconds=seconds))


def _ending(count: int, amount: int, first: str | None) -> Ending:
    return Ending(count, amount, datetime.fromisoformat(first) if first else None)


# The partner's home --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """An open deal as money on its way, in minor units of the vendor's currency."""

    deal: Deal
    today: date

    @property
    def amount(self) -> int | None:
        return self.deal.amount_vendor

    @property
    def likelihood(self) -> int:
        return self.deal.stage.probability if self.deal.stage else 0

    @property
    def weighted(self) -> int | None:
        """None where no amount was stated: that is not worth nothing."""
        return None if self.amount is None else round(self.amount * self.likelihood / 100)

    @property
    def is_late(self) -> bool:
        close = self.deal.expected_close
        return close is not None and close < self.today

    @property
    def is_unprotected(self) -> bool:
        """Will the protection have ended when the deal is expected to close?"""
        close, expires = self.deal.expected_close, self.deal.expires_at
        return close is not None and expires is not None and timezone.localdate(expires) < close
