"""The learning home, the catalogue, the paths."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from enablement.audience import audience_text
from enablement.courses import policies
from enablement.courses.selectors import enrolments_of, offered, offered_from_a_higher_tier
from enablement.home import presenters, selectors
from enablement.home.filters import CatalogueFilter
from enablement.paths.selectors import paths_for, ways

PAGE = 20


@require_GET
def home(request: Any) -> HttpResponse:
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
    }
    return render(request, "enablement/home/home.html", context)


@require_GET
def catalogue(request: Any) -> HttpResponse:
    """Courses open to this person, with how first tries go and where each stands."""
    rows = offered(request.actor)
    chosen = CatalogueFilter(request.GET, rows, products=selectors.products_of(rows))
    page = Paginator(chosen.qs.order_by("title", "pk"), PAGE).get_page(request.GET.get("page"))
    courses = list(page.object_list)
    tries = selectors.catalogue_first_tries([course.pk for course in courses])
    mine = selectors.standing_in(request.actor, courses)
    steps = selectors.steps_of(courses)
    context = {
        "filter": chosen,
        "page": page,
        "rows": [
            presenters.catalogue_row(one, mine.get(one.pk), tries.get(one.pk), steps.get(one.pk, []))
            for one in courses
        ],
        "higher": offered_from_a_higher_tier(request.actor).count(),
        "learns": policies.may_learn(request.actor),
        "edits": policies.may_edit(request.actor),
    }
    return render(
        request, "enablement/home/catalogue.html", context, status=200 if chosen.is_valid() else 422
    )


@require_GET
def paths(request: Any) -> HttpResponse:
    """Every path meant for this person, and how far they came on each."""
    learns = policies.may_learn(request.actor)
    mine = list(enrolments_of(request.actor.user.pk)) if learns else []
    found = ways(paths_for(request.actor), mine)
    context = {
        "ways": [(way, presenters.stops(way, {}), audience_text(way.path)) for way in found],
        "learns": learns,
        "edits": policies.may_edit(request.actor),
    }
    return render(request, "enablement/home/paths.html", context)


@require_GET
def path(request: Any, slug: str) -> HttpResponse:
    found = get_object_or_404(paths_for(request.actor), slug=slug)
    learns = policies.may_learn(request.actor)
    mine = list(enrolments_of(request.actor.user.pk)) if learns else []
    way = next(iter(ways([found], mine)), None)
    context = {
        "path": found,
        "way": way,
        "rows": [(stop, way.before(stop)) for stop in way.stops] if way else [],
        "learns": learns,
        "audience": audience_text(found),
    }
    return render(request, "enablement/home/path.html", context)


@require_GET
def record(request: Any) -> HttpResponse:
    """Everything one ever took, what was given up included: nothing is deleted."""
    page = Paginator(enrolments_of(request.actor.user.pk), PAGE).get_page(request.GET.get("page"))
    return render(request, "enablement/home/record.html", {"page": page})
