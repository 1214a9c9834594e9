"""Taking a course: parse, call, render."""

from collections.abc import Sequence
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, OuterRef, Subquery
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
from portal.tenancy.http import PortalRequest

#: Films play from wherever the vendor keeps them; nothing else does.
FILMS = {"media-src": ["'self'", "https:"]}


def _course(request: PortalRequest, slug: str) -> Course:
    course = selectors.course_visible(request.actor, slug)
    if course is None:
        raise Http404("no course of this person")
    return course


# The course -------------------------------------------------------------------------------------------


@require_GET
@csp_update(FILMS)  # type: ignore[arg-type]
def course(request: PortalRequest, slug: str) -> HttpResponse:
    """Where one stopped; before one is enrolled, what the course is about."""
    enrolment = _enrolment(request, slug)
    if enrolment is None:
        return _overview(request, _course(request, slug))
    steps = selectors.outline(enrolment.version, enrolment)
    return _player(request, enrolment, steps, _stopped_at(enrolment, steps))


@require_GET
@csp_update(FILMS)  # type: ignore[arg-type]
def module(request: PortalRequest, slug: str, position: int) -> HttpResponseBase:
    enrolment = _enrolment(request, slug)
    if enrolment is None:
        return _overview(request, _course(request, slug))
    steps = selectors.outline(enrolment.version, enrolment)
    return _player(request, enrolment, steps, _at(steps, position))


def _enrolment(request: PortalRequest, slug: str) -> Any:
    """One's own in this course, with `due_on` where somebody asked for it; None where there is none."""
    if not policies.may_learn(request.actor):
        return None
    asked = assigned_to(request.actor.user.pk).filter(course=OuterRef("course")).values("due_on")[:1]
    return selectors.enrolment_in(request.actor.user.pk, slug).annotate(due_on=Subquery(asked)).first()


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
    request: PortalRequest,
    enrolment: Any,
    steps: Sequence[Step],
    here: Step,
    *,
    status: int = 200,
    problems: Any = (),
) -> HttpResponse:
    page = _page(request, here)
    _remember(request, enrolment, here, page)
    extent = selectors.extent(steps)
    context = {
        **_stage(request, here, steps, enrolment, page or 1),
        "course": enrolment.course,
        "enrolment": enrolment,
        "headline": presenters.headline(enrolment.course, enrolment, extent),
        "progress_text": presenters.progress_text(extent),
        "saved_text": presenters.saved_text(enrolment),
        "due_on": enrolment.due_on if enrolment.is_open else None,
        "extent": extent,
        "share": round(extent.share * 100),
        "spent": presenters.duration(extent.minutes_over),
        "total": presenters.duration(extent.minutes),
        "lines": presenters.lines(steps, here),
        "newer": enrolment.course.published_id != enrolment.version_id and enrolment.is_open,
        "problems": problems,
        **_neighbours(steps, here),
    }
    return render(request, "enablement/player/course.html", context, status=status)


def _remember(request: PortalRequest, enrolment: Enrolment, here: Step, page: int) -> None:
    """Looking at a module is where one is; a test keeps its own answers."""
    tests = content_kind(here.module.kind).completion == Completion.TEST
    takes_part = policies.may_take_part(request.actor)
    if request.method == "GET" and takes_part and enrolment.is_open and not tests:
        services.module_open(
            actor=request.actor, enrolment=enrolment, module=here.module,
            place=str(page) if page else "", device=presenters.device_of(request),
        )  # fmt: skip


def _page(request: PortalRequest, here: Step) -> int:
    """The page of the module asked for, else where the person stopped in it; 0 where it has no pages."""
    asked = request.GET.get("page", "")
    if asked.isdecimal() and len(asked) < 5:
        return int(asked)
    place = here.progress.place if here.progress and not here.is_over else ""
    return int(place) if place.isdecimal() and len(place) < 5 and here.module.kind == "text" else 0


def _stage(
    request: PortalRequest, here: Step, steps: Sequence[Step], enrolment: Enrolment | None, page: int
) -> dict[str, Any]:
    """What the kind of the module shows."""
    kind = content_kind(here.module.kind)
    modules = [step.module for step in steps]
    shown = Shown(request.actor, here.module, enrolment, here.progress, page, modules)
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


def _overview(request: PortalRequest, found: Course) -> HttpResponse:
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


def _asked(request: PortalRequest, found: Course) -> Assignment | None:
    return assigned_to(request.actor.user.pk).filter(course=found).first()


# A look inside, without a trace --------------------------------------------------------------------------


