"""Taking a course: parse, call, render."""

from collections.abc import Sequence
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from enablement.assignments.models import Assignment
from enablement.assignments.selectors import assigned_to
from enablement.audience import audience_text
from enablement.courses import policies, selectors, services
from enablement.courses.content import Completion, Shown, content_kind
from enablement.courses.models import Course, CourseFile, CourseVersion, Enrolment, Module
from enablement.courses.selectors import Step
from enablement.player import presenters
from portal.files.uploads import as_attachment

#: Films play from wherever the vendor keeps them; nothing else does.
FILMS = {"media-src": ["'self'", "https:"]}


def _course(request: Any, slug: str) -> Course:
    course = selectors.course_visible(request.actor, slug)
    if course is None:
        raise Http404("no course of this person")
    return course


# The course -------------------------------------------------------------------------------------------


@csp_update(FILMS)
@require_GET
def course(request: Any, slug: str) -> HttpResponse:
    """Where one stopped; before one is enrolled, what the course is about."""
    found = _course(request, slug)
    enrolment = _enrolment(request, found)
    if enrolment is None:
        return _overview(request, found)
    steps = selectors.outline(enrolment.version, enrolment)
    return _player(request, found, enrolment, steps, _stopped_at(enrolment, steps))


@csp_update(FILMS)
@require_GET
def module(request: Any, slug: str, position: int) -> HttpResponseBase:
    found = _course(request, slug)
    enrolment = _enrolment(request, found)
    if enrolment is None:
        return redirect("enablement:course", slug)
    steps = selectors.outline(enrolment.version, enrolment)
    return _player(request, found, enrolment, steps, _at(steps, position))


def _enrolment(request: Any, found: Course) -> Enrolment | None:
    if not policies.may_learn(request.actor):
        return None
    return selectors.enrolment_of(request.actor.user.pk, found)


def _stopped_at(enrolment: Enrolment, steps: Sequence[Step]) -> Step:
    """Where the person stopped while that is not over, else the first that is not, else the first."""
    last = next((step for step in steps if step.module.pk == enrolment.module_id), None)
    if last and not last.is_over:
        return last
    return selectors.next_step(steps) or steps[0]


def _at(steps: Sequence[Step], position: int) -> Step:
    step = next((step for step in steps if step.module.position == position), None)
    if step is None:
        raise Http404("no such module")
    return step


def _player(
    request: Any, found: Course, enrolment: Enrolment, steps: Sequence[Step], here: Step, **more: Any
) -> HttpResponse:
    """`more` may hold `status` and `problems`."""
    page = _page(request, here)
    for step in steps:
        step.module.version = enrolment.version
    if enrolment.is_open and request.method == "GET":
        services.module_open(
            actor=request.actor, enrolment=enrolment, module=here.module,
            place=str(page) if page else "", device=presenters.device_of(request),
        )  # fmt: skip
    extent = selectors.extent(steps)
    assignment = (
        assigned_to(request.actor.user.pk).filter(course=found).first() if enrolment.is_open else None
    )
    context = {
        **_stage(request, here, enrolment, page or 1),
        "course": found,
        "enrolment": enrolment,
        "headline": presenters.headline(found, enrolment, extent),
        "progress_text": presenters.progress_text(extent),
        "saved_text": presenters.saved_text(enrolment),
        "assignment": assignment,
        "extent": extent,
        "share": round(extent.share * 100),
        "spent": presenters.duration(extent.minutes_over),
        "total": presenters.duration(extent.minutes),
        "lines": presenters.lines(steps, here),
        "newer": found.published_id != enrolment.version_id and enrolment.is_open,
        "problems": more.get("problems", []),
        **_neighbours(steps, here),
    }
    return render(request, "enablement/player/course.html", context, status=more.get("status", 200))


def _page(request: Any, here: Step) -> int:
    """The page of the module asked for, else where the person stopped in it; 0 where it has no pages."""
    asked = request.GET.get("page", "")
    if asked.isdecimal() and len(asked) < 5:
        return int(asked)
    place = here.progress.place if here.progress and not here.is_over else ""
    return int(place) if place.isdecimal() and len(place) < 5 and here.module.kind == "text" else 0


def _stage(request: Any, here: Step, enrolment: Enrolment | None, page: int) -> dict[str, Any]:
    """What the kind of the module shows."""
    kind = content_kind(here.module.kind)
    shown = Shown(request.actor, here.module, enrolment, here.progress, page)
    return {
        **kind.context(shown),
        "module": here.module,
        "progress": here.progress,
        "step": here,
        "kind": kind,
        "minutes": presenters.duration(here.module.minutes),
        "says_done": kind.completion == Completion.LEARNER,
    }


def _neighbours(steps: Sequence[Step], here: Step) -> dict[str, Module | None]:
    place = next(place for place, step in enumerate(steps) if step is here)
    return {
        "before": steps[place - 1].module if place else None,
        "after": steps[place + 1].module if place + 1 < len(steps) else None,
    }


def _overview(request: Any, found: Course) -> HttpResponse:
    version = found.published
    steps = selectors.outline(version, None) if version else []
    context = {
        "course": found,
        "lines": presenters.lines(steps, None),
        "total": presenters.duration(sum(step.module.minutes for step in steps)),
        "audience": audience_text(found),
        "may_enrol": policies.may_enrol(request.actor, found),
        "may_look": request.actor.is_staff and version is not None,
        "may_edit": policies.may_edit(request.actor),
        "assignment": _asked(request, found),
    }
    return render(request, "enablement/player/overview.html", context)


