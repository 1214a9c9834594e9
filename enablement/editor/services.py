"""Writing courses, questions and paths. All of it is the program admin's.

A version is worked on as a draft and then published; from that moment nothing in it changes. A question
that was asked before is never changed either: its correction takes its place.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.text import slugify

from enablement.courses import policies
from enablement.courses.content import content_kind, content_kinds
from enablement.courses.models import Course, CourseFile, CourseProduct, CourseVersion, Module
from enablement.paths.models import LearningPath, PathStep, Refresher
from enablement.quizzes import marking
from enablement.quizzes.models import AttemptQuestion, Choice, Question, QuestionPool, Quiz, QuizDraw
from portal.events.log import record
from portal.files.uploads import Upload, refuse_total
from portal.tenancy.access import Actor

_RESERVED: Final = frozenset({"new", "files"})
_MOST_MODULES: Final = 100
#: Fields of a module that a new version takes over as they are.
_COPIED: Final = (
    "key", "position", "title", "kind", "minutes", "is_required", "body", "url", "file_id", "captions_id",
)  # fmt: skip


def _require(actor: Actor) -> None:
    if not policies.may_edit(actor):
        raise PermissionDenied("Courses are edited by program admins.")


def _check(row: Any, fields: Collection[str] = ()) -> None:
    """ValidationError by field for what cannot stand; keys of the vendor included."""
    row.clean_fields(exclude={field.name for field in row._meta.fields} - set(fields) if fields else None)
    row.validate_constraints()


# Courses -----------------------------------------------------------------------------------------------


@transaction.atomic
def course_create(*, actor: Actor, title: str, products: Collection[int] = (), **fields: Any) -> Course:
    """A course with an empty first draft. `products` are ids; the key is made of the title if not given."""
    _require(actor)
    course = Course(title=title, **fields)
    course.slug = fields.get("slug") or free_slug(Course, title)
    _check(course)
    course.save(force_insert=True)
    _set_products(course, products)
    CourseVersion.objects.create(course=course, number=1)
    record("enablement.course_added", actor=actor, subject=course, data={"title": course.title})
    return course


def free_slug(model: type[Any], text: str) -> str:
    """A key made of a text that no other row of the vendor has."""
    base = slugify(text)[:60].strip("-") or "course"
    base = f"{base}-course" if base in _RESERVED else base
    taken = set(model.objects.filter(slug__prefix=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)


@transaction.atomic
def course_change(
    *, actor: Actor, course: Course, changes: Mapping[str, Any], products: Collection[int]
) -> Course:
    """Title, summary, language, audience and products: they are the course's, whatever its version."""
    _require(actor)
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    changed = [name for name, value in changes.items() if getattr(course, name) != value]
    for name in changed:
        setattr(course, name, changes[name])
    _check(course)
    course.save()
    if _set_products(course, products):
        changed.append("products")
    if changed:
        data = {"title": course.title, "changes": ", ".join(changed)}
        record("enablement.course_changed", actor=actor, subject=course, data=data)
    return course


def _set_products(course: Course, products: Collection[int]) -> bool:
    before = set(CourseProduct.objects.filter(course=course).values_list("product", flat=True))
    wanted = set(products)
    CourseProduct.objects.filter(course=course).exclude(product__in=wanted).delete()
    CourseProduct.objects.bulk_create(
        CourseProduct(course=course, product_id=product) for product in wanted - before
    )
    return wanted != before


@transaction.atomic
def course_retire(*, actor: Actor, course: Course, retired: bool) -> Course:
    """No longer offer it, or offer it again. Whoever is in it goes on; what was finished stays."""
    _require(actor)
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    if (course.retired_at is not None) != retired:
        course.retired_at = timezone.now() if retired else None
        course.save(update_fields=["retired_at"])
        key = "enablement.course_retired" if retired else "enablement.course_offered"
        record(key, actor=actor, subject=course, data={"title": course.title})
    return course


# Versions ----------------------------------------------------------------------------------------------


@transaction.atomic
def draft_begin(*, actor: Actor, course: Course) -> CourseVersion:
    """The course's draft; a new one is a copy of what is published. Begun twice it is one."""
    _require(actor)
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    draft: CourseVersion | None = CourseVersion.objects.filter(course=course, published_at=None).first()
    if draft:
        return draft
    last = CourseVersion.objects.filter(course=course).aggregate(last=Max("number"))["last"] or 0
    draft = CourseVersion.objects.create(course=course, number=last + 1)
    for source in Module.objects.filter(version=course.published_id).order_by("position"):
        copy = Module.objects.create(version=draft, **{name: getattr(source, name) for name in _COPIED})
        content_kind(source.kind).copied(source, copy)
    return draft


@transaction.atomic
def draft_discard(*, actor: Actor, version: CourseVersion) -> None:
    """Give up a draft; the published version goes on. A course's only version cannot be given up."""
    _require(actor)
    version = _draft(version)
    if version.course.published_id is None:
        raise ValidationError("This is the course's first version; there is nothing else to keep.")
    version.delete()


