"""The conflict check of the registration form: while typing, and when asked for without scripts."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deals.conflicts.check import Answer, conflict_check, may_check_now
from deals.customers.match_keys import normalised_name, registrable_domain
from deals.deal import policies
from deals.deal.selectors import deals_visible
from deals.registration.forms import MOST_LINES
from portal.tenancy.http import PortalRequest

_PRODUCT: Final = re.compile(r"lines-\d{1,3}-product")
_ID: Final = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the box of the conflict check shows: answers, or why there are none yet."""

    answers: list[Answer]
    at: datetime
    too_often: bool = False


@require_GET
def check(request: PortalRequest) -> HttpResponse:
    """Is the customer being typed free for the chosen products? A fragment of the form."""
    if not policies.may_register(request.actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    return render(request, "deals/conflicts/_check.html", {"checked": checked(request.actor, request.GET)})


def own_or_404(actor: Any, reference: str) -> str:
    """The reference if it is a registration of the person's own partner, '' for none; Http404 for others.

    What is named is left out of the answer: with a rival's, the answer would tell who holds the claim.
    """
    if not reference:
        return ""
    own = deals_visible(actor).filter(partner=actor.partner, reference=reference.replace("\0", "")[:20])
    if not own.exists():
        raise Http404("no registration of one's own")
    return reference


def checked(actor: Any, typed: QueryDict) -> Checked:
    """`typed`: the fields of the form as far as they are filled."""
    now = timezone.now()
    name, domain, country = (
        typed.get(field, "").replace("\0", "")[:253]
        for field in ("customer_name", "customer_domain", "customer_country")
    )
    reference = own_or_404(actor, typed.get("deal", ""))
    products = _products(typed)
    if not products or not (normalised_name(name) or registrable_domain(domain)):
        return Checked([], now)
    if not may_check_now(actor):
        return Checked([], now, too_often=True)
    answers = conflict_check(
        actor, name=name, domain=domain, country=country, product_ids=products, ignoring=reference
    )
    return Checked(answers, now)


def _products(typed: QueryDict) -> list[int]:
    chosen = (typed.get(field, "") for field in typed if _PRODUCT.fullmatch(field))
    return [int(value) for value in chosen if _ID.fullmatch(value)][:MOST_LINES]