def _asked(request: Any, found: Course) -> Assignment | None:
    return assigned_to(request.actor.user.pk).filter(course=found).first()


# A look inside, without a trace --------------------------------------------------------------------------


@csp_update(FILMS)
@require_GET
def preview(request: Any, slug: str, number: int, position: int) -> HttpResponse:
    """As a learner sees it. The vendor's people look into what is published, admins into drafts as well."""
    if not request.actor.is_staff:
        raise Http404("learners learn")
    found = _course(request, slug)
    versions = CourseVersion.objects.filter(course=found, number=number)
    if not policies.may_edit(request.actor):
        versions = versions.filter(published_at__isnull=False)
    version = get_object_or_404(versions)
    steps = selectors.outline(version, None)
    here = _at(steps, position)
    version.course = found
    for step in steps:
        step.module.version = version
    context = {
        **_stage(request, here, None, _page(request, here) or 1),
        "course": found,
        "version": version,
        "lines": presenters.lines(steps, here),
        "total": presenters.duration(sum(step.module.minutes for step in steps)),
        "may_edit": policies.may_edit(request.actor),
        **_neighbours(steps, here),
    }
    return render(request, "enablement/player/preview.html", context)


# What a learner does -------------------------------------------------------------------------------------


@require_POST
def enrol(request: Any, slug: str) -> HttpResponseBase:
    found = _course(request, slug)
    if not policies.may_learn(request.actor):
        raise PermissionDenied("Courses are taken by partner people.")
    try:
        services.enrol(actor=request.actor, course=found)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("enablement:course", slug)


@require_POST
def done(request: Any, slug: str, position: int) -> HttpResponseBase:
    """Through with a module: on to the next one that is not over."""
    found, enrolment, steps, here = _work(request, slug, position)
    try:
        enrolment = services.module_done(actor=request.actor, enrolment=enrolment, module=here.module)
    except ValidationError as error:
        return _player(request, found, enrolment, steps, here, status=422, problems=error.messages)
    return _onward(request, found, enrolment, here)


@require_POST
def skip(request: Any, slug: str, position: int) -> HttpResponseBase:
    found, enrolment, steps, here = _work(request, slug, position)
    try:
        enrolment = services.module_skip(actor=request.actor, enrolment=enrolment, module=here.module)
    except ValidationError as error:
        return _player(request, found, enrolment, steps, here, status=422, problems=error.messages)
    return _onward(request, found, enrolment, here)


def _onward(request: Any, found: Course, enrolment: Enrolment, here: Step) -> HttpResponseBase:
    if enrolment.completed_at:
        messages.success(request, f"You finished {found}.")
        return redirect("enablement:course", found.slug)
    steps = selectors.outline(enrolment.version, enrolment)
    later = [step for step in steps if step.module.position > here.module.position]
    following = selectors.next_step(later) or selectors.next_step(steps)
    position = following.module.position if following else here.module.position
    return redirect("enablement:module", found.slug, position)


@require_POST
def place(request: Any, slug: str, position: int) -> HttpResponse:
    """Where a film stands, told now and then by its page."""
    _, enrolment, _, here = _work(request, slug, position)
    told = request.POST.get("place", "")
    if not told.isdecimal() or len(told) > 6:
        return HttpResponse("Tell the place as whole seconds.", status=422, content_type="text/plain")
    if enrolment.is_open:
        services.module_open(
            actor=request.actor, enrolment=enrolment, module=here.module, place=told,
            device=presenters.device_of(request),
        )  # fmt: skip
    return HttpResponse(status=204)


@require_POST
def leave(request: Any, slug: str) -> HttpResponseBase:
    found = _course(request, slug)
    enrolment = _enrolment(request, found)
    if enrolment is None:
        raise Http404("not in this course")
    services.course_leave(actor=request.actor, enrolment=enrolment)
    messages.success(request, f"You left {found}. What you did in it stays on record.")
    return redirect("enablement:home")


def _work(request: Any, slug: str, position: int) -> tuple[Course, Enrolment, list[Step], Step]:
    found = _course(request, slug)
    enrolment = _enrolment(request, found)
    if enrolment is None:
        if request.actor.is_staff:
            raise PermissionDenied("Courses are taken by partner people.")
        raise Http404("not in this course")
    steps = selectors.outline(enrolment.version, enrolment)
    return found, enrolment, steps, _at(steps, position)


# Files -----------------------------------------------------------------------------------------------------


def _file(request: Any, pk: int) -> CourseFile:
    """Of a course that the person may open; whoever may not learns nothing of it."""
    stored: CourseFile = get_object_or_404(CourseFile.objects.annotate(slug=F("course__slug")), pk=pk)
    _course(request, stored.slug)  # type: ignore[attr-defined]
    return stored


@require_GET
def download(request: Any, pk: int) -> HttpResponse:
    return as_attachment(_file(request, pk), actor=request.actor)


@require_GET
def picture(request: Any, pk: int) -> HttpResponse:
    """A picture within a text. Shown on the page, so it leaves no event of its own."""
    stored = _file(request, pk)
    if stored.content_type not in selectors.PICTURES:
        raise Http404("not a picture")
    with stored.file.open() as file:
        response = HttpResponse(file.read(), content_type=stored.content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response
