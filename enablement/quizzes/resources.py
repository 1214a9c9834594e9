"""Importing scores: tries at tests that were taken elsewhere."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from import_export.widgets import Widget

from enablement.courses.models import Enrolment, Module, Source
from enablement.courses.resources import course_lookup, made_key, person_lookup
from enablement.quizzes.models import Attempt
from enablement.quizzes.services import first_tries_recount
from portal.events.log import Fact, record_many
from portal.imports.cells import (
    Cell,
    Choice,
    Context,
    Key,
    Known,
    Moment,
    Refused,
    Text,
    parse_moment,
    read_number,
)
from portal.imports.maps import folded
from portal.imports.records import Record
from portal.imports.resources import VendorResource


class Percent(Widget):
    """A score from 0 to 100 with at most two decimals, as basis points; None for an empty cell."""

    is_number = True

    def clean(
        self, value: str, row: Any = None, *, context: Context, decimal: str = "", **_: Any
    ) -> int | None:
        if not value:
            return None
        figure = value.removesuffix("%").strip() if value.endswith("%") else value
        points = read_number(figure, decimal) * 100
        if not 0 <= points <= 10_000 or points != points.to_integral_value():
            raise Refused("This must be a score from 0 to 100, with at most two decimals.")
        return int(Decimal(points))


class Verdict(models.TextChoices):
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"


class AttemptResource(VendorResource):
    """Tries of people who are enrolled: load enrolments first. Numbers follow the time of handing in."""

    external_key = Cell(
        "external_key", Key(null=True), help="Its key in the system it comes from.", names=("id",)
    )
    person = Cell("seat", Known("person"), required=True, help="E-mail address.", names=("email", "user"))
    course = Cell("taken", Known("course"), required=True, help="Key or title of a course.")
    module = Cell(
        "module_title", Text(), help="Title of a module; empty: the course as a whole.", names=("test",)
    )
    score = Cell("score", Percent(), help="0 to 100.", names=("result", "mark"))
    verdict = Cell("verdict", Choice(Verdict, default=""), help="passed or failed; empty: unknown.")
    submitted_at = Cell(
        "submitted_at", Moment(), required=True, help="When it was handed in.", names=("date",)
    )

    keys = ("external_key",)
    about = "Tries of people who are enrolled: load enrolments first. Numbers follow the time of handing in."
    tracked = ("user_id", "partner_id", "enrolment_id", "module_id", "score", "passed", "submitted_at",
               "external_key", "source")  # fmt: skip
    stamped = ("number", "started_at")
    reported_as = {"enrolment_id": "course", "module_id": "module", "passed": "verdict"}

    class Meta:
        model = Attempt
        fields = ("external_key", "person", "course", "module", "score", "verdict", "submitted_at")

    def load_lookups(self) -> None:
        self.context.lookups["person"] = person_lookup()
        self.context.lookups["course"] = course_lookup()
        self.enrolments: dict[tuple[int, int], list[Enrolment]] = defaultdict(list)
        for one in Enrolment.objects.order_by("enrolled_at"):
            self.enrolments[one.user_id, one.course_id].append(one)
        rows = Module.objects.values_list("version", "title", "pk")
        self.modules = {(version, folded(title)): pk for version, title, pk in rows}
        counted = Attempt.objects.order_by().values("enrolment", "module").annotate(last=models.Max("number"))
        self.last: dict[tuple[int, int | None], int] = {
            (row["enrolment"], row["module"]): row["last"] for row in counted
        }

    def prepare(self, records: list[Record]) -> list[Record]:
        """By time, so that numbers follow it; a key made of the line where the file has none."""
        for one in records:
            made = made_key(one, "person", "course", "module", "submitted_at")
            one.texts["external_key"] = one.texts.get("external_key") or made
        return sorted(records, key=self._moment)

    def _moment(self, record: Record) -> str:
        try:
            moment = parse_moment(record.texts["submitted_at"], self.context)
        except ValidationError:
            return ""  # refused with its line
        if not isinstance(moment, dt.datetime):
            moment = dt.datetime.combine(moment, dt.time())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.context.vendor.zone)
        return aware.astimezone(dt.UTC).isoformat()

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        return {row.external_key: row for row in Attempt.objects.filter(external_key__in=keys)}

    def complete(self, instance: Any, before: Any) -> None:
        seat, course = instance.seat, instance.taken
        enrolment = self._enrolment(seat.user_id, course.pk, instance.submitted_at)
        instance.user_id, instance.partner_id = seat.user_id, enrolment.partner_id
        instance.enrolment_id = enrolment.pk
        instance.module_id = self._module(enrolment, getattr(instance, "module_title", ""))
        if before is None or "verdict" in self.record.texts:
            verdict = getattr(instance, "verdict", "")
            instance.passed = {"passed": True, "failed": False}.get(verdict)
        if instance.passed is None and instance.score is None:
            raise ValidationError({"score": "Give a score, or say whether it was passed."})
        instance.source = before.source if before else Source.IMPORT
        if before is None:
            place = (instance.enrolment_id, instance.module_id)
            self.last[place] = instance.number = self.last.get(place, 0) + 1
            instance.started_at = instance.submitted_at

    def _enrolment(self, user_id: int, course_id: int, at: dt.datetime) -> Enrolment:
        """The last one begun by then, else the first one."""
        known = self.enrolments.get((user_id, course_id), [])
        if not known:
            raise ValidationError({"course": "This person is not enrolled in it. Load the enrolments first."})
        begun = [one for one in known if one.enrolled_at <= at]
        return begun[-1] if begun else known[0]

    def _module(self, enrolment: Enrolment, title: str) -> int | None:
        if not title:
            return None
        module = self.modules.get((enrolment.version_id, folded(title)))
        if module is None:
            raise ValidationError({"module": "There is no such module in the version this person took."})
        return module

    def label(self, instance: Any) -> str:
        return f"{instance.seat.user}, {instance.taken}"

    def after_writing(self) -> None:
        first_tries_recount({saved.instance.taken.pk for saved in self.saved})
        record_many(list(self._facts()), actor=self.actor)

    def _facts(self) -> Iterable[Fact]:
        for saved in self.saved:
            one = saved.instance
            if saved.before is not None:
                continue
            key = "enablement.attempt_failed" if one.passed is False else "enablement.attempt_passed"
            data = {"title": one.taken.title, "user": one.user_id, "number": one.number, "score": one.score}
            if one.passed is not None:
                yield Fact(key, one.partner_id, one, one.submitted_at, data)
