"""Reads around a registration: the programme's limits, and whether it was made before."""

from uuid import UUID

from django.db.models import Q

from deals.customers.match_keys import normalised_name, registrable_domain
from deals.deal.models import Deal
from deals.deal.selectors import OPEN, deals_visible
from deals.registration.models import DealTerms
from portal.tenancy.access import Actor
from portal.text import folded_name


def terms() -> DealTerms:
    """The vendor's, or the usual where it has said nothing."""
    return DealTerms.objects.first() or DealTerms()


def own_duplicates(actor: Actor, name: str, domain: str, other_than: Deal | None = None) -> list[Deal]:
    """The own partner's open deals for the same customer, by domain, by name, or spelled the same."""
    name, domain = name.replace("\0", ""), domain.replace("\0", "")  # may come as typed, unjudged
    name_key, domain_key = normalised_name(name), registrable_domain(domain)
    spelt = folded_name(name)
    same = Q(customer_key=spelt) if spelt else Q(pk__in=[])
    if name_key:
        same |= Q(customer__normalised_name=name_key)
    if domain_key:
        same |= Q(customer__domain=domain_key)
    own = deals_visible(actor).filter(same, partner=actor.partner, status__in=OPEN)
    if other_than is not None:
        own = own.exclude(pk=other_than.pk)
    return list(own.select_related("registered_by")[:5])


def deal_of_form(actor: Actor, key: UUID) -> Deal | None:
    """The own partner's deal that came from this form with these answers, if it was sent before."""
    found: Deal | None = deals_visible(actor).filter(partner=actor.partner, form_key=key).first()
    return found
