"""Who may see what notifications of deals and leads lead to, and who looks after it now."""

from collections.abc import Collection, Iterable

from deals.deal.models import Deal
from deals.deal.selectors import deals_visible
from deals.disputes.models import ConflictCase
from deals.disputes.selectors import cases_visible
from deals.leads.models import Lead
from deals.leads.selectors import leads_visible, offers_visible
from partners.selectors import managers_of
from portal.notifications.readers import Subject, declare_subject
from portal.people.models import User
from portal.tenancy.access import Actor


def _deals(actor: Actor, references: Collection[str]) -> Collection[str]:
    rows = deals_visible(actor).filter(reference__in=references).order_by()
    return set(rows.values_list("reference", flat=True))


def _of_deal(reference: str) -> Iterable[User]:
    deal = Deal.objects.select_related("partner").filter(reference=reference).first()
    return managers_of(deal.partner) if deal else ()


def _leads(actor: Actor, references: Collection[str]) -> Collection[str]:
    rows = leads_visible(actor) if actor.is_staff else offers_visible(actor)
    return set(rows.filter(reference__in=references).order_by().values_list("reference", flat=True))


def _of_lead(reference: str) -> Iterable[User]:
    """Its owner; the managers of the partner that has it would see it as well, but do not distribute it."""
    lead = Lead.objects.select_related("owner").filter(reference=reference).first()
    return [lead.owner] if lead and lead.owner else ()


def _cases(actor: Actor, ids: Collection[str]) -> Collection[str]:
    return {str(pk) for pk in cases_visible(actor).filter(pk__in=ids).order_by().values_list("pk", flat=True)}


def _of_case(pk: str) -> Iterable[User]:
    case = ConflictCase.objects.select_related("partner").filter(pk=pk).first()
    return managers_of(case.partner) if case else ()


DEAL_PAGES = ("deals:detail", "deals:price", "deals:amend", "deals:proof", "deals:credit")

declare_subject(Subject(_deals, _of_deal), *DEAL_PAGES)
declare_subject(Subject(_leads, _of_lead), "leads:detail")
declare_subject(Subject(_cases, _of_case), "deals:case")
