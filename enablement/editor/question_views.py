"""Pages of pools, questions and paths."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from enablement.audience import audience_text
from enablement.editor import question_files, selectors, services
from enablement.editor.forms import PathForm, PoolForm, QuestionFileForm, QuestionForm
from enablement.editor.views import course_or_404, for_editors
from enablement.paths.models import LearningPath
from enablement.quizzes.models import Choice, Question, QuestionPool
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections

# Pools -------------------------------------------------------------------------------------------------


def _pool(pk: int) -> QuestionPool:
    found: QuestionPool = get_object_or_404(QuestionPool.objects.select_related("course"), pk=pk)
    return found


@require_http_methods(["GET", "POST"])
@for_editors
def pool_new(request: PortalRequest, slug: str) -> HttpResponseBase:
    course = course_or_404(slug)
    return _pool_form(request, QuestionPool(course=course))


@require_http_methods(["GET", "POST"])
@for_editors
def pool_edit(request: PortalRequest, pk: int) -> HttpResponseBase:
    return _pool_form(request, _pool(pk))


def _pool_form(request: PortalRequest, pool: QuestionPool) -> HttpResponseBase:
    choices = [(one.key, one.title) for one in selectors.module_names(pool.course)]
    initial = {"name": pool.name, "module_key": str(pool.module_key or "")}
    form = PoolForm(request.POST or None, modules=choices, initial=initial)
    problems: list[str] = []
    if form.is_valid():
        try:
            saved = services.pool_save(
                actor=request.actor, course=pool.course, pool=pool if pool.pk else None, **form.cleaned_data
            )
            return redirect("enablement:edit_pool", saved.pk)
        except ValidationError as error:
            problems = place_objections(form, error)
    context = {"course": pool.course, "pool": pool, "form": form, "problems": problems}
    return render(request, "enablement/editor/pool_form.html", context, status=422 if form.is_bound else 200)


@require_GET
@for_editors
def pool(request: PortalRequest, pk: int) -> HttpResponse:
    return _pool_page(request, _pool(pk))


def _pool_page(
    request: PortalRequest, found: QuestionPool, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "pool": found,
        "course": found.course,
        "questions": list(selectors.questions_of(found)),
        "file_form": QuestionFileForm(),
        **more,
    }
    return render(request, "enablement/editor/pool.html", context, status=status)


@require_POST
@for_editors
def pool_import(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Questions from a file; what cannot be read is listed line by line, the rest is taken."""
    found, form = _pool(pk), QuestionFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _pool_page(request, found, status=422, file_form=form)
    upload = form.cleaned_data["file"]
    try:
        if upload.size > question_files.LARGEST:
            raise ValidationError({"file": "This file is larger than 5 MB."})
        read = question_files.read(upload.name or "", upload.read())
        report = question_files.questions_import(actor=request.actor, pool=found, read=read)
    except ValidationError as error:
        place_objections(form, error)
        return _pool_page(request, found, status=422, file_form=form)
    status = 422 if report.faults and not report.taken else 200
    return _pool_page(request, found, status=status, report=report)


# Questions ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@for_editors
def question_new(request: PortalRequest, pk: int) -> HttpResponseBase:
    return _question_page(request, _pool(pk), None)


@require_http_methods(["GET", "POST"])
@for_editors
def question_edit(request: PortalRequest, pk: int) -> HttpResponseBase:
    rows = Question.objects.select_related("pool__course")
    found: Question = get_object_or_404(rows, pk=pk, retired_at=None)
    return _question_page(request, found.pool, found)


def _question_page(request: PortalRequest, of: QuestionPool, question: Question | None) -> HttpResponseBase:
    known = (
        list(Choice.objects.filter(question=question).values("text", "is_right", "match")) if question else []
    )
    form = QuestionForm(request.POST or None, instance=question, choices=known)
    problems: list[str] = []
    if form.is_valid():
        try:
            services.question_save(
                actor=request.actor, pool=of, answers=form.answers, choices=form.choices, question=question
            )
        except ValidationError as error:
            problems = place_objections(form, error)
        else:
            messages.success(request, "Saved.")
            more = "more" in request.POST
            return redirect("enablement:edit_question_new" if more else "enablement:edit_pool", of.pk)
    context = {"course": of.course, "pool": of, "question": question, "form": form, "problems": problems}
    return render(request, "enablement/editor/question.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_editors
def question_retire(request: PortalRequest, pk: int) -> HttpResponseBase:
    found: Question = get_object_or_404(Question, pk=pk)
    services.question_retire(actor=request.actor, question=found)
    messages.success(request, "No longer asked.")
    return redirect("enablement:edit_pool", found.pool_id)


# Paths -------------------------------------------------------------------------------------------------


@require_GET
@for_editors
def path_list(request: PortalRequest) -> HttpResponse:
    rows = [(path, audience_text(path)) for path in selectors.paths()]
    return render(request, "enablement/editor/paths.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@for_editors
def path_new(request: PortalRequest) -> HttpResponseBase:
    return _path_page(request, None)


@require_http_methods(["GET", "POST"])
@for_editors
def path_edit(request: PortalRequest, slug: str) -> HttpResponseBase:
    return _path_page(request, _path(slug))


def _path(slug: str) -> LearningPath:
    found: LearningPath = get_object_or_404(LearningPath, slug=slug, retired_at=None)
    return found


def _path_page(request: PortalRequest, path: LearningPath | None) -> HttpResponseBase:
    known = list(path.steps.values_list("course", "is_optional")) if path else []
    form = PathForm(
        request.POST or None, instance=_path(path.slug) if path else None, courses=selectors.course_choices(),
        steps=known,
    )  # fmt: skip
    problems: list[str] = []
    if form.is_valid():
        try:
            services.path_save(actor=request.actor, fields=form.changes, steps=form.steps, path=path)
        except ValidationError as error:
            problems = place_objections(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect(reverse("enablement:edit_paths"))
    context = {"path": path, "form": form, "problems": problems}
    return render(request, "enablement/editor/path.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_editors
def path_retire(request: PortalRequest, slug: str) -> HttpResponseBase:
    services.path_retire(actor=request.actor, path=_path(slug))
    messages.success(request, "No longer shown. Its courses stay as they are.")
    return redirect("enablement:edit_paths")
