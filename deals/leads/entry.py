"""A manager enters a lead, or corrects one that no partner has."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from deals.deal.people import as_the_vendor
from deals.leads import policies
from deals.leads.actions import managed, one_at_a_time, record_lead_event
from deals.leads.models import Lead, LeadLine
from partners.models import Product
from portal.references import draw
from portal.tenancy.access import Actor

#: What is answered about a lead; amount in minor units of `currency`, owner and region by id.
ANSWERS: Final = (
    "customer_name", "customer_domain", "customer_country", "contact_name", "contact_email", "contact_phone",
    "amount", "currency", "region_id", "owner_id", "source", "notes",
)  # fmt: skip
Lines = Iterable[tuple[int, int]]


def references_take(count: int = 1) -> list[str]:
    """`count` references, such as "L-4F7HQ2X", that no lead of the vendor has."""
    return draw("L", count, _taken)


def _taken(candidates: Collection[str]) -> Collection[str]:
    with as_the_vendor():
        return set(Lead.objects.filter(reference__in=candidates).values_list("reference", flat=True))


@transaction.atomic
def lead_save(
    *,
    actor: Actor,
    answers: Mapping[str, Any],
    lines: Lines,
    lead: Lead | None = None,
    key: UUID | None = None,
) -> Lead:
    """Enter a lead, or change one no partner has. `lines` are (product id, quantity) pairs.

    `key` names the form: sent twice it is one lead.
    """
    if lead is None:
        return _entered(actor, answers, lines, key)
    lead = managed("edit", actor, lead)
    before = {name: getattr(lead, name) for name in answers}
    _with_answers(lead, answers)
    changed = [name for name in before if getattr(lead, name) != before[name]]
    lines_changed = _set_lines(lead, lines)
    if not changed and not lines_changed:
        return lead
    lead.save()
    told = [*(name.removesuffix("_id") for name in changed), *["products"] * lines_changed]
    record_lead_event("deals.lead_changed", actor, lead, changed=", ".join(told))
    return lead


def _entered(actor: Actor, answers: Mapping[str, Any], lines: Lines, key: UUID | None) -> Lead:
    if not policies.may_enter(actor):
        raise PermissionDenied("Leads are entered by managers.")
    one_at_a_time("enter leads")  # before looking: the same form may be sent twice at the same moment
    sent_before: Lead | None = Lead.objects.filter(form_key=key).first() if key else None
    if sent_before:
        return sent_before
    lead = Lead(currency=actor.vendor.currency, created_by=actor.user, owner=actor.user, form_key=key)
    _with_answers(lead, answers)
    lead.reference = references_take()[0]
    lead.save(force_insert=True)
    _set_lines(lead, lines)
    record_lead_event("deals.lead_created", actor, lead)
    return lead


def _with_answers(lead: Lead, answers: Mapping[str, Any]) -> None:
    unknown = set(answers) - set(ANSWERS)
    if unknown:
        raise TypeError(f"not an answer: {sorted(unknown)}")
    for name, value in answers.items():
        setattr(lead, name, value)
    if not lead.customer_name.strip():
        raise ValidationError({"customer_name": "Name the customer."})
    given = {name for name, value in answers.items() if value not in ("", None)}
    lead.clean_fields(exclude={field.name for field in lead._meta.fields} - given)
    if lead.amount is not None and lead.amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})


def _set_lines(lead: Lead, lines: Lines) -> bool:
    """Replace the products; False when they are the same already."""
    wanted = dict(lines)
    if wanted == dict(lead.lines.values_list("product_id", "quantity")):
        return False
    if Product.objects.filter(pk__in=wanted).count() != len(wanted):
        raise ValidationError({"products": "Choose products from the list."})
    lead.lines.all().delete()
    LeadLine.objects.bulk_create(
        LeadLine(lead=lead, product_id=product, quantity=quantity) for product, quantity in wanted.items()
    )
    return True