@require_GET
@csp_update(FILMS)  # type: ignore[arg-type]
def preview(request: PortalRequest, slug: str, number: int, position: int) -> HttpResponse:
    """As a learner sees it. The vendor's people look into what is published, admins into drafts as well."""
    if not request.actor.is_staff:
        raise Http404("learners learn")
    found = _course(request, slug)
    versions = CourseVersion.objects.filter(course=found, number=number)
    if not policies.may_edit(request.actor):
        versions = versions.filter(published_at__isnull=False)
    version = get_object_or_404(versions.select_related("course"))
    steps = selectors.outline(version, None)
    here = _at(steps, position)
    context = {
        **_stage(request, here, steps, None, _page(request, here) or 1),
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
def enrol(request: PortalRequest, slug: str) -> HttpResponseBase:
    found = _course(request, slug)
    if not policies.may_take_part(request.actor):
        raise PermissionDenied("Courses are taken by people of active partners.")
    try:
        services.enrol(actor=request.actor, course=found)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("enablement:course", slug)


@require_POST
def done(request: PortalRequest, slug: str, position: int) -> HttpResponseBase:
    """Through with a module: on to the next one that is not over."""
    enrolment, steps, here = _work(request, slug, position)
    try:
        finished = services.module_done(actor=request.actor, enrolment=enrolment, module=here.module)
    except ValidationError as error:
        return _player(request, enrolment, steps, here, status=422, problems=error.messages)
    return _onward(finished, request, here)


@require_POST
def skip(request: PortalRequest, slug: str, position: int) -> HttpResponseBase:
    enrolment, steps, here = _work(request, slug, position)
    try:
        finished = services.module_skip(actor=request.actor, enrolment=enrolment, module=here.module)
    except ValidationError as error:
        return _player(request, enrolment, steps, here, status=422, problems=error.messages)
    return _onward(finished, request, here)


def _onward(enrolment: Enrolment, request: PortalRequest, here: Step) -> HttpResponseBase:
    course = enrolment.course
    if enrolment.completed_at:
        messages.success(request, f"You finished {course}.")
        return redirect("enablement:course", course.slug)
    steps = selectors.outline(enrolment.version, enrolment)
    later = [step for step in steps if step.module.position > here.module.position]
    following = selectors.next_step(later) or selectors.next_step(steps)
    position = following.module.position if following else here.module.position
    return redirect("enablement:module", course.slug, position)


@require_POST
def place(request: PortalRequest, slug: str, position: int) -> HttpResponse:
    """Where a film stands, told now and then by its page."""
    enrolment, _, here = _work(request, slug, position)
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
def leave(request: PortalRequest, slug: str) -> HttpResponseBase:
    enrolment = _own(request, slug)
    services.course_leave(actor=request.actor, enrolment=enrolment)
    messages.success(request, f"You left {enrolment.course}. What you did in it stays on record.")
    return redirect("enablement:home")


def _own(request: PortalRequest, slug: str) -> Any:
    """One's own enrolment: 404 for who cannot know of the course or is not in it, 403 for staff."""
    enrolment = _enrolment(request, slug)
    if enrolment is None:
        _course(request, slug)
        if request.actor.is_staff:
            raise PermissionDenied("Courses are taken by partner people.")
        raise Http404("not in this course")
    return enrolment


def _work(request: PortalRequest, slug: str, position: int) -> tuple[Any, list[Step], Step]:
    enrolment = _own(request, slug)
    if not policies.may_take_part(request.actor):
        raise PermissionDenied("Courses are taken by people of active partners.")
    steps = selectors.outline(enrolment.version, enrolment)
    return enrolment, steps, _at(steps, position)


# Files -----------------------------------------------------------------------------------------------------


def _file(request: PortalRequest, pk: int) -> CourseFile:
    """Of a course that the person may open; whoever may not learns nothing of it."""
    stored: CourseFile = get_object_or_404(CourseFile.objects.annotate(slug=F("course__slug")), pk=pk)
    _course(request, stored.slug)  # type: ignore[attr-defined]
    return stored


@require_GET
def download(request: PortalRequest, pk: int) -> HttpResponse:
    return as_attachment(_file(request, pk), actor=request.actor)


@require_GET
def captions(request: PortalRequest, pk: int) -> HttpResponse:
    """The captions of a film, for its player."""
    stored = _file(request, pk)
    if stored.content_type != "text/vtt":
        raise Http404("no captions")
    with stored.file.open() as file:
        response = HttpResponse(file.read(), content_type="text/vtt; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_GET
def picture(request: PortalRequest, pk: int) -> HttpResponse:
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
