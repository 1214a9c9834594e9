"""Importing courses that are taken elsewhere, and who took which when."""

from collections.abc import Collection, Hashable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.text import slugify

from enablement.courses.models import Course, CourseVersion, Enrolment, Language, Module, Source
from partners.models import Seat
from portal.events.log import Fact, record_many
from portal.imports.cells import Cell, Choice, Count, Key, Known, Lookup, Moment, Text
from portal.imports.maps import folded
from portal.imports.records import Record
from portal.imports.resources import VendorResource


def person_lookup() -> Lookup:
    """Seats of the vendor's partner people by e-mail address; those who left have a past that counts."""
    seats = (
        Seat.objects.select_related("user").annotate(address=Lower("user__email")).order_by("left_at", "pk")
    )
    return Lookup("person", ((seat.address, seat) for seat in seats))


def course_lookup() -> Lookup:
    """Courses by external key, else key, else title."""
    rows = list(Course.objects.select_related("published"))
    return Lookup(
        "course",
        ((row.external_key, row) for row in rows),
        ((row.slug, row) for row in rows),
        ((row.title, row) for row in rows),
    )


class CourseResource(VendorResource):
    """Courses of another system: a title and a link. The portal's own are written in its editor."""

    slug = Cell("slug", Text(), help="Its key in addresses; made from the title if absent.", names=("key",))
    title = Cell("title", Text(), required=True, help="Title.", names=("course", "name"))
    external_key = Cell("external_key", Key(null=True), help="Its key in the system it comes from.")
    summary = Cell("summary", Text(), help="One or two sentences.", names=("description",))
    language = Cell("language", Choice(Language, default=Language.ENGLISH), help="Empty: English.")
    minutes = Cell("minutes", Count(), help="How long it takes; empty: 1.", names=("duration",))
    url = Cell("url", Text(), help="Where it is taken.", names=("link",))

    keys = ("external_key", "slug")
    namely = "title"
    about = "Courses of another system. A new one without a `slug` gets one made from its title."
    tracked = ("slug", "title", "external_key", "summary", "language")

    class Meta:
        model = Course
        fields = ("slug", "title", "external_key", "summary", "language", "minutes", "url")

    def load_lookups(self) -> None:
        self.taken = dict(Course.objects.values_list("slug", "pk"))

    def prepare(self, records: list[Record]) -> list[Record]:
        for one in records if self.key == "slug" else ():
            one.texts["slug"] = one.texts.get("slug") or slug_of(one.texts["title"])
        return records

    def complete(self, instance: Any, before: Any) -> None:
        instance.slug = instance.slug or self._free_slug(instance)
        owner = self.taken.setdefault(instance.slug, instance.pk or instance)
        if owner != instance.pk and owner is not instance:
            raise ValidationError({"slug": f"Another course has the key {instance.slug!r} already."})

    def _free_slug(self, course: Course) -> str:
        base = slug_of(course.title)
        return next(
            slug for slug in (base, *(f"{base}-{n}" for n in range(2, 100_000))) if slug not in self.taken
        )

    def after_writing(self) -> None:
        """A new course gets a version at once, with one module: the link."""
        new = [saved.instance for saved in self.saved if saved.before is None]
        versions = CourseVersion.objects.bulk_create(
            CourseVersion(course=one, number=1, minutes=one.minutes, published_at=self.now) for one in new
        )
        Module.objects.bulk_create(
            Module(
                version=version, position=1, kind="external", title=version.course.title,
                minutes=min(version.minutes, 1_440), url=getattr(version.course, "url", "") or "",
            )
            for version in versions
        )  # fmt: skip
        for version in versions:
            version.course.published = version
        Course.objects.bulk_update(new, ["published"])


def slug_of(title: str) -> str:
    return slugify(title)[:60].strip("-") or "course"


class EnrolmentResource(VendorResource):
    """Who took which course. Without a key of its own a person has one enrolment in a course."""

    external_key = Cell(
        "external_key", Key(null=True), help="Its key in the system it comes from.", names=("id",)
    )
    person = Cell("seat", Known("person"), required=True, help="E-mail address.", names=("email", "user"))
    course = Cell("taken", Known("course"), required=True, help="Key or title of a course.")
    enrolled_at = Cell("enrolled_at", Moment(), required=True, help="When it was begun.", names=("started",))
    completed_at = Cell(
        "completed_at", Moment(), help="When it was finished; empty: not yet.", names=("completed",)
    )

    keys = ("external_key",)
    about = "Without a key of its own a person has one enrolment in a course."
    tracked = ("user_id", "partner_id", "course_id", "version_id", "enrolled_at", "completed_at", "source",
               "external_key")  # fmt: skip
    reported_as = {"user_id": "person", "course_id": "course", "version_id": "course", "partner_id": "person"}

    class Meta:
        model = Enrolment
        fields = ("external_key", "person", "course", "enrolled_at", "completed_at")

    def load_lookups(self) -> None:
        self.context.lookups["person"] = person_lookup()
        self.context.lookups["course"] = course_lookup()
        open_ones = Enrolment.objects.filter(completed_at=None, left_at=None)
        self.open = {(user, course): pk for pk, user, course in open_ones.values_list("pk", "user", "course")}

    def prepare(self, records: list[Record]) -> list[Record]:
        for one in records:
            one.texts["external_key"] = one.texts.get("external_key") or made_key(one, "person", "course")
        return records

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        return {row.external_key: row for row in Enrolment.objects.filter(external_key__in=keys)}

    def complete(self, instance: Any, before: Any) -> None:
        seat, course = instance.seat, instance.taken
        if course.published_id is None:
            raise ValidationError({"course": "This course is not published yet."})
        if instance.completed_at and instance.completed_at < instance.enrolled_at:
            raise ValidationError({"completed_at": "It was finished before it was begun."})
        instance.user_id, instance.course_id = seat.user_id, course.pk
        instance.partner_id = before.partner_id if before else seat.partner_id
        instance.version_id = before.version_id if before else course.published_id
        instance.source = before.source if before else Source.IMPORT
        if instance.completed_at is None:
            owner = self.open.setdefault((seat.user_id, course.pk), instance.pk or instance)
            if owner != instance.pk and owner is not instance:
                raise ValidationError({"person": "This person is in the course already."})

    def label(self, instance: Any) -> str:
        return f"{instance.seat.user}, {instance.taken}"

    def after_writing(self) -> None:
        record_many(list(self._facts()), actor=self.actor)

    def _facts(self) -> Iterable[Fact]:
        for saved in self.saved:
            one = saved.instance
            data = {"title": one.taken.title, "course": one.course_id, "user": one.user_id}
            if saved.before is None:
                yield Fact("enablement.enrolled", one.partner_id, one, one.enrolled_at, data)
            if one.completed_at and not (saved.before and saved.before.completed_at):
                yield Fact("enablement.course_completed", one.partner_id, one, one.completed_at, data)


def made_key(record: Record, *names: str) -> str:
    """A key made of what the line says, for files that have none."""
    return "/".join(folded(str(record.texts.get(name, ""))) for name in names)[:120]
