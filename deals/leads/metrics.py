"""How partners handle leads: two metrics of the engagement quadrant, as of any day.

An offer's outcome is never read, only its timestamps. What the vendor took back before an answer counts
nowhere: nobody was slow. Hours are hours of the clock on the wall, nights and weekends included, because that
is how long the customer waits; the vendor's windows, by which an answer is late, run in its working hours.
"""

from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Least

from deals.leads.models import LeadOffer
from portal.history import wording
from portal.history.wording import Wording
from portal.metrics.declarations import (
    AsOf,
    Beside,
    Better,
    Column,
    Found,
    Link,
    Look,
    Metric,
    Quadrant,
    Result,
    Status,
    Total,
    Unit,
    declare_metrics,
    middle_of_rows,
)
from portal.metrics.rounding import ratio
from portal.metrics.statements import Statement, StatementSource

ANSWERED, OFFERED = 60, 90  # days
LEAST_LEADS: Final = 3

_SQL: Final = """
with
answered as (
    select partner_id, count(*) as closed, count(*) filter (where accepted_at < %(end)s) as accepted
    from deals_leadoffer
    where vendor_id = %(vendor)s and answer_due_at >= %(answered)s and answer_due_at < %(end)s
        and (withdrawn_at is null or withdrawn_at >= %(end)s) {of_partners}
    group by partner_id
),
offered as (
    select
        partner_id,
        count(*) as offered,
        count(*) filter (where contacted_at < %(end)s) as contacted,
        percentile_cont(0.5) within group (
            order by extract(epoch from least(contacted_at, %(end)s) - offered_at)
        ) as median_seconds
    from deals_leadoffer
    where vendor_id = %(vendor)s and offered_at >= %(offered)s and offered_at < %(end)s
        and (withdrawn_at is null or withdrawn_at >= %(end)s)
        and (declined_at is null or declined_at >= %(end)s) {of_partners}
    group by partner_id
)
select partner_id, coalesce(closed, 0), coalesce(accepted, 0), coalesce(offered, 0), coalesce(contacted, 0),
    median_seconds
from answered full join offered using (partner_id)
"""


class Figures(NamedTuple):
    """What the query says of one partner: counts of offers, seconds."""

    partner_id: int
    closed: int
    accepted: int
    offered: int
    contacted: int
    median_seconds: float | None


def _moments(as_of: AsOf) -> dict[str, Any]:
    return {
        "end": as_of.end,
        "answered": as_of.trailing(ANSWERED),
        "offered": as_of.trailing(OFFERED),
    }


def lead_acceptance(of: Figures) -> Result:
    value = ratio(of.accepted, of.closed) if of.closed >= LEAST_LEADS else None
    return Result(value, of.accepted, of.closed, of.closed, {"not_accepted": of.closed - of.accepted})


def speed_to_lead(of: Figures) -> Result:
    """Of those still waiting only how long they have waited is known, so the true median is at least this."""
    waiting = {"waiting": of.offered - of.contacted}
    if of.offered < LEAST_LEADS or of.median_seconds is None:
        return Result(None, n=of.offered, beside=waiting)
    return Result(Decimal(round(of.median_seconds / 36)).scaleb(-2), n=of.offered, beside=waiting)


VALUES: Final = {"lead_acceptance": lead_acceptance, "speed_to_lead": speed_to_lead}
_NOTHING: Final = Figures(0, 0, 0, 0, 0, None)


#: The source of both metrics, one row per partner that has a lead in either window; others are left out.
handling: Final = StatementSource(Statement(_SQL, Figures, _moments), VALUES)


# ------------------------------------------------------------------------------------ the rows behind


def answered_rows(partner_id: int, as_of: AsOf) -> QuerySet[LeadOffer]:
    start = as_of.trailing(ANSWERED)
    kept = Q(withdrawn_at=None) | Q(withdrawn_at__gte=as_of.end)
    offers = LeadOffer.objects.filter(kept, partner=partner_id)
    return _as_it_stood(offers.filter(answer_due_at__gte=start, answer_due_at__lt=as_of.end), as_of)


def offered_rows(partner_id: int, as_of: AsOf) -> QuerySet[LeadOffer]:
    """Each with `.waited`, from the offer to the first contact or the end of the day (a timedelta)."""
    offers = LeadOffer.objects.filter(partner=partner_id, offered_at__lt=as_of.end)
    for gone in ("withdrawn_at", "declined_at"):
        offers = offers.filter(Q(**{gone: None}) | Q(**{f"{gone}__gte": as_of.end}))
    return _as_it_stood(offers.filter(offered_at__gte=as_of.trailing(OFFERED)), as_of)


