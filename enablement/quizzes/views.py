"""Taking a test: parse, call, render. Works page by page with plain forms; HTMX saves while one goes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from enablement.courses.models import Enrolment
from enablement.courses.selectors import modules_of
from enablement.quizzes import marking, policies, presenters, selectors, services
from enablement.quizzes.models import Attempt, AttemptQuestion, QuestionKind, Quiz
from enablement.quizzes.selectors import Asked
from portal.tenancy.http import PortalRequest


@require_POST
def begin(request: PortalRequest, pk: int, position: int) -> HttpResponseBase:
    """The next try of the test at this position; one that is open is gone on with."""
    enrolment, quiz = _test(request, pk, position)
    if not policies.may_try(request.actor, enrolment):
        raise PermissionDenied("Only the learner tries a test.")
    try:
        attempt = services.attempt_begin(actor=request.actor, enrolment=enrolment, quiz=quiz)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("enablement:module", enrolment.course.slug, position)
    return redirect("enablement:attempt", attempt.pk)


@require_POST
def grant(request: PortalRequest, pk: int, position: int) -> HttpResponseBase:
    """One more try for somebody who used theirs up."""
    enrolment, quiz = _test(request, pk, position)
    try:
        services.attempt_grant(actor=request.actor, enrolment=enrolment, quiz=quiz)
        messages.success(request, f"{enrolment.user} can try {enrolment.course} once more.")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("enablement:team_of", enrolment.partner.slug)


def _test(request: PortalRequest, pk: int, position: int) -> tuple[Enrolment, Quiz]:
    """An enrolment one can see (row security decides) and the test in it."""
    rows = Enrolment.objects.select_related("course", "user", "partner")
    enrolment = get_object_or_404(rows, pk=pk)
    if enrolment.user_id != request.actor.user.pk and request.actor.role == "partner_rep":
        raise Http404("a colleague's")
    quizzes = Quiz.objects.select_related("module")
    return enrolment, get_object_or_404(
        quizzes, module__version=enrolment.version_id, module__position=position
    )


# Answering -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def attempt(request: PortalRequest, pk: int) -> HttpResponseBase:
    """A page of questions. Saved by every button, and by HTMX whenever an answer changes."""
    found = _attempt(request, pk)
    if not found.is_open:
        return redirect("enablement:result", pk)
    page = _page_asked(request, found)
    if request.method == "GET":
        return _questions(request, found, page)
    shown = _shown_on(found, page)
    answers, faults = _answers(request, found, shown)
    marked = {position: f"m{position}" in request.POST for position in shown}
    try:
        services.answers_save(actor=request.actor, attempt=found, answers=answers, marked=marked)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("enablement:result", pk)
    if request.htmx:
        return _overview(request, found, page, faults)
    if faults:
        return _questions(request, found, page, faults=faults)
    return _go_on(request, found, page)


def _attempt(request: PortalRequest, pk: int) -> Attempt:
    """One's own. Colleagues and the vendor see results on the team's page, not the answers."""
    rows = Attempt.objects.select_related("enrolment__course", "enrolment__version", "module", "quiz")
    return get_object_or_404(rows.filter(user=request.actor.user.pk, quiz__isnull=False), pk=pk)


def _pages(found: Attempt) -> int:
    size = found.quiz.page_size if found.quiz else found.asked
    return max(-(-found.asked // size), 1)


def _page_asked(request: PortalRequest, found: Attempt) -> int:
    asked = request.POST.get("page") or request.GET.get("page", "")
    page = int(asked) if asked.isdecimal() and len(asked) < 5 else 1
    return min(max(page, 1), _pages(found))


def _shown_on(found: Attempt, page: int) -> list[int]:
    size = found.quiz.page_size if found.quiz else found.asked
    return list(range((page - 1) * size + 1, min(page * size, found.asked) + 1))


def _answers(
    request: PortalRequest, found: Attempt, shown: list[int]
) -> tuple[dict[int, marking.Given], dict[int, tuple[str, str]]]:
    """({position: answer}, {position: (what was typed, what is wrong with it)})."""
    answers: dict[int, marking.Given] = {}
    faults: dict[int, tuple[str, str]] = {}
    for one in selectors.asked_of(found, shown):
        values = _values(request, one)
        try:
            answers[one.row.position] = marking.given_in(one.question, one.choices, values)
        except ValidationError as error:
            faults[one.row.position] = (values[0] if values else "", error.messages[0])
    return answers, faults


def _values(request: PortalRequest, one: Asked) -> list[str]:
    name = f"q{one.row.position}"
    if one.question.kind == QuestionKind.MATCHING:
        return [request.POST.get(f"{name}-{choice.pk}", "") for choice in one.choices]
    values: list[str] = request.POST.getlist(name)
    return [value.replace("\0", "") for value in values]


def _go_on(request: PortalRequest, found: Attempt, page: int) -> HttpResponseBase:
    if "done" in request.POST:
        return redirect("enablement:hand_in", found.pk)
    target = page - 1 if "back" in request.POST else page + 1
    goto = request.POST.get("goto", "")
    if goto.isdecimal() and len(goto) < 5:
        target = int(goto)
    if target > _pages(found):
        return redirect("enablement:hand_in", found.pk)
    response = redirect("enablement:attempt", found.pk)
    response["Location"] += f"?page={max(target, 1)}"
    return response


def _questions(
    request: PortalRequest, found: Attempt, page: int, faults: dict[int, tuple[str, str]] | None = None
) -> HttpResponse:
    shown = _shown_on(found, page)
    asked = selectors.asked_of(found, shown)
    later = _shown_on(found, page + 1) if page < _pages(found) else []
    context = {
        **_standing(found, page),
        "questions": [_question(one, (faults or {}).get(one.row.position)) for one in asked],
        "faults": faults or {},
        "first": shown[0],
        "last": shown[-1],
        "later": (later[0], later[-1]) if later else None,
    }
    return render(request, "enablement/quizzes/attempt.html", context, status=422 if faults else 200)


def _question(one: Asked, fault: tuple[str, str] | None) -> dict[str, Any]:
    return {
        "asked": one,
        "position": one.row.position,
        "question": one.question,
        "hint": presenters.HINTS.get(one.question.kind, ""),
        "typed": fault[0] if fault else one.number,
        "fault": fault[1] if fault else "",
        "is_marked": one.row.is_marked,
    }


def _standing(found: Attempt, page: int) -> dict[str, Any]:
    """Which questions are answered, marked and open; beside the questions, and swapped in after each save."""
    rows = list(AttemptQuestion.objects.filter(attempt=found).order_by("position"))
    answered = sum(row.is_answered for row in rows)
    size = found.quiz.page_size if found.quiz else found.asked
    saved = max((row.saved_at for row in rows if row.saved_at), default=None)
    return {
        "attempt": found,
        "course": found.enrolment.course,
        "page": page,
        "pages": _pages(found),
        "answered": answered,
        "marked": sum(row.is_marked for row in rows),
        "share": round(100 * answered / found.asked) if found.asked else 0,
        "saved_at": saved,
        "needed": selectors.needed_to_pass(found),
        "words": presenters.try_words(found),
        "numbers": [
            {
                "position": row.position,
                "page": (row.position - 1) // size + 1,
                "is_answered": row.is_answered,
                "is_marked": row.is_marked,
                "is_here": (row.position - 1) // size + 1 == page,
            }
            for row in rows
        ],
    }


def _overview(
    request: PortalRequest, found: Attempt, page: int, faults: dict[int, tuple[str, str]]
) -> HttpResponse:
    """What HTMX puts beside the questions after it saved; what was not saved is said there."""
    context = {**_standing(found, page), "unsaved": [(at, text) for at, (_, text) in faults.items()]}
    return render(request, "enablement/quizzes/_standing.html", context)


# Handing in -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def hand_in(request: PortalRequest, pk: int) -> HttpResponseBase:
    """A last look at what is open, then the end of the try."""
    found = _attempt(request, pk)
    if request.method == "GET" and found.is_open:
        return render(request, "enablement/quizzes/hand_in.html", _standing(found, _pages(found)))
    if request.method == "POST":
        services.attempt_submit(actor=request.actor, attempt=found)
    return redirect("enablement:result", pk)


@require_GET
def result(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Every answer with its reason; there is nothing to see before the try was handed in."""
    found = _attempt(request, pk)
    if found.is_open:
        return redirect("enablement:attempt", pk)
    asked = selectors.asked_of(found)
    subjects = selectors.subjects_of(found, modules_of(found.enrolment.version))
    context = {
        "attempt": found,
        "course": found.enrolment.course,
        "score": presenters.percent(found.score),
        "pass_mark": presenters.percent(found.pass_mark),
        "words": presenters.try_words(found),
        "subjects": subjects,
        "finding": presenters.finding(subjects, sum(not one.row.is_right for one in asked)),
        "feedback": presenters.feedback(asked),
    }
    return render(request, "enablement/quizzes/result.html", context)
