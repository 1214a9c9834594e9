"""Importing leads: a list from a fair, a campaign or another system. They wait for an offer then."""

from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError

from deals.customers.resources import Domain
from deals.leads.entry import references_take
from deals.leads.models import FREE, Lead, LeadLine
from partners.models import Region
from partners.resources.products import product_lookup
from portal.events.log import Fact, record_many
from portal.imports.cells import (
    Amount,
    Cell,
    Count,
    Country,
    Currency,
    Key,
    Known,
    Lookup,
    Refused,
    Text,
    minor_units,
)
from portal.imports.resources import Saved, VendorResource
from portal.people.models import Membership
from portal.tenancy.roles import Role

_OWNERS = (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)


class LeadResource(VendorResource):
    external_key = Cell(
        "external_key", Key(), required=True, help="Its key where it comes from.", names=("id", "lead_id")
    )
    customer = Cell(
        "customer_name", Text(), required=True, help="Legal name.", names=("company", "account", "name")
    )
    domain = Cell("customer_domain", Domain(), help="Domain, web address or e-mail.", names=("website",))
    country = Cell("customer_country", Country(), help="ISO code or name. Rules route by it.")
    contact_name = Cell("contact_name", Text(), help="Whom to talk to.", names=("contact",))
    contact_email = Cell("contact_email", Text(), help="E-mail address.", names=("email",))
    contact_phone = Cell("contact_phone", Text(), help="Telephone number.", names=("phone",))
    product = Cell("product_ids", Known("product"), many=True, help="Code or name.")
    quantity = Cell("quantities", Count(), many=True, help="How many of it; empty: 1.")
    amount = Cell("stated_amount", Amount(), total=True, help="Estimate; empty: not stated.")
    currency = Cell("currency", Currency(), help="ISO code; empty: the vendor's.")
    region = Cell("region_id", Known("region"), help="Name or code. Rules route by it.")
    owner = Cell("owner_id", Known("manager"), help="E-mail of the manager; empty: whoever loads the file.")
    source = Cell("source", Text(), help="Where it comes from.", names=("campaign",))
    notes = Cell("notes", Text(lines=True), help="What they want; partners read it.")

    keys = ("external_key",)
    about = "They wait for an offer; what a partner works on already is left as it is."
    tracked = (
        "external_key", "customer_name", "customer_domain", "customer_country", "contact_name",
        "contact_email", "contact_phone", "items", "amount", "currency", "region_id", "owner_id", "source",
        "notes",
    )  # fmt: skip
    stamped = ("updated_at",)
    reported_as = {"customer_name": "customer", "items": "product", "amount": "amount"}

    class Meta:
        model = Lead
        fields = (
            "external_key", "customer", "domain", "country", "contact_name", "contact_email", "contact_phone",
            "product", "quantity", "amount", "currency", "region", "owner", "source", "notes",
        )  # fmt: skip

    def load_lookups(self) -> None:
        owners = Membership.objects.filter(role__in=_OWNERS, is_active=True).select_related("user")
        regions = list(Region.objects.order_by("name"))
        self.context.lookups = {
            "product": product_lookup(),
            "region": Lookup(
                "region", ((one.code, one.pk) for one in regions), ((one.name, one.pk) for one in regions)
            ),
            "manager": Lookup("manager", ((one.user.email, one.user_id) for one in owners)),
        }

    def existing(self, field: str, keys: Any) -> dict[Any, Any]:
        found = super().existing(field, keys)
        leads: list[Any] = [one for one in found.values() if isinstance(one, Lead)]
        items: dict[int, Counter[int]] = {lead.pk: Counter() for lead in leads}
        lines = LeadLine.objects.filter(lead__in=items).values_list("lead_id", "product_id", "quantity")
        for lead_id, product_id, quantity in lines:
            items[lead_id][product_id] += quantity
        for lead in leads:
            lead.items = frozenset(items[lead.pk].items())
        return found

    def complete(self, instance: Any, before: Any) -> None:
        instance.currency = instance.currency or self.context.vendor.currency
        instance.customer_domain = instance.customer_domain or ""
        if len(instance.customer_name) > 200:
            raise ValidationError({"customer": "A name has at most 200 characters."})
        self._amount(instance)
        self._items(instance, before)
        if before is None and instance.owner_id is None and self.actor and self.actor.is_manager:
            instance.owner_id = self.actor.user.pk
        if before is not None and before.status not in FREE and self.differences(instance, before):
            label = before.get_status_display().lower()
            what = f"Here the lead is {label} already; an import leaves it so."
            raise ValidationError({"external_key": what})
        instance.updated_at = self.now

    def _amount(self, lead: Any) -> None:
        if "amount" not in self.record.texts:
            return
        try:
            stated = lead.stated_amount
            lead.amount = None if stated is None else minor_units(stated, lead.currency)
        except Refused as refused:
            raise ValidationError({"amount": refused}) from refused

    def _items(self, lead: Any, before: Any) -> None:
        if "product" not in self.record.texts:
            lead.items = before.items if before else frozenset()
            return
        quantities = getattr(lead, "quantities", None) or [1] * len(lead.product_ids)
        items: Counter[int] = Counter()
        for product_id, quantity in zip(lead.product_ids, quantities, strict=True):
            if product_id is not None:
                items[product_id] += quantity
        if any(quantity > 1_000_000 for quantity in items.values()):
            raise ValidationError({"quantity": "At most 1,000,000 of a product."})
        lead.items = frozenset(items.items())

    def label(self, instance: Any) -> str:
        return f"{instance.external_key} {instance.customer_name}"

    def before_writing(self, instances: list[Any]) -> None:
        new = [lead for lead in instances if lead.pk is None]
        for lead, reference in zip(new, references_take(len(new)) if new else (), strict=True):
            lead.reference, lead.created_at = reference, self.now

    def after_writing(self) -> None:
        moved = [one.instance for one in self.saved if _items_moved(one)]
        LeadLine.objects.filter(lead__in=[lead.pk for lead in moved]).delete()
        LeadLine.objects.bulk_create(
            (
                LeadLine(lead_id=lead.pk, product_id=product_id, quantity=quantity)
                for lead in moved
                for product_id, quantity in sorted(lead.items)
            ),
            batch_size=5000,
        )
        if not self.dry_run:
            record_many([self._fact(saved) for saved in self.saved], actor=self.actor)

    def _fact(self, saved: Saved) -> Fact:
        lead = saved.instance
        told = {"reference": lead.reference, "customer": lead.customer_name, "new": saved.before is None}
        return Fact("deals.lead_imported", None, lead, self.now, told)


def _items_moved(saved: Saved) -> bool:
    return saved.before is None or saved.instance.items != saved.before.items