def _draft(version: CourseVersion) -> CourseVersion:
    """Locked, and certainly not published: what is published never changes."""
    rows = CourseVersion.objects.select_for_update(of=("self",)).select_related("course")
    found: CourseVersion = rows.get(pk=version.pk)
    if not found.is_draft:
        raise ValidationError("This version is published and does not change any more.", code="published")
    return found


@transaction.atomic
def version_publish(*, actor: Actor, version: CourseVersion, changes: str = "") -> CourseVersion:
    """Offer a draft to everybody who enrols from now on. Published twice is once.

    ValidationError tells, module by module, what is missing.
    """
    _require(actor)
    version = (
        CourseVersion.objects.select_for_update(of=("self",)).select_related("course").get(pk=version.pk)
    )
    if not version.is_draft:
        return version
    lacking = missing(version)
    if lacking:
        raise ValidationError(lacking)
    version.changes, version.published_at, version.published_by = changes[:300], timezone.now(), actor.user
    version.minutes = Module.objects.filter(version=version).aggregate(all=Sum("minutes"))["all"]
    version.save()
    Course.objects.filter(pk=version.course_id).update(published=version)
    data = {"title": version.course.title, "number": version.number}
    record("enablement.version_published", actor=actor, subject=version.course, data=data)
    return version


def missing(version: CourseVersion) -> list[str]:
    """What keeps a draft from being published, in words; nothing when it can be."""
    modules = list(Module.objects.filter(version=version).select_related("version").order_by("position"))
    if not modules:
        return ["Add at least one module."]
    if not any(module.is_required for module in modules):
        return ["At least one module must be required: otherwise nobody could finish."]
    faults = [(module, content_kind(module.kind).missing(module)) for module in modules]
    return [f"Module {module.position}, {module.title}: {fault}." for module, fault in faults if fault]


# Modules -----------------------------------------------------------------------------------------------


@transaction.atomic
def module_add(*, actor: Actor, version: CourseVersion, kind: str, **fields: Any) -> Module:
    """At the end of a draft."""
    _require(actor)
    version = _draft(version)
    if kind not in {one.key for one in content_kinds()}:
        raise ValidationError({"kind": "Choose one of the kinds of content."})
    count = Module.objects.filter(version=version).count()
    if count >= _MOST_MODULES:
        raise ValidationError(f"A course has at most {_MOST_MODULES} modules.")
    module = Module(version=version, kind=kind, position=count + 1, **fields)
    _check_module(module)
    module.save(force_insert=True)
    return module


@transaction.atomic
def module_change(*, actor: Actor, module: Module, changes: Mapping[str, Any]) -> Module:
    _require(actor)
    _draft(module.version)
    module = Module.objects.select_related("version__course").get(pk=module.pk)
    for name, value in changes.items():
        setattr(module, name, value)
    _check_module(module)
    module.save()
    return module


def _check_module(module: Module) -> None:
    module.clean_fields(exclude={"version", "file", "captions"})
    for name in ("file", "captions"):
        stored = getattr(module, name)
        if stored and stored.course_id != module.version.course_id:
            raise ValidationError({name: "Choose a file of this course."})


@transaction.atomic
def module_move(*, actor: Actor, module: Module, by: int) -> None:
    """Up (-1) or down (1); at the end nothing happens."""
    _require(actor)
    _draft(module.version)
    modules = list(Module.objects.select_for_update().filter(version=module.version).order_by("position"))
    here = next(place for place, one in enumerate(modules) if one.pk == module.pk)
    there = here + by
    if 0 <= there < len(modules):
        modules[here], modules[there] = modules[there], modules[here]
        _number(modules)


@transaction.atomic
def module_remove(*, actor: Actor, module: Module) -> None:
    _require(actor)
    version = _draft(module.version)
    Module.objects.filter(pk=module.pk).delete()
    _number(list(Module.objects.filter(version=version).order_by("position")))


def _number(modules: Sequence[Module]) -> None:
    for position, one in enumerate(modules, start=1):
        one.position = position
    Module.objects.bulk_update(modules, ["position"])


@transaction.atomic
def file_add(*, actor: Actor, course: Course, upload: Upload) -> CourseFile:
    """For its modules to hand out, or as a picture in a text."""
    _require(actor)
    Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    refuse_total(CourseFile.objects.filter(course=course), [upload])
    stored: CourseFile = CourseFile.objects.create(course=course, **upload.as_fields(actor.user))
    return stored


# Tests and questions --------------------------------------------------------------------------------------


@transaction.atomic
def quiz_set(
    *, actor: Actor, module: Module, rules: Mapping[str, Any], draws: Mapping[int, int | None]
) -> Quiz:
    """The rules of a draft's test and from which pools (by id) it draws how many; None asks them all."""
    _require(actor)
    _draft(module.version)
    quiz = Quiz.objects.filter(module=module).first() or Quiz(module=module)
    for name, value in rules.items():
        setattr(quiz, name, value)
    quiz.clean_fields(exclude={"module"})
    quiz.save()
    pools = QuestionPool.objects.filter(pk__in=draws, course=module.version.course_id)
    QuizDraw.objects.filter(quiz=quiz).delete()
    rows = [QuizDraw(quiz=quiz, pool=pool, count=draws[pool.pk]) for pool in pools]
    for row in rows:
        row.clean_fields(exclude={"quiz", "pool"})
    QuizDraw.objects.bulk_create(rows)
    return quiz


