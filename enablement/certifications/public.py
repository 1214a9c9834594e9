"""What everybody with the link sees of a certificate: what its holder shared, and whether it is in force."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from enablement.badges.selectors import list_of
from enablement.certifications import presenters, selectors
from enablement.certifications.models import Award
from portal.tenancy.http import VisitorRequest
from portal.tenancy.scope import entered, system_scope


@login_not_required
@require_GET
def shared(request: VisitorRequest, token: str) -> HttpResponse:
    """No list, no search, nothing kept by search engines; unknown and withdrawn links are the same 404."""
    with entered(system_scope(request.vendor.pk)):
        rows = Award.objects.select_related("certification", "user")
        award = rows.filter(token=token.replace("\0", "")).first()
        if award is None:
            raise Http404("no such certificate")
        now = timezone.now()
        seat = selectors.seat_of(award.user_id) if award.shows_employer else None
        context = {
            "award": award,
            "state": award.state(now),
            "told": presenters.public_words(award, now, request.vendor),
            "employer": seat.partner.name if seat else "",
            "courses": selectors.required_of([award.certification_id])[award.certification_id],
            "status_list": list_of(award.pk),
            "now": now,
        }
        answer = render(request, "enablement/certifications/public.html", context)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "private, no-store"
    return answer