def _as_it_stood(offers: QuerySet[LeadOffer], as_of: AsOf) -> QuerySet[LeadOffer]:
    """The newest first, with nothing that came after: `waited`, and whether it was accepted and contacted."""
    annotated: QuerySet[LeadOffer] = offers.annotate(
        waited=Least("contacted_at", Value(as_of.end)) - F("offered_at"),
        accepted_then=_then("accepted_at", as_of),
        contacted_then=_then("contacted_at", as_of),
        declined_then=_then("declined_at", as_of),
    )
    return annotated.order_by("-offered_at", "-pk")


def _then(moment: str, as_of: AsOf) -> Any:
    before = When(**{f"{moment}__lt": as_of.end}, then=Value(True))
    return Case(before, default=Value(False), output_field=BooleanField())


def _page(offer: LeadOffer) -> Link:
    return Link("leads:detail", offer.reference, offer.customer_name)


def _answer(offer: Any) -> Status:
    """How an offer whose window has closed was answered, from its timestamps."""
    if offer.accepted_then:
        return Status("Accepted", "ok", "check")
    if offer.declined_then:
        return Status("Declined", "neutral", "hand-stop")
    return Status("Not answered in time", "watch", "clock-off")


LEAD: Final = Column("Lead", _page, Look.LINK, named="Customer")
OFFERED_ON: Final = Column("Offered", attrgetter("offered_at"), Look.DAY)
ANSWER_DUE: Final = Column("Answer due", attrgetter("answer_due_at"), Look.DAY)
ANSWER: Final = Column("Answer", _answer, Look.STATUS)
CONTACTED: Final = Column(
    "First contact", lambda offer: offer.contacted_at if offer.contacted_then else None, Look.DAY
)
WAITED: Final = Column("Waited", attrgetter("waited"), Look.HOURS)

ACCEPTED: Final = Total("Accepted", lambda as_of: Count("pk", filter=Q(accepted_then=True)), Look.COUNT)
WAITING: Final = Total("Still waiting", lambda as_of: Count("pk", filter=Q(contacted_then=False)), Look.COUNT)


def _accepted(found: Found) -> str:
    return f"{found.numerator:.0f} accepted ÷ {found.denominator:.0f} whose time to answer is over"


# ------------------------------------------------------------------------------------ the declarations

_MOVES: Final = frozenset(
    {"deals.lead_offered", "deals.lead_declined", "deals.lead_withdrawn", "deals.lead_disqualified"}
)

METRICS: Final = [
    Metric(
        "lead_acceptance",
        Quadrant.ENGAGEMENT,
        "Lead acceptance",
        Unit.PERCENT,
        Better.UP,
        window="trailing 60 days",
        minimum=LEAST_LEADS,
        definition="Leads accepted ÷ leads offered, over the offers whose answer window closed in the 60 "
        "days to the date. A lead nobody answered in time counts as not accepted; what the vendor took back "
        "before an answer does not count.",
        rows=answered_rows,
        rows_label="leads",
        columns=(LEAD, OFFERED_ON, ANSWER_DUE, ANSWER),
        totals=(ACCEPTED,),
        beside=(Beside("not_accepted", "declined or not answered in time"),),
        working=_accepted,
        events=_MOVES | {"deals.lead_accepted", "deals.lead_timed_out"},
        floor=Decimal(20),
        target=Decimal(80),
        weight=Decimal(50),
        nothing=lead_acceptance(_NOTHING),
    ),
    Metric(
        "speed_to_lead",
        Quadrant.ENGAGEMENT,
        "Speed to lead",
        Unit.HOURS,
        Better.DOWN,
        window="median, trailing 90 days",
        minimum=LEAST_LEADS,
        definition="Median hours from the offer to the first logged contact with the customer, over leads "
        "offered in the 90 days to the date, nights and weekends included. A lead not contacted yet counts "
        "as still waiting at the end of the date; one that was declined, or taken back before an answer, "
        "does not count.",
        rows=offered_rows,
        rows_label="leads",
        columns=(LEAD, OFFERED_ON, CONTACTED, WAITED),
        totals=(WAITING,),
        beside=(Beside("waiting", "still waiting for a contact"),),
        working=middle_of_rows,
        events=_MOVES | {"deals.lead_contacted", "deals.lead_converted"},
        floor=Decimal(168),
        target=Decimal(24),
        weight=Decimal(50),
        nothing=speed_to_lead(_NOTHING),
    ),
]

declare_metrics(handling, METRICS)

wording.declare_wording(
    "deals.leadoffer",
    Wording(
        "Lead",
        {
            "offered_at": "offered",
            "accepted_at": "accepted",
            "declined_at": "declined",
            "withdrawn_at": "withdrawn",
            "contacted_at": "customer contacted",
        },
    ),
)
