"""Registrations from the first draft to won, lost or still open, in the order they are made."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import log

from deals.customers.match_keys import normalised_name
from deals.customers.spelling import spelling
from deals.customers.word_keys import heard_as
from deals.deal.models import DealSource, DealStatus
from demo.simulation import plans, tables
from demo.simulation.cast import Customer, Partner, Person, Product
from demo.simulation.channel import Channel
from demo.simulation.clock import DAY, HOUR
from demo.simulation.names import Unique, ascii_slug, web_name
from demo.simulation.tables import Row
from portal.references import scattered
from portal.ui.formatting import exponent

#: Longer ago than any moment here: what nobody holds.
NEVER = 1 << 60


@dataclass(slots=True, eq=False)
class Deal:
    id: int
    partner: Partner
    person: Person
    customer: Customer
    lines: list[tuple[Product, int]]
    amount: int  # minor units of the partner's currency
    amount_vendor: int  # minor units of the vendor's currency
    created: int
    submitted: int  # first submission
    status: DealStatus = DealStatus.DRAFT
    updated: int = 0
    pending: int | None = None  # last submission
    due: int | None = None
    returned: int | None = None
    rejected: int | None = None
    approved: int | None = None
    expires: int | None = None
    won: int | None = None
    lost: int | None = None
    withdrawn: int | None = None
    won_amount: int | None = None
    won_amount_vendor: int | None = None
    stage_id: int | None = None
    decision_reason: str = ""
    loss_reason: str = ""
    competitor: str = ""
    expected_close: int = 0  # days after the submission
    free_from: int = NEVER  # moment at which the customer may be registered again
    stages: list[tuple[int, int]] = field(default_factory=list)  # (stage id, moment)
    events: list[tuple[str, int, int | None, dict[str, object]]] = field(default_factory=list)


def rows(channel: Channel) -> Iterator[Row]:
    desk = Desk(channel)
    for number, (moment, partner) in enumerate(_registrations(channel), start=1):
        yield from desk.registration(number, moment, partner)


def _registrations(channel: Channel) -> list[tuple[int, Partner]]:
    """(moment, partner) of every registration, in the order of time."""
    random, clock, days = channel.random, channel.clock, len(channel.clock.days)
    weights = list(accumulate(partner.capacity for partner in channel.partners))
    made: list[tuple[int, Partner]] = []
    while len(made) < channel.size.deals:
        partner = random.choices(channel.partners, cum_weights=weights)[0]
        day = clock.season_day(random)
        if not partner.is_quiet(day) and random.random() < partner.drive(day / days):
            made.append((clock.in_office(day, random), partner))
    made.sort(key=lambda registration: registration[0])
    return made


class Desk:
    """Carries each registration through; knows the customers and who was registered lately."""

    def __init__(self, channel: Channel) -> None:
        self.channel, self.random, self.clock = channel, channel.random, channel.clock
        self.now = channel.clock.now
        self._product_weights = list(accumulate(product.weight for product in channel.products))
        self._domains = Unique()
        self._lately: dict[int, deque[Deal]] = {region.id: deque(maxlen=40) for region in channel.regions}

    def registration(self, number: int, moment: int, partner: Partner) -> Iterator[Row]:
        claimed = self._held_by_another(partner, moment)
        if claimed is None:
            customer, is_new = self._customer(partner, moment)
            if is_new:
                yield self._customer_row(customer, moment)
            deal = self._deal(partner, customer, self._lines(), moment)
        else:
            deal = self._deal(partner, claimed.customer, claimed.lines, moment)
        self._carry_through(deal, claimed is not None)
        if claimed is None:
            deal.customer.free_from = deal.free_from
        yield from self._rows(number, deal)

    # What is registered -----------------------------------------------------------------------------

    def _held_by_another(self, partner: Partner, moment: int) -> Deal | None:
        """Now and then somebody registers what a neighbour has protected already."""
        if self.random.random() >= plans.CLAIMED_ALREADY:
            return None
        held = [
            deal
            for deal in self._lately[partner.region.id]
            if deal.partner is not partner and deal.approved and deal.approved < moment < deal.free_from
        ]
        return self.random.choice(held) if held else None

    def _customer(self, partner: Partner, moment: int) -> tuple[Customer, bool]:
        """One of the partner's customers that is free, or a new one."""
        if partner.customers and self.random.random() > 0.3:
            for _ in range(3):
                customer = self.random.choice(partner.customers)
                if customer.free_from <= moment:
                    return customer, False
        return self._new_customer(partner), True

    def _new_customer(self, partner: Partner) -> Customer:
        country, random = partner.country, self.random
        name, sector = country.customer_name(random)
        given, family = country.person(random)
        web = self._domains.take(web_name(name))
        mail = f"{ascii_slug(given)[:1]}.{ascii_slug(family)}@{web}.example"
        domain = f"{web}.{country.top_level}"
        customer_id = self.channel.ids.next(tables.CUSTOMER)
        customer = Customer(customer_id, name, sector, domain, country.code, f"{given} {family}", mail)
        partner.customers.append(customer)
        return customer

    def _customer_row(self, customer: Customer, moment: int) -> Row:
        ids = customer.id, self.channel.vendor_id
        key = normalised_name(customer.name)
        heard = " ".join(sorted(heard_as(customer.name, key)))
        match_keys = customer.name, key, spelling(key), heard, customer.domain
        return tables.CUSTOMER, (
            *ids,
            *match_keys,
            customer.country,
            customer.sector,
            self.clock.stamp(moment),
        )

    def _lines(self) -> list[tuple[Product, int]]:
        random, products = self.random, self.channel.products
        wanted = 1 if random.random() < 0.65 else 2 if random.random() < 0.75 else 3
        chosen = {random.choices(products, cum_weights=self._product_weights)[0] for _ in range(wanted)}
        in_order = sorted(chosen, key=lambda product: product.id)
        return [(p, min(p.most, 1 + int(random.expovariate(2.2 / p.most)))) for p in in_order]

    def _deal(
        self, partner: Partner, customer: Customer, lines: list[tuple[Product, int]], moment: int
    ) -> Deal:
        random = self.random
        list_price = sum(product.price * quantity for product, quantity in lines)
        value = list_price * random.uniform(0.78, 1.0)
        amount = self._rounded(self._to_partner(value, partner, moment), partner.currency)
        return Deal(
            id=self.channel.ids.next(tables.DEAL),
            partner=partner,
            person=self._person(partner, moment),
            customer=customer,
            lines=lines,
            amount=amount,
            amount_vendor=self._to_vendor(amount, partner, moment),
            created=self._drafted(moment),
            submitted=moment,
            expected_close=int(self.channel.plan.cycle_days * random.uniform(0.7, 2.0)),
            competitor=random.choice(self.channel.plan.competitors) if random.random() < 0.3 else "",
        )

    def _drafted(self, moment: int) -> int:
        """Most are sent as soon as they are written, others lie about for up to three days."""
        if self.random.random() < 0.7:
            return moment
        begun = self.clock.working(moment - self.random.randrange(3 * DAY))
        return min(moment, max(begun, self.clock.midnights[0]))

    def _person(self, partner: Partner, moment: int) -> Person:
        day = self.clock.day_of(moment)
        return self.random.choice([person for person in partner.people if person.since <= day])

    def _rate(self, currency: str, moment: int) -> float:
        """Minor units of the vendor's currency for one minor unit of this one."""
        vendor_currency = self.channel.plan.currency
        if currency == vendor_currency:
            return 1.0
        month = f"{self.clock.days[min(self.clock.day_of(moment), len(self.clock.days) - 1)]:%Y-%m}"
        scale = 10.0 ** (exponent(vendor_currency) - exponent(currency))
        return self.channel.rates[currency, month] * scale

    def _to_partner(self, value: float, partner: Partner, moment: int) -> float:
        return value / self._rate(partner.currency, moment)

    def _to_vendor(self, amount: int, partner: Partner, moment: int) -> int:
        return round(amount * self._rate(partner.currency, moment))

    @staticmethod
    def _rounded(value: float, currency: str) -> int:
        """To tens, or thousands of yen: nobody quotes cents."""
        step = 1000 if exponent(currency) == 0 else 10 * 10 ** exponent(currency)
        return max(1, round(value / step)) * step

    # What becomes of it -----------------------------------------------------------------------------

    def _carry_through(self, deal: Deal, claimed: bool) -> None:
        """Until the end of the simulated time stops it, or a decision does."""
        if deal.created < deal.submitted:
            self._note(deal, "deals.drafted", deal.created, deal.person.user_id, created=True)
        if (
            self.clock.day_of(deal.submitted) > len(self.clock.days) - 25
            and self.random.random() < plans.DRAFTS
        ):
            deal.status, deal.updated, deal.free_from = DealStatus.DRAFT, deal.created, deal.created
            return
        self._submit(deal, deal.submitted)
        if self.random.random() < plans.RETURNED and not self._return(deal):
            return
        decided = self._decision_time(deal)
        if decided >= self.now:
            return
        if claimed:
            self._reject(deal, decided, plans.CLAIMED_REASON)
        elif self.random.random() < plans.REJECTED:
            self._reject(deal, decided, self.random.choice(plans.REJECTIONS))
        else:
            self._approve(deal, decided)

    def _note(self, deal: Deal, event: str, moment: int, actor_id: int | None, **data: object) -> None:
        deal.events.append((event, moment, actor_id, data))
        deal.updated = max(deal.updated, moment)

    def _submit(self, deal: Deal, moment: int) -> None:
        due = self.clock.working_hours_after(moment, plans.DECISION_HOURS)
        deal.status, deal.pending, deal.due = DealStatus.SUBMITTED, moment, due
        self._note(deal, "deals.submitted", moment, deal.person.user_id)

    def _return(self, deal: Deal) -> bool:
        """Send it back with a question; True when the partner has answered and submitted again."""
        moment = self.clock.working(deal.submitted + int(self.random.uniform(3, 50) * HOUR))
        if moment >= self.now:
            return True
        deal.status, deal.returned = DealStatus.RETURNED, moment
        deal.decision_reason = self.random.choice(plans.RETURNS)
        self._note(deal, "deals.returned", moment, self._manager(deal), reason=deal.decision_reason)
        again = self.clock.working(moment + int(self.random.uniform(0.2, 6) * DAY))
        if again >= self.now or self.random.random() < 0.2:
            return False
        self._submit(deal, again)
        return True

    def _decision_time(self, deal: Deal) -> int:
        """Mostly within two working days, sometimes late; over the weekend nothing happens."""
        since = deal.pending or deal.submitted
        taken = self.clock.working(since + int(self.random.lognormvariate(log(19), 0.8) * HOUR))
        started = since + (taken - since) // 3
        if self.random.random() < 0.4 and started < self.now:
            deal.status = DealStatus.UNDER_REVIEW
            self._note(deal, "deals.review_started", started, self._manager(deal))
        return taken

    def _reject(self, deal: Deal, moment: int, reason: str) -> None:
        deal.status, deal.rejected, deal.free_from = DealStatus.REJECTED, moment, moment
        deal.decision_reason = reason
        self._note(deal, "deals.rejected", moment, self._manager(deal), reason=reason)

    def _approve(self, deal: Deal, moment: int) -> None:
        deal.status, deal.approved, deal.decision_reason = DealStatus.APPROVED, moment, ""
        terms = {"days": deal.partner.protection_days, "stage": self.channel.plan.stages[0][0]}
        self._note(deal, "deals.approved", moment, self._manager(deal), **terms)
        self._lately[deal.partner.region.id].append(deal)
        protected = deal.partner.protection_days * DAY
        closed = self._closing_time(deal, moment)
        stalled = self.random.random() < plans.STALLED
        deal.expires = moment + protected
        if stalled:
            closed = deal.expires
        while deal.expires < min(closed, self.now) or deal.expires <= self.now < closed:
            deal.expires += protected  # extended: it is still alive
        won = self.random.random() < self._chance(deal)
        self._move_through_stages(deal, moment, closed, won)
        if closed >= self.now:
            return
        deal.free_from = closed
        if stalled:
            self._expire(deal, closed)
        elif won:
            self._win(deal, closed)
        elif self.random.random() < plans.WITHDRAWN:
            deal.status, deal.withdrawn = DealStatus.WITHDRAWN, closed
            self._note(deal, "deals.withdrawn", closed, deal.person.user_id)
        else:
            self._lose(deal, closed)

    def _closing_time(self, deal: Deal, approved: int) -> int:
        """Certified partners are faster; what can be closed before the quarter ends is pulled in."""
        median = self.channel.plan.cycle_days * (0.88 if deal.partner.certified else 1.1)
        taken = max(3.0, self.random.lognormvariate(log(median), 0.5))
        moment = approved + int(taken * DAY)
        day = self.clock.day_of(moment)
        if day < len(self.clock.days):
            left = self.clock.left_in_quarter[day]
            last = day + left
            if 5 < left < 40 and last < len(self.clock.days) and self.random.random() < 0.35:
                moment += max(0, left - self.random.randrange(5)) * DAY
        return self.clock.working(moment)

    def _chance(self, deal: Deal) -> float:
        """Of winning: the vendor's rate, moved by skill, certification, tier and the size of the deal."""
        partner, usual = deal.partner, self.channel.plan.win_rate
        edge = 0.34 * (partner.skill - 0.5) + (0.07 if partner.certified else -0.07)
        return max(0.05, min(0.9, usual + edge + 0.02 * (partner.rank - 2) - 0.03 * (len(deal.lines) - 1)))

    def _move_through_stages(self, deal: Deal, approved: int, closed: int, won: bool) -> None:
        ids = self.channel.stage_ids
        reached = len(ids) if won else self.random.randint(1, len(ids))
        step = (closed - approved) / (len(ids) + 0.5)
        for number, stage_id in enumerate(ids[:reached]):
            moment = approved + int(step * (number + (0.3 * self.random.random() if number else 0)))
            if moment >= self.now:
                return
            deal.stages.append((stage_id, moment))
            deal.stage_id = stage_id
            if number:
                step_told = {"from": self._stage(number - 1), "to": self._stage(number)}
                self._note(deal, "deals.stage_changed", moment, deal.person.user_id, **step_told)

    def _stage(self, number: int) -> str:
        name, probability = self.channel.plan.stages[number]
        return f"{name}, {probability}%"

    def _win(self, deal: Deal, moment: int) -> None:
        deal.status, deal.won = DealStatus.WON, moment
        deal.won_amount = self._rounded(deal.amount * self.random.uniform(0.86, 1.08), deal.partner.currency)
        deal.won_amount_vendor = self._to_vendor(deal.won_amount, deal.partner, moment)
        told = {"amount": deal.won_amount, "currency": deal.partner.currency}
        closed_on = str(self.clock.days[self.clock.day_of(moment)])
        self._note(deal, "deals.won", moment, deal.person.user_id, **told, closed_on=closed_on)

    def _lose(self, deal: Deal, moment: int) -> None:
        deal.status, deal.lost = DealStatus.LOST, moment
        deal.loss_reason = self.random.choice(plans.LOSS_REASONS)
        told = {"reason": deal.loss_reason, "competitor": deal.competitor}
        self._note(deal, "deals.lost", moment, deal.person.user_id, **told)

    def _expire(self, deal: Deal, moment: int) -> None:
        deal.status = DealStatus.EXPIRED
        self._note(deal, "deals.expired", moment, None)

    def _manager(self, deal: Deal) -> int:
        return deal.partner.region.manager.user_id

    # Rows -------------------------------------------------------------------------------------------

    def _stamp(self, moment: int | None) -> str | None:
        return None if moment is None else self.clock.stamp(moment)

    def _rows(self, number: int, deal: Deal) -> Iterator[Row]:
        channel, ids = self.channel, (self.channel.vendor_id, deal.partner.id, deal.id)
        reference = scattered("D", number)
        yield tables.DEAL, self._deal_values(deal, reference)
        for product, quantity in deal.lines:
            yield tables.LINE, (*ids, product.id, quantity)
        for number, (stage_id, moment) in enumerate(deal.stages):
            changed_by = deal.person.user_id if number else self._manager(deal)
            yield tables.STAGE_CHANGE, (*ids, stage_id, changed_by, self.clock.stamp(moment))
        if deal.approved is not None:
            yield from self._protection_rows(deal, ids)
        subject = "deals.deal", deal.id
        told = {"reference": reference, "customer": deal.customer.name}
        for kind, moment, actor_id, data in deal.events:
            yield channel.event(kind, moment, deal.partner.id, actor_id, subject, told | data)

    def _protection_rows(self, deal: Deal, ids: tuple[int, int, int]) -> Iterator[Row]:
        released = None if deal.free_from == NEVER else deal.free_from
        span = self._stamp(deal.approved), self._stamp(deal.expires), self._stamp(released)
        for product, _ in deal.lines:
            yield tables.PROTECTION, (*ids, deal.customer.id, product.id, *span)

    def _deal_values(self, deal: Deal, reference: str) -> tuple[object, ...]:
        customer, stamp = deal.customer, self._stamp
        draft = deal.status == DealStatus.DRAFT
        source = self.random.choices(DealSource.values, (70, 18, 12))[0]
        use_case = self.random.choice(plans.USE_CASES)
        return (
            deal.id,
            self.channel.vendor_id,
            deal.partner.id,
            reference,
            deal.person.user_id,
            None if draft else customer.id,
            customer.name,
            customer.domain,
            customer.country,
            customer.contact_name,
            customer.contact_email,
            deal.amount,
            deal.partner.currency,
            None if draft else deal.amount_vendor,
            deal.won_amount,
            deal.won_amount_vendor,
            self.clock.date_after(deal.submitted, deal.expected_close),
            source,
            use_case,
            deal.competitor,
            deal.status,
            deal.stage_id,
            None if draft else self._manager(deal),
            deal.decision_reason,
            deal.loss_reason,
            stamp(deal.created),
            stamp(deal.updated or deal.created),
            None if draft else stamp(deal.submitted),
            stamp(deal.pending),
            stamp(deal.due),
            stamp(deal.returned),
            stamp(deal.rejected),
            stamp(deal.approved),
            stamp(deal.expires),
            stamp(deal.won),
            stamp(deal.lost),
            stamp(deal.withdrawn),
        )
