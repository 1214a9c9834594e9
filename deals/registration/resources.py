"""Importing deals: the pipeline of another system, with its history.

Imported deals were registered elsewhere, so they carry no protection and clash with nothing. A day in the
file means its first moment in the vendor's time zone, or the last that is known of the deal on that day.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Max, Model, OuterRef, Subquery

from deals.conflicts.candidates import Typed
from deals.conflicts.check import CLAIMING, Inquiry, conflict_checks
from deals.customers.match_keys import registrable_domain
from deals.customers.resources import CustomerFinder, Domain
from deals.deal.models import PENDING, Deal, DealLine, DealSource, DealStatus, Stage, StageChange, Verdict
from deals.deal.references import references_take
from deals.protection.models import Protection
from deals.registration.list_values import list_prices_count
from deals.shared_credit.models import CoSell
from partners.resources.organisations import partner_lookup
from partners.resources.products import product_lookup
from portal.calendar.selectors import decision_due
from portal.events.log import Fact, record_many
from portal.imports.cells import (
    Amount,
    Cell,
    Choice,
    Count,
    Country,
    Currency,
    Day,
    Key,
    Known,
    Lookup,
    Moment,
    Refused,
    Text,
    minor_units,
)
from portal.imports.records import Record
from portal.imports.resources import Saved, VendorResource
from portal.money.exchange import Rates, in_vendor_currency

#: When each outcome happened.
OUTCOMES: Final = {
    DealStatus.RETURNED: "returned_at",
    DealStatus.REJECTED: "rejected_at",
    DealStatus.WON: "won_at",
    DealStatus.LOST: "lost_at",
    DealStatus.EXPIRED: "expires_at",
    DealStatus.WITHDRAWN: "withdrawn_at",
}
#: Where the reason of an outcome is kept.
_REASONS: Final = {
    DealStatus.RETURNED: "decision_reason",
    DealStatus.REJECTED: "decision_reason",
    DealStatus.LOST: "loss_reason",
}
#: Statuses that only an approved deal can have.
APPROVED: Final = (DealStatus.APPROVED, DealStatus.WON, DealStatus.LOST, DealStatus.EXPIRED)
#: How far a deal has come; an import never takes it back.
PROGRESS: Final = {
    DealStatus.DRAFT: 0,
    DealStatus.SUBMITTED: 1,
    DealStatus.UNDER_REVIEW: 1,
    DealStatus.RETURNED: 1,
    DealStatus.APPROVED: 2,
    DealStatus.REJECTED: 3,
    DealStatus.WON: 3,
    DealStatus.LOST: 3,
    DealStatus.EXPIRED: 3,
    DealStatus.WITHDRAWN: 3,
}
_ENDED: Final = 3
#: How many lines a note names.
SHOWN_LINES: Final = 30
#: What a timeline tells of a deal, in the order in which it happens.
_TOLD: Final = (
    ("submitted_at", "deals.submitted"),
    ("returned_at", "deals.returned"),
    ("approved_at", "deals.approved"),
    ("rejected_at", "deals.rejected"),
    ("won_at", "deals.won"),
    ("lost_at", "deals.lost"),
    ("withdrawn_at", "deals.withdrawn"),
)


class DealResource(VendorResource):
    external_key = Cell(
        "external_key", Key(), required=True, help="Its key in the system it comes from.", names=("id",)
    )
    partner = Cell("partner_id", Known("partner"), required=True, help="External key, key or name.")
    customer = Cell("customer_text", Text(), help="External key or name; created if there is none.")
    customer_name = Cell("customer_name", Text(), help="As the partner wrote it; empty: as `customer`.")
    customer_domain = Cell("customer_domain", Domain(), help="Domain or web address.")
    customer_country = Cell("customer_country", Country(), help="ISO code or name.")
    contact_name = Cell("contact_name", Text(), help="Who decides there.")
    contact_email = Cell("contact_email", Text(), help="E-mail address.")
    contact_phone = Cell("contact_phone", Text(), help="Telephone number.")
    product = Cell("product_ids", Known("product"), many=True, help="Code or name.")
    quantity = Cell("quantities", Count(), many=True, help="How many of it; empty: 1.")
    status = Cell("status", Choice(DealStatus), required=True, help="Where it stands.")
    stage = Cell("stage_id", Known("stage"), help="Stage of an approved deal; empty: the first.")
    amount = Cell("stated_amount", Amount(), total=True, help="Expected amount; empty: not stated.")
    won_amount = Cell("stated_won", Amount(), total=True, help="Read of won deals only; empty: the amount.")
    currency = Cell("currency", Currency(), help="ISO code; empty: the vendor's.")
    created_on = Cell("created_on", Moment(), help="Empty: when it was submitted.")
    submitted_on = Cell("submitted_at", Moment(), help="Empty: when it was approved.")
    approved_on = Cell("approved_at", Moment(), help="Empty: when it was submitted.")
    closed_on = Cell("closed_on", Moment(), help="Day of the outcome; read of deals that have one.")
    expected_close = Cell("expected_close", Day(), help="When a decision is expected.")
    source = Cell("source", Choice(DealSource, default=DealSource.PARTNER), help="Empty: partner-sourced.")
    use_case = Cell("use_case", Text(lines=True), help="What the customer wants to do.")
    competitor = Cell("competitor", Text(), help="Who else bids, or won.")
    reason = Cell("reason", Text(), help="Why it was lost, rejected or returned.")
    notes = Cell("notes", Text(lines=True), help="Notes.")

    keys = ("external_key",)
    about = (
        "Imported deals were registered elsewhere: they carry no protection and clash with nothing, and what "
        "is overdue on arrival begins to wait then and reminds nobody. What happened here since the last "
        "import stands: an older export never takes a deal back."
    )
    tracked = (
        "external_key", "partner_id", "customer_id", "is_new_customer", "customer_name", "customer_domain",
        "customer_country", "contact_name", "contact_email", "contact_phone", "items", "status", "stage_id",
        "amount", "amount_vendor", "won_amount", "won_amount_vendor", "currency", "submitted_at",
        "approved_at", "returned_at", "rejected_at", "won_at", "lost_at", "expires_at", "withdrawn_at",
        "expected_close", "source", "use_case", "competitor", "decision_reason", "loss_reason", "notes",
    )  # fmt: skip
    stamped = ("created_at", "updated_at", "pending_since", "decision_due_at")
    reported_as = {
        "customer_name": "customer",
        "customer": "customer_name",
        "customer_id": "customer",
        "is_new_customer": "customer",
        "items": "product",
        "amount_vendor": "amount",
        "won_amount": "amount",
        "won_amount_vendor": "won_amount",
        "decision_reason": "reason",
        "loss_reason": "reason",
        **dict.fromkeys(OUTCOMES.values(), "closed_on"),
    }

    class Meta:
        model = Deal
        fields = (
            "external_key", "partner", "customer", "customer_name", "customer_domain", "customer_country",
            "contact_name", "contact_email", "contact_phone", "product", "quantity", "status", "stage",
            "amount", "won_amount", "currency", "created_on", "submitted_on", "approved_on", "closed_on",
            "expected_close", "source", "use_case", "competitor", "reason", "notes",
        )  # fmt: skip

    # Before the first row

    def load_lookups(self) -> None:
        stages = list(Stage.objects.order_by("position"))
        self.stage_names = {stage.pk: stage.name for stage in stages}
        self.context.lookups = {
            "partner": partner_lookup(),
            "product": product_lookup(),
            "stage": Lookup("stage", ((stage.name, stage.pk) for stage in stages)),
        }
        self.rates = Rates()
        self.new_customers = 0

    def prepare(self, records: list[Record]) -> list[Record]:
        names = {one.texts.get("customer") or one.texts.get("customer_name") for one in records}
        domains = {one.texts.get("customer_domain", "") for one in records}
        self.customers = CustomerFinder(
            {name for name in names if name}, {registrable_domain(domain) for domain in domains}
        )
        return records

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        found = super().existing(field, keys)
        deals: list[Any] = [one for one in found.values() if isinstance(one, Deal)]
        items: dict[int, Counter[int]] = {deal.pk: Counter() for deal in deals}
        lines = DealLine.objects.filter(deal__in=items).values_list("deal_id", "product_id", "quantity")
        for deal_id, product_id, quantity in lines:
            items[deal_id][product_id] += quantity
        ended = CoSell.objects.filter(
            deal__in=items, agreed_at__isnull=False, ended_at__isnull=False
        ).order_by()
        sharing_ended = dict(ended.values_list("deal_id").annotate(Max("ended_at")))
        for deal in deals:
            deal.items, deal.is_new_customer = frozenset(items[deal.pk].items()), False
            deal.sharing_ended_at = sharing_ended.get(deal.pk)
        return found

    # Row by row

    def complete(self, instance: Any, before: Any) -> None:
        errors: dict[str, Any] = {}
        for step in (self._advance, self._customer, self._items, self._times, self._stage, self._amounts):
            try:
                step(instance, before)
            except ValidationError as refused:
                errors |= refused.error_dict
        if errors:
            raise ValidationError(errors)

    def _advance(self, deal: Any, before: Any) -> None:
        """What happened here since the last import stands."""
        instance_now, was = DealStatus(deal.status), DealStatus(before.status) if before else None
        if was is None or was == instance_now:
            return
        if PROGRESS[was] == _ENDED or PROGRESS[instance_now] < PROGRESS[was]:
            label = was.label.lower()
            raise ValidationError({"status": f"Here the deal is {label} already; an import leaves it so."})

    def _customer(self, deal: Any, before: Any) -> None:
        if not self._fills("customer", "customer_name"):
            if before is None:
                raise ValidationError({"customer": "Nothing names the customer."})
            return
        stated = deal.customer_text if self._fills("customer") else self._named_in_file(deal)
        if not self._fills("customer_name") and not (before and "customer_name" in self.record.empties):
            deal.customer_name = stated
        if not deal.customer_name:
            raise ValidationError({"customer": "This is missing, and the map names no default."})
        deal.buyer = self._buyer(deal, stated) if stated else None
        deal.customer_id = deal.buyer.pk if deal.buyer else None
        deal.is_new_customer = deal.buyer is not None and deal.customer_id is None

    def _named_in_file(self, deal: Any) -> str:
        """A default of the map names nobody: it does not become a customer."""
        return deal.customer_name if self.record.given["customer_name"][0] else ""

    def _buyer(self, deal: Any, name: str) -> Any:
        if len(name) > 200:
            raise ValidationError({"customer": "A name has at most 200 characters."})
        return self.customers.find(name, deal.customer_domain, str(deal.customer_country or ""))

    def _items(self, deal: Any, before: Any) -> None:
        if not self._fills("product"):
            deal.items = before.items if before else frozenset()
            return
        quantities = getattr(deal, "quantities", None) or [1] * len(deal.product_ids)
        items: Counter[int] = Counter()
        for product_id, quantity in zip(deal.product_ids, quantities, strict=True):
            if product_id is not None:
                items[product_id] += quantity
        if any(quantity > 1_000_000 for quantity in items.values()):
            raise ValidationError({"quantity": "At most 1,000,000 of a product."})
        deal.items = frozenset(items.items())

    def _times(self, deal: Any, before: Any) -> None:
        status = DealStatus(deal.status)
        if status == DealStatus.DRAFT:
            deal.submitted_at = deal.approved_at = None
        else:
            self._submission(deal, status)
        if status in OUTCOMES:
            self._outcome(deal, OUTCOMES[status], before)
        if status in _REASONS and self._fills("reason"):
            setattr(deal, _REASONS[status], deal.reason)
        if before is None:
            stated = getattr(deal, "created_on", None)
            deal.created_at = min(filter(None, (stated, deal.submitted_at)), default=self.now)
        deal.updated_at = self.now
        if status in PENDING and (before is None or before.submitted_at != deal.submitted_at):
            self._start_clock(deal)

    def _start_clock(self, deal: Any) -> None:
        """From when it was submitted; what would be overdue on arrival begins to wait when it is loaded."""
        vendor = self.context.vendor
        due = decision_due(vendor, deal.submitted_at)
        is_history = due is not None and due <= self.now
        deal.pending_since = self.now if is_history else deal.submitted_at
        deal.decision_due_at = decision_due(vendor, self.now) if is_history else due

    def _submission(self, deal: Any, status: DealStatus) -> None:
        deal.submitted_at = deal.submitted_at or deal.approved_at
        if deal.submitted_at is None:
            what = f"A deal that is {status.label.lower()} needs the day it was submitted."
            raise ValidationError({"submitted_on": what})
        if status in APPROVED:
            deal.approved_at = self._in_order(deal.approved_at or deal.submitted_at, deal.submitted_at)
        elif status != DealStatus.WITHDRAWN:
            deal.approved_at = None
        if deal.approved_at and deal.approved_at < deal.submitted_at:
            raise ValidationError({"approved_on": "This is before it was submitted."})

    def _outcome(self, deal: Any, attribute: str, before: Any) -> None:
        closed = getattr(deal, "closed_on", None) or getattr(deal, attribute)
        if closed is None:
            label = deal.get_status_display().lower()
            raise ValidationError({"closed_on": f"A deal that is {label} needs the day it became so."})
        earliest = deal.approved_at or deal.submitted_at
        closed = self._in_order(closed, earliest, before and before.sharing_ended_at)
        if earliest and closed < earliest:
            raise ValidationError({"closed_on": "This is before it was submitted or approved."})
        setattr(deal, attribute, closed)

    def _in_order(self, moment: dt.datetime, *known: dt.datetime | None) -> dt.datetime:
        """A day without an hour comes after what is known of it; a stated hour is taken at its word."""
        zone = self.context.vendor.zone
        local = moment.astimezone(zone)
        if local.time() != dt.time():
            return moment
        same_day = (one for one in known if one and one.astimezone(zone).date() == local.date())
        return max([moment, *same_day])

    def _stage(self, deal: Any, before: Any) -> None:
        if deal.status not in APPROVED:
            deal.stage_id = None
        elif deal.stage_id is None:
            deal.stage_id = (before and before.stage_id) or next(iter(self.stage_names), None)

    def _amounts(self, deal: Any, before: Any) -> None:
        deal.currency = deal.currency or self.context.vendor.currency
        if self._fills("amount"):
            deal.amount = self._minor(deal, "amount", deal.stated_amount)
        if deal.status == DealStatus.WON:
            self._win(deal)
        deal.amount_vendor = self._converted(deal, before, "amount", deal.submitted_at or deal.created_at)
        if deal.amount is None and before and before.at_list_price:
            deal.amount_vendor = before.amount_vendor
        deal.won_amount_vendor = self._converted(deal, before, "won_amount", deal.won_at)

    def _win(self, deal: Any) -> None:
        if self._fills("won_amount"):
            deal.won_amount = self._minor(deal, "won_amount", deal.stated_won)
        if deal.won_amount is None:
            deal.won_amount = deal.amount
        if not deal.won_amount:
            raise ValidationError({"won_amount": "A won deal needs an amount above zero."})

    def _minor(self, deal: Any, name: str, amount: Any) -> int | None:
        try:
            return None if amount is None else minor_units(amount, deal.currency)
        except Refused as refused:
            raise ValidationError({name: refused}) from refused

    def _converted(self, deal: Any, before: Any, name: str, fixed_at: dt.datetime | None) -> int | None:
        """In the vendor's currency, at the rate of the day; what was converted once stays as it was."""
        amount = getattr(deal, name)
        if amount is None or fixed_at is None:
            return None
        same = before and (amount, deal.currency) == (getattr(before, name), before.currency)
        kept = getattr(before, f"{name}_vendor") if same else None
        vendor = self.context.vendor
        day = fixed_at.astimezone(vendor.zone).date()
        return in_vendor_currency(amount, deal.currency, day, vendor, self.rates) if kept is None else kept

    def _fills(self, *names: str) -> bool:
        return any(name in self.record.texts for name in names)

    def label(self, instance: Any) -> str:
        return f"{instance.external_key} {instance.customer_name}"

    # After the last row of a batch

    def before_writing(self, instances: list[Any]) -> None:
        buyers = [deal.buyer for deal in instances if getattr(deal, "buyer", None)]
        self.new_customers += self.customers.create(buyers)
        for deal in instances:
            if getattr(deal, "buyer", None):
                deal.customer_id = deal.buyer.pk
        new = [deal for deal in instances if deal.pk is None]
        for deal, reference in zip(new, references_take(len(new)) if new else (), strict=True):
            deal.reference = reference

    def after_writing(self) -> None:
        if self.new_customers:
            self.notes.append(f"New customers: {self.new_customers:,}.")
        self._write_items()
        list_prices_count([one.instance.pk for one in self.saved])
        self._hand_over()
        self._write_stages()
        closed = [one.instance.pk for one in self.saved if one.before and one.instance.status in OUTCOMES]
        Protection.objects.filter(deal__in=closed, released_at=None).update(released_at=self.now)
        self._report_claims()
        if not self.dry_run:
            record_many([fact for saved in self.saved for fact in self._facts(saved)], actor=self.actor)

    def _write_items(self) -> None:
        moved = [one for one in self.saved if one.before is None or _items_moved(one)]
        DealLine.objects.filter(deal__in=[one.instance.pk for one in moved if one.before]).delete()
        _write(
            DealLine(
                partner_id=one.instance.partner_id,
                deal_id=one.instance.pk,
                product_id=product_id,
                quantity=quantity,
            )
            for one in moved
            for product_id, quantity in sorted(one.instance.items)
        )

    def _hand_over(self) -> None:
        """What belongs to a deal goes with it to another partner: who sees it is written in every row."""
        moved = [one.instance.pk for one in self.saved if one.before and _changed_hands(one)]
        partner = Deal.objects.filter(pk=OuterRef("deal_id")).values("partner_id")
        for model in (StageChange, Protection) if moved else ():
            model.objects.filter(deal__in=moved).update(partner_id=Subquery(partner))

    def _report_claims(self) -> None:
        """What the conflict check says of each open deal. It stops none: they were registered elsewhere."""
        open_ones = [one for one in self.saved if one.instance.status in (*CLAIMING, DealStatus.APPROVED)]
        verdicts = conflict_checks([_inquiry(one.instance) for one in open_ones])
        lines: dict[str, list[int]] = {Verdict.CLAIMED: [], Verdict.POSSIBLE: []}
        for one, answers in zip(open_ones, verdicts, strict=True):
            told = {answer.verdict for answer in answers}
            worst = next((verdict for verdict in lines if verdict in told), None)
            if worst:
                lines[worst].append(one.record.lines[0])
        self.notes += [_told(verdict, numbers) for verdict, numbers in lines.items() if numbers]

    def _write_stages(self) -> None:
        """When it entered its stage: at the approval; a later change is known to have happened by now."""
        _write(
            StageChange(
                partner_id=deal.partner_id,
                deal_id=deal.pk,
                stage_id=deal.stage_id,
                changed_by=self.actor.user if self.actor else None,
                changed_at=self.now if before and before.stage_id else deal.approved_at,
            )
            for deal, before in ((one.instance, one.before) for one in self.saved)
            if deal.stage_id and deal.stage_id != (before.stage_id if before else None)
        )

    def _facts(self, saved: Saved) -> Iterable[Fact]:
        deal, before = saved.instance, saved.before
        # As in the services: the vendor reads this too, so what was never submitted is not named.
        named = {"reference": deal.reference, "customer": deal.customer_name} if deal.submitted_at else {}
        common = {**named, "imported": True}
        if before is None and deal.status == DealStatus.DRAFT:
            yield Fact("deals.drafted", deal.partner_id, deal, deal.created_at, {**common, "created": True})
        for attribute, key in _TOLD:
            moment = getattr(deal, attribute)
            if moment and getattr(before, attribute, None) is None:
                yield Fact(key, deal.partner_id, deal, moment, common | self._told(deal, key))
        if before is not None:
            told = {**common, "changed": self.changed_fields(deal, before)}
            yield Fact("deals.imported", deal.partner_id, deal, self.now, told)

    def _told(self, deal: Any, key: str) -> dict[str, Any]:
        match key:
            case "deals.submitted":
                return {"again": False, "amount": deal.amount, "currency": deal.currency}
            case "deals.approved":
                return {"stage": self.stage_names.get(deal.stage_id, "")}
            case "deals.won":
                day = deal.won_at.astimezone(self.context.vendor.zone).date()
                return {"amount": deal.won_amount, "currency": deal.currency, "closed_on": day.isoformat()}
            case "deals.lost":
                return {"reason": deal.loss_reason, "competitor": deal.competitor}
            case "deals.returned" | "deals.rejected":
                return {"reason": deal.decision_reason}
        return {}


def _changed_hands(saved: Saved) -> bool:
    return bool(saved.instance.partner_id != saved.before.partner_id)


def _inquiry(deal: Any) -> Inquiry:
    customer = Typed.of(deal.customer_name, deal.customer_domain, str(deal.customer_country or ""))
    products = tuple(sorted(product for product, _ in deal.items))
    return Inquiry(deal.partner_id, customer, products, ignoring=deal.reference)


def _told(verdict: str, numbers: list[int]) -> str:
    """ "Claimed: 2 open deals (lines 4, 9)."; of many the first few lines."""
    listed = ", ".join(map(str, numbers[:SHOWN_LINES])) + (", ..." if len(numbers) > SHOWN_LINES else "")
    deals = "1 open deal" if len(numbers) == 1 else f"{len(numbers):,} open deals"
    return f"{Verdict(verdict).label}: {deals} (line{'s' * (len(numbers) > 1)} {listed})."


def _items_moved(saved: Saved) -> bool:
    return saved.instance.items != saved.before.items or _changed_hands(saved)


def _write(rows: Iterable[Model]) -> None:
    listed = list(rows)
    if listed:
        type(listed[0])._default_manager.bulk_create(listed, batch_size=5000)
