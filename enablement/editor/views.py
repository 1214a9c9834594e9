"""The editor's pages: parse, call, render. A non-programmer finds on each page what to do next."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from enablement.audience import audience_text
from enablement.courses import policies
from enablement.courses.content import content_kind, content_kinds
from enablement.courses.models import Course, CourseFile, CourseVersion, Module
from enablement.courses.selectors import modules_of
from enablement.editor import selectors, services
from enablement.editor.forms import CourseForm, FileForm, ModuleForm, PublishForm, QuizForm, RefresherForm
from enablement.paths.models import Refresher
from enablement.quizzes.models import Quiz
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections

View = Callable[..., HttpResponseBase]


def for_editors(view: View) -> View:
    """Everybody else is told that this is the program admin's."""

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not policies.may_edit(request.actor):
            raise PermissionDenied("Courses are edited by program admins.")
        return view(request, *args, **kwargs)

    return guarded


def course_or_404(slug: str) -> Course:
    found: Course = get_object_or_404(Course.objects.select_related("published", "least_tier"), slug=slug)
    return found


# Courses -----------------------------------------------------------------------------------------------


@require_GET
@for_editors
def course_list(request: PortalRequest) -> HttpResponse:
    rows = [(course, audience_text(course)) for course in selectors.courses()]
    return render(request, "enablement/editor/courses.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@for_editors
def course_new(request: PortalRequest) -> HttpResponseBase:
    form = CourseForm(request.POST or None, products=selectors.products(), instance=Course())
    if form.is_valid():
        try:
            made = services.course_create(actor=request.actor, products=form.product_ids, **form.changes)
        except ValidationError as error:
            return _form_page(request, form, None, place_objections(form, error))
        messages.success(request, "Added. Now give it modules.")
        return redirect("enablement:edit_course", made.slug)
    return _form_page(request, form, None, [])


@require_http_methods(["GET", "POST"])
@for_editors
def course_details(request: PortalRequest, slug: str) -> HttpResponseBase:
    course = course_or_404(slug)
    initial = {"products": list(course.product_links.values_list("product", flat=True))}
    form = CourseForm(
        request.POST or None, products=selectors.products(), instance=course_or_404(slug), initial=initial
    )
    if form.is_valid():
        try:
            services.course_change(
                actor=request.actor, course=course, changes=form.changes, products=form.product_ids
            )
        except ValidationError as error:
            return _form_page(request, form, course, place_objections(form, error))
        messages.success(request, "Saved.")
        return redirect("enablement:edit_course", slug)
    return _form_page(request, form, course, [])


def _form_page(
    request: PortalRequest, form: BaseForm, course: Course | None, problems: list[str]
) -> HttpResponse:
    context = {"form": form, "course": course, "problems": problems}
    return render(request, "enablement/editor/details.html", context, status=422 if form.is_bound else 200)


@require_GET
@for_editors
def course_page(request: PortalRequest, slug: str) -> HttpResponse:
    return _course_page(request, course_or_404(slug))


def _course_page(request: PortalRequest, course: Course, *, status: int = 200, **more: Any) -> HttpResponse:
    versions = selectors.versions_of(course)
    shown = versions[0]
    modules = modules_of(shown)
    names = selectors.module_names(course)
    choices = [(one.key, one.title) for one in names]
    called, pools, refreshers = dict(choices), selectors.pools_of(course), selectors.refreshers_of(course)
    context = {
        "course": course,
        "audience": audience_text(course),
        "versions": versions,
        "version": shown,
        "rows": [(module, content_kind(module.kind)) for module in modules],
        "missing": services.missing(shown) if shown.is_draft else [],
        "kinds": content_kinds(),
        "pools": [(pool, size, called.get(str(pool.module_key), "")) for pool, size in pools],
        "files": CourseFile.objects.filter(course=course),
        "refreshers": [(one, called.get(str(one.module_key), "")) for one in refreshers],
        "publish_form": PublishForm(),
        "file_form": FileForm(),
        "refresher_form": RefresherForm(modules=choices, courses=selectors.course_choices(course)),
        "problems": [],
        **more,
    }  # fmt: skip
    return render(request, "enablement/editor/course.html", context, status=status)


def _on_course(
    request: PortalRequest, slug: str, act: Callable[[Course], Any], done: str
) -> HttpResponseBase:
    """Do something with a course and come back to its page; 422 with the reasons where it cannot be done."""
    course = course_or_404(slug)
    try:
        act(course)
    except ValidationError as error:
        return _course_page(request, course, status=422, problems=error.messages)
    messages.success(request, done)
    return redirect("enablement:edit_course", slug)


@require_POST
@for_editors
def retire(request: PortalRequest, slug: str) -> HttpResponseBase:
    retired = "offer" not in request.POST
    done = "No longer offered. Whoever is in it goes on." if retired else "Offered again."
    return _on_course(
        request, slug,
        lambda course: services.course_retire(actor=request.actor, course=course, retired=retired), done,
    )  # fmt: skip


@require_POST
@for_editors
def draft(request: PortalRequest, slug: str) -> HttpResponseBase:
    done = "A draft of the next version. Learners see nothing of it until you publish it."
    return _on_course(
        request, slug, lambda course: services.draft_begin(actor=request.actor, course=course), done
    )


@require_POST
@for_editors
def discard(request: PortalRequest, slug: str) -> HttpResponseBase:
    def act(course: Course) -> None:
        services.draft_discard(actor=request.actor, version=_draft_of(course))

    return _on_course(request, slug, act, "The draft is gone; the published version goes on.")


@require_POST
@for_editors
def publish(request: PortalRequest, slug: str) -> HttpResponseBase:
    form = PublishForm(request.POST)
    form.is_valid()
    changes = form.cleaned_data.get("changes", "")

    def act(course: Course) -> None:
        services.version_publish(actor=request.actor, version=_draft_of(course), changes=changes)

    return _on_course(request, slug, act, "Published. Whoever enrols from now on gets this version.")


def _draft_of(course: Course) -> CourseVersion:
    found = CourseVersion.objects.filter(course=course, published_at=None).first()
    if found is None:
        raise ValidationError("There is no draft at the moment.")
    return found


# Modules -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@for_editors
def module_new(request: PortalRequest, slug: str, kind: str) -> HttpResponseBase:
    course = course_or_404(slug)
    if kind not in {one.key for one in content_kinds()}:
        return redirect("enablement:edit_course", slug)
    return _module_page(request, course, kind, None)


@require_http_methods(["GET", "POST"])
@for_editors
def module_edit(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    course = course_or_404(slug)
    module = _module(course, pk)
    if not module.version.is_draft:
        messages.info(request, "This version is published. Begin a draft of the next one to change it.")
        return redirect("enablement:edit_course", slug)
    return _module_page(request, course, module.kind, module)


def _module(course: Course, pk: int) -> Module:
    rows = Module.objects.select_related("version__course")
    found: Module = get_object_or_404(rows, pk=pk, version__course=course)
    return found


def _module_page(request: PortalRequest, course: Course, key: str, module: Module | None) -> HttpResponseBase:
    kind, data = content_kind(key), request.POST or None
    form = ModuleForm(data, kind=kind, course=course, instance=module)
    more = kind.form(data, request.FILES or None, module=module) if kind.form else None
    problems: list[str] = []
    if all([form.is_valid(), more is None or more.is_valid()]) and form.is_bound:
        try:
            saved = _saved(request, course, kind.key, module, form, more)
            messages.success(request, "Saved.")
            page = "edit_quiz" if kind.key == "quiz" and module is None else ""
            return redirect(f"enablement:{page}", course.slug, saved.pk) if page else redirect(
                "enablement:edit_course", course.slug
            )  # fmt: skip
        except ValidationError as error:
            problems = place_objections(form, error)
    context = {
        "course": course,
        "kind": kind,
        "module": module,
        "form": form,
        "more": more,
        "problems": problems,
    }
    return render(request, "enablement/editor/module.html", context, status=422 if form.is_bound else 200)


def _saved(
    request: PortalRequest,
    course: Course,
    kind: str,
    module: Module | None,
    form: ModuleForm,
    more: BaseForm | None,
) -> Module:
    if module is None:
        version = services.draft_begin(actor=request.actor, course=course)
        module = services.module_add(actor=request.actor, version=version, kind=kind, **form.changes)
    else:
        module = services.module_change(actor=request.actor, module=module, changes=form.changes)
    saved = content_kind(kind).saved
    if saved and more is not None:
        saved(request.actor, module, more)
    return module


@require_POST
@for_editors
def module_move(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    by = -1 if "up" in request.POST else 1
    return _on_course(
        request, slug,
        lambda course: services.module_move(actor=request.actor, module=_module(course, pk), by=by), "Moved.",
    )  # fmt: skip


@require_POST
@for_editors
def module_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    return _on_course(
        request, slug,
        lambda course: services.module_remove(actor=request.actor, module=_module(course, pk)), "Removed.",
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@for_editors
def quiz(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    """The rules of a test, and which pools it draws from."""
    course = course_or_404(slug)
    module = _module(course, pk)
    if not module.version.is_draft:
        messages.info(request, "This version is published. Begin a draft of the next one to change it.")
        return redirect("enablement:edit_course", slug)
    found = Quiz.objects.filter(module=module).first() or Quiz(module=module)
    form = QuizForm(request.POST or None, instance=found, pools=selectors.pools_of(course))
    problems: list[str] = []
    if form.is_valid():
        try:
            services.quiz_set(actor=request.actor, module=module, rules=form.rules, draws=form.draws)
            messages.success(request, "Saved.")
            return redirect("enablement:edit_course", slug)
        except ValidationError as error:
            problems = place_objections(form, error)
    context = {"course": course, "module": module, "form": form, "problems": problems}
    return render(request, "enablement/editor/quiz.html", context, status=422 if form.is_bound else 200)


# Files and refreshers --------------------------------------------------------------------------------------


@require_POST
@for_editors
def file_add(request: PortalRequest, slug: str) -> HttpResponseBase:
    course, form = course_or_404(slug), FileForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["upload"]
        return _on_course(
            request, slug, lambda found: services.file_add(actor=request.actor, course=found, upload=upload),
            "Added. Modules can hand it out now; pictures go into texts by name.",
        )  # fmt: skip
    return _course_page(request, course, status=422, file_form=form)


@require_POST
@for_editors
def refresher_add(request: PortalRequest, slug: str) -> HttpResponseBase:
    course = course_or_404(slug)
    choices = [(one.key, one.title) for one in selectors.module_names(course)]
    form = RefresherForm(request.POST, modules=choices, courses=selectors.course_choices(course))
    if not form.is_valid():
        return _course_page(request, course, status=422, refresher_form=form)
    answers = form.cleaned_data
    suggests = get_object_or_404(Course, pk=int(answers.pop("suggests")))
    try:
        services.refresher_add(actor=request.actor, course=course, suggests=suggests, **answers)
    except ValidationError as error:
        problems = place_objections(form, error)
        return _course_page(request, course, status=422, refresher_form=form, problems=problems)
    messages.success(request, f"{suggests} is suggested from now on.")
    return redirect("enablement:edit_course", slug)


@require_POST
@for_editors
def refresher_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    def act(course: Course) -> None:
        found: Refresher = get_object_or_404(Refresher, pk=pk, course=course)
        services.refresher_remove(actor=request.actor, refresher=found)

    return _on_course(request, slug, act, "No longer suggested.")
