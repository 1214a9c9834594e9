"""The learning home, the catalogue, the paths."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from enablement.audience import audience_text
from enablement.courses import policies
from enablement.courses.selectors import enrolments_of, is_open
from enablement.home import presenters, selectors
from enablement.home.filters import CatalogueFilter
from enablement.paths.selectors import Way, paths_for, steps_for, ways
from partners.policies import may_see_learning
from portal.tenancy.http import PortalRequest

PAGE = 20


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """What a learner does next; the vendor's people find the catalogue here."""
    if not policies.may_learn(request.actor):
        return catalogue(request)
    desk = selectors.desk(request.actor)
    way = desk.way
    begun = {one.enrolment.course_id: one for one in desk.begun}
    context = {
        "desk": desk,
        "headline": presenters.headline(desk),
        "next": presenters.next_step(desk.next) if desk.next else None,
        "others": [presenters.next_step(one) for one in desk.begun[1:]],
        "assigned": presenters.assigned_rows(desk),
        "suggestions": [presenters.suggestion(gap) for gap in desk.gaps],
        "way": way,
        "stops": presenters.stops(way, begun) if way else [],
        "finished": desk.finished[:5],
        "team": may_see_learning(request.actor, request.actor.partner),
    }
    return render(request, "enablement/home/home.html", context)


@require_GET
def next_step(request: PortalRequest) -> HttpResponse:
    """A part of the partner's home: what to learn next, and what was asked for besides."""
    if not policies.may_learn(request.actor):
        raise Http404("learners learn")
    begun, asked = selectors.next_of(request.actor)
    context = {"next": presenters.next_step(begun) if begun else None, "asked": asked[:3]}
    return render(request, "enablement/home/_next.html", context)


@require_GET
def catalogue(request: PortalRequest) -> HttpResponse:
    """Courses open to this person, with how first tries go and where each stands."""
    everything = selectors.catalogue(request.actor)
    chosen = CatalogueFilter(request.GET, everything, products=selectors.products())
    count, higher = selectors.catalogue_counts(chosen.qs, request.actor)
    rows = chosen.qs.filter(is_open(request.actor)).distinct().order_by("title", "pk")
    page = CountedPaginator(rows, PAGE, count=count).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "page": page,
        "rows": [presenters.catalogue_row(course) for course in page.object_list],
        "higher": higher,
        "learns": policies.may_learn(request.actor),
        "edits": policies.may_edit(request.actor),
    }
    return render(
        request, "enablement/home/catalogue.html", context, status=200 if chosen.is_valid() else 422
    )


class CountedPaginator(Paginator):
    """For rows that were counted already."""

    def __init__(self, rows: Any, size: int, *, count: int) -> None:
        super().__init__(rows, size)
        self.count = count


@require_GET
def paths(request: PortalRequest) -> HttpResponse:
    """Every path meant for this person, and how far they came on each."""
    found = _ways(request)
    context = {
        "ways": [(way, presenters.stops(way, {}), audience_text(way.path)) for way in found],
        "learns": policies.may_learn(request.actor),
        "edits": policies.may_edit(request.actor),
    }
    return render(request, "enablement/home/paths.html", context)


@require_GET
def path(request: PortalRequest, slug: str) -> HttpResponse:
    way = next((way for way in _ways(request) if way.path.slug == slug), None)
    found = way.path if way else get_object_or_404(paths_for(request.actor), slug=slug)
    context = {
        "path": found,
        "way": way,
        "rows": [(stop, way.before(stop)) for stop in way.stops] if way else [],
        "learns": policies.may_learn(request.actor),
        "audience": audience_text(found),
    }
    return render(request, "enablement/home/path.html", context)


def _ways(request: PortalRequest) -> list[Way]:
    learns = policies.may_learn(request.actor)
    mine = list(enrolments_of(request.actor.user.pk)) if learns else []
    return ways(steps_for(request.actor), mine)


@require_GET
def record(request: PortalRequest) -> HttpResponse:
    """Everything one ever took, what was given up included: nothing is deleted."""
    page = Paginator(enrolments_of(request.actor.user.pk), PAGE).get_page(request.GET.get("page"))
    return render(request, "enablement/home/record.html", {"page": page})