@transaction.atomic
def pool_save(
    *, actor: Actor, course: Course, name: str, module_key: UUID | None, pool: QuestionPool | None = None
) -> QuestionPool:
    _require(actor)
    pool = pool or QuestionPool(course=course)
    pool.name, pool.module_key = name, module_key
    _check(pool)
    pool.save()
    return pool


@transaction.atomic
def question_save(
    *,
    actor: Actor,
    pool: QuestionPool,
    answers: Mapping[str, Any],
    choices: Sequence[Mapping[str, Any]],
    question: Question | None = None,
) -> Question:
    """Add a question or correct one. `choices` have text, is_right and match, in their order.

    One that was asked before is retired and replaced, so that every try keeps what it was about.
    """
    _require(actor)
    fault = marking.flaw(answers["kind"], choices, answers.get("number"))
    if fault:
        raise ValidationError({"number" if answers["kind"] == "numeric" else "choices": fault})
    if question is None:
        return _question(pool, answers, choices, None)
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if question.retired_at:
        raise ValidationError("Somebody else corrected this question already. Open the pool again.")
    if AttemptQuestion.objects.filter(question=question).exists():
        question.retired_at = timezone.now()
        question.save(update_fields=["retired_at"])
        return _question(pool, answers, choices, question)
    for name, value in answers.items():
        setattr(question, name, value)
    question.clean_fields(exclude={"pool", "replaces"})
    question.save()
    Choice.objects.filter(question=question).delete()
    _choose(question, choices)
    return question


def _question(
    pool: QuestionPool,
    answers: Mapping[str, Any],
    choices: Sequence[Mapping[str, Any]],
    replaces: Question | None,
) -> Question:
    question = Question(pool=pool, replaces=replaces, **answers)
    if replaces:
        question.external_key = replaces.external_key
    question.clean_fields(exclude={"pool", "replaces"})
    question.save(force_insert=True)
    _choose(question, choices)
    return question


def _choose(question: Question, choices: Sequence[Mapping[str, Any]]) -> None:
    rows = [Choice(question=question, position=place, **one) for place, one in enumerate(choices, start=1)]
    for row in rows:
        row.clean_fields(exclude={"question"})
    Choice.objects.bulk_create(rows)


@transaction.atomic
def question_retire(*, actor: Actor, question: Question) -> None:
    """No longer ask it; tries that asked it keep it. One that was never asked is gone for good."""
    _require(actor)
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if not AttemptQuestion.objects.filter(question=question).exists() and question.replaces_id is None:
        question.delete()
    elif question.retired_at is None:
        question.retired_at = timezone.now()
        question.save(update_fields=["retired_at"])


# Paths -------------------------------------------------------------------------------------------------


@transaction.atomic
def path_save(
    *,
    actor: Actor,
    fields: Mapping[str, Any],
    steps: Sequence[tuple[int, bool]],
    path: LearningPath | None = None,
) -> LearningPath:
    """A path with its steps in order: (course id, optional). ValidationError by field."""
    _require(actor)
    new = path is None
    path = path or LearningPath()
    for name, value in fields.items():
        setattr(path, name, value)
    path.slug = path.slug or free_slug(LearningPath, path.name)
    if not steps:
        raise ValidationError({"steps": "Choose at least one course."})
    if len({course for course, _ in steps}) < len(steps):
        raise ValidationError({"steps": "A course can be on the path only once."})
    _check(path)
    path.save()
    PathStep.objects.filter(path=path).delete()
    PathStep.objects.bulk_create(
        PathStep(path=path, course_id=course, position=place, is_optional=optional)
        for place, (course, optional) in enumerate(steps, start=1)
    )
    key = "enablement.path_added" if new else "enablement.path_changed"
    record(key, actor=actor, subject=path, data={"title": path.name})
    return path


@transaction.atomic
def path_retire(*, actor: Actor, path: LearningPath) -> None:
    """No longer show it. The courses on it stay as they are."""
    _require(actor)
    if LearningPath.objects.filter(pk=path.pk, retired_at=None).update(retired_at=timezone.now()):
        record("enablement.path_retired", actor=actor, subject=path, data={"title": path.name})


@transaction.atomic
def refresher_add(
    *,
    actor: Actor,
    course: Course,
    module_key: UUID,
    suggests: Course,
    when_failed: bool,
    when_skipped: bool,
) -> Refresher:
    """Which course to suggest to whoever failed or skipped a module of this course."""
    _require(actor)
    refresher = Refresher(
        course=course, module_key=module_key, suggests=suggests, when_failed=when_failed,
        when_skipped=when_skipped,
    )  # fmt: skip
    _check(refresher)
    refresher.save(force_insert=True)
    return refresher


@transaction.atomic
def refresher_remove(*, actor: Actor, refresher: Refresher) -> None:
    _require(actor)
    refresher.delete()
