"""Reads of the editor: courses with everything that is not published yet, pools with their sizes."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from enablement.courses.models import Course, CourseVersion, Module
from enablement.paths.models import LearningPath, Refresher
from enablement.quizzes.models import Question, QuestionPool
from partners.models import Product


def courses() -> QuerySet[Any]:
    """Every course, with whether a draft is under way and how many people are in it."""
    drafts = CourseVersion.objects.filter(course=OuterRef("pk"), published_at=None)
    people = Count("enrolments", filter=Q(enrolments__completed_at=None, enrolments__left_at=None))
    rows = Course.objects.select_related("published", "least_tier")
    found: QuerySet[Any] = rows.annotate(has_draft=Exists(drafts), people=people).order_by("title", "pk")
    return found


def versions_of(course: Course) -> list[CourseVersion]:
    """The newest first, with how many people are on each."""
    rows = CourseVersion.objects.filter(course=course).select_related("published_by")
    return list(rows.annotate(people=Count("enrolments")).order_by("-number"))


def products() -> list[tuple[int, str]]:
    return list(Product.objects.order_by("name").values_list("pk", "name"))


def course_choices(but: Course | None = None) -> list[tuple[str, str]]:
    """Courses one can put on a path or suggest: those that are offered."""
    rows = Course.objects.filter(published__isnull=False, retired_at=None).order_by("title")
    return [(str(pk), title) for pk, title in rows.values_list("pk", "title") if not but or pk != but.pk]


def pools_of(course: Course) -> list[tuple[QuestionPool, int]]:
    """(pool, questions that can be asked)."""
    rows = QuestionPool.objects.filter(course=course)
    sized = rows.annotate(size=Count("questions", filter=Q(questions__retired_at=None)))
    return [(pool, pool.size) for pool in sized.order_by("name")]


def questions_of(pool: QuestionPool) -> QuerySet[Question]:
    return Question.objects.filter(pool=pool, retired_at=None).prefetch_related("choices").order_by("pk")


@dataclass(frozen=True, slots=True)
class ModuleName:
    """A module by its key, as it is called in the newest version that has it."""

    key: str
    title: str


def module_names(course: Course) -> list[ModuleName]:
    """Every module the course ever had, the newest names first."""
    rows = Module.objects.filter(version__course=course).order_by("-version__number", "position")
    names: dict[str, str] = {}
    for key, title in rows.values_list("key", "title"):
        names.setdefault(str(key), title)
    return [ModuleName(key, title) for key, title in names.items()]


def refreshers_of(course: Course) -> QuerySet[Refresher]:
    return Refresher.objects.filter(course=course).select_related("suggests")


def paths() -> QuerySet[Any]:
    rows = LearningPath.objects.filter(retired_at=None).select_related("least_tier", "product")
    found: QuerySet[Any] = rows.annotate(length=Count("steps")).order_by("position", "name")
    return found
