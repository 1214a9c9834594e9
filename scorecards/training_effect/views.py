"""The page of what training does, and its file."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.tenancy.http import PortalRequest
from portal.ui.exports import csv_response
from scorecards.services import day_that_ended
from scorecards.training_effect import policies, presenters, selectors
from scorecards.training_effect.forms import EffectForm
from scorecards.training_effect.selectors import Effect


@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """Three looks side by side, then product by product, course by course, and by groups of partners."""
    form, effect = _asked(request)
    currency = request.vendor.currency
    products = presenters.axis([one.difference for one in effect.products])
    courses = presenters.axis([one.effect.difference for one in effect.courses])
    groups = presenters.axis([one.difference for _, rows in effect.groups for one in rows])
    context = {
        "form": form,
        "effect": effect,
        "now": timezone.now(),
        "heading": presenters.heading(effect),
        "all_deals": presenters.all_deals(effect),
        "same_partner": presenters.same_partner(effect.pairs),
        "before_after": presenters.before_and_after(effect.before_after),
        "products_heading": presenters.products_heading(effect.products),
        "products_axis": products,
        "products": presenters.comparison_rows(effect.products, products, currency),
        "courses_heading": presenters.courses_heading(effect.courses),
        "courses_axis": courses,
        "courses": presenters.course_rows(effect.courses, courses),
        "groups_axis": groups,
        "groups": [
            (title, presenters.comparison_rows(rows, groups, currency, effect.edge))
            for title, rows in effect.groups
        ],
        "needed": presenters.NEEDED,
        "export_url": f"{reverse('scorecards:training_effect_export')}?{request.GET.urlencode()}",
    }
    status = 422 if form.errors else 200
    return render(request, "scorecards/training_effect/page.html", context, status=status)


@require_GET
def export(request: PortalRequest) -> HttpResponse:
    """Every line of the page."""
    form, effect = _asked(request)
    if form.errors:  # the page tells what is wrong; a file of everybody would mislead
        return redirect(f"{reverse('scorecards:training_effect')}?{request.GET.urlencode()}")
    lines = presenters.lines(effect, request.vendor.currency) if effect.is_told else []
    name = f"training-effect-{effect.day:%Y-%m-%d}"
    return csv_response(name, presenters.HEADER, lines, actor=request.actor)


def _asked(request: PortalRequest) -> tuple[EffectForm, Effect]:
    if not policies.may_see(request.actor):
        raise Http404("for the vendor's people")
    vendor = request.vendor
    form = EffectForm(request.GET, today=vendor.today, newest=day_that_ended(vendor))
    read = selectors.read(actor=request.actor, day=form.asked_day)
    form.offer_regions(read.partners.regions)
    effect = selectors.effect(read, form.chosen)
    form.name_volumes(effect.edge, vendor.currency)
    return form, effect
