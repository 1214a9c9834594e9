"""What a learner does: enrol, open, stop somewhere, finish and skip modules, finish the course.

Each locks the enrolment, looks again, writes and records in one transaction; the same thing twice is once.
PermissionDenied for who may never; ValidationError, with a text for people, when it cannot be done now.
"""

from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from enablement.audience import is_for, learner_of
from enablement.courses import policies
from enablement.courses.content import Completion, content_kind
from enablement.courses.models import Course, Enrolment, Module, ModuleProgress, Source
from enablement.courses.selectors import as_the_vendor
from portal.events.log import record
from portal.tenancy.access import Actor


@transaction.atomic
def enrol(*, actor: Actor, course: Course, source: str = Source.PORTAL) -> Enrolment:
    """Begin a course in its published version; whoever is in it already stays where they are.

    Having finished it once, one begins anew: the finished enrolment remains as it is.
    """
    if not policies.may_take_part(actor):
        raise PermissionDenied("Courses are taken by people of active partners.")
    with as_the_vendor(actor):
        course = (
            Course.objects.select_for_update(of=("self",))
            .select_related("least_tier", "published")
            .get(pk=course.pk)
        )
        open_one: Enrolment | None = Enrolment.objects.filter(
            user=actor.user, course=course, completed_at=None, left_at=None
        ).first()
        if open_one:
            return open_one
        if not (course.is_offered and is_for(course, learner_of(actor))):
            raise ValidationError("This course is not offered to you at the moment.", code="illegal")
        enrolment = Enrolment(
            user=actor.user, partner=actor.partner, course=course, version=course.published, source=source
        )
        enrolment.save(force_insert=True)
        _record("enablement.enrolled", actor, enrolment, course)
    return enrolment


def module_open(
    *, actor: Actor, enrolment: Enrolment, module: Module, place: str = "", device: str = ""
) -> None:
    """Remember that this is where the person is, and at which place in it. Leaves no event: it is no step.

    `place` is what the module's kind understands; empty leaves the place as it was. Every page of a course
    does this, so it takes two statements.
    """
    _refuse_strangers(actor, enrolment, module)
    now, place = timezone.now(), place[:40]
    row = ModuleProgress(
        user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment, module=module,
        opened_at=now, saved_at=now, place=place,
    )  # fmt: skip
    kept = nullcontext() if actor.writes_for(enrolment.partner_id) else as_the_vendor(actor)
    with kept, transaction.atomic():
        ModuleProgress.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["vendor", "enrolment", "module"],
            update_fields=["saved_at", "place"] if place else ["saved_at"],
        )
        Enrolment.objects.filter(pk=enrolment.pk).update(module=module, saved_at=now, saved_on=device[:20])


@transaction.atomic
def module_done(*, actor: Actor, enrolment: Enrolment, module: Module) -> Enrolment:
    """The learner says that they are through. What a test or a package decides, nobody can say."""
    _refuse_strangers(actor, enrolment, module)
    if content_kind(module.kind).completion != Completion.LEARNER:
        raise ValidationError("This module is done when its own test or content says so.", code="illegal")
    with as_the_vendor(actor):
        return module_finish(enrolment=enrolment, module=module, actor=actor)


@transaction.atomic
def module_skip(*, actor: Actor, enrolment: Enrolment, module: Module) -> Enrolment:
    """Leave out an optional module; doing it later is still possible."""
    _refuse_strangers(actor, enrolment, module)
    if module.is_required:
        raise ValidationError("This module is required; it cannot be skipped.", code="illegal")
    with as_the_vendor(actor):
        enrolment = _locked(enrolment)
        progress = _progress(enrolment, module)
        if progress.done_at is None and progress.skipped_at is None:
            progress.skipped_at = progress.saved_at = timezone.now()
            progress.save(update_fields=["skipped_at", "saved_at"])
            _record("enablement.module_skipped", actor, enrolment, module)
        _complete_if_through(enrolment, progress.saved_at, actor)
    return enrolment


def module_finish(
    *, enrolment: Enrolment, module: Module, at: datetime | None = None, actor: Actor | None = None
) -> Enrolment:
    """A module is done: told by its learner, a passed test, a package or a learning record.

    Runs in the caller's transaction under the vendor's scope. The first time counts; when it was the last
    required module the course is finished too.
    """
    enrolment = _locked(enrolment)
    progress = _progress(enrolment, module)
    at = at or timezone.now()
    if progress.done_at is None:
        progress.done_at, progress.skipped_at, progress.saved_at = at, None, at
        progress.save(update_fields=["done_at", "skipped_at", "saved_at"])
        _record("enablement.module_done", actor, enrolment, module, at)
    _complete_if_through(enrolment, at, actor)
    return enrolment


@transaction.atomic
def course_leave(*, actor: Actor, enrolment: Enrolment) -> Enrolment:
    """Give up a course; what was done in it stays on record."""
    if enrolment.user_id != actor.user.pk or not policies.may_take_part(actor):
        raise PermissionDenied("Only the learner leaves a course.")
    with as_the_vendor(actor):
        enrolment = _locked(enrolment)
        if enrolment.is_open:
            enrolment.left_at = timezone.now()
            enrolment.save(update_fields=["left_at"])
            _record("enablement.course_left", actor, enrolment, enrolment.course)
    return enrolment


def _complete_if_through(enrolment: Enrolment, at: datetime, actor: Actor | None) -> None:
    """Every required module is done. Optional ones that were left out are skipped from now on."""
    if not enrolment.is_open:
        return
    done = ModuleProgress.objects.filter(enrolment=enrolment, done_at__isnull=False).values("module")
    rest = list(Module.objects.filter(version=enrolment.version_id).exclude(pk__in=done))
    if any(module.is_required for module in rest):
        return
    _skip(enrolment, rest, at)
    enrolment.completed_at = max(at, enrolment.enrolled_at)
    enrolment.save(update_fields=["completed_at"])
    _record("enablement.course_completed", actor, enrolment, enrolment.course, enrolment.completed_at)


def _skip(enrolment: Enrolment, modules: list[Module], at: datetime) -> None:
    rows = [
        ModuleProgress(
            user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment, module=module,
            opened_at=at, saved_at=at, skipped_at=at,
        )
        for module in modules
    ]  # fmt: skip
    ModuleProgress.objects.bulk_create(rows, ignore_conflicts=True)
    begun = ModuleProgress.objects.filter(enrolment=enrolment, done_at=None, skipped_at=None)
    begun.update(skipped_at=at)


def _refuse_strangers(actor: Actor, enrolment: Enrolment, module: Module) -> None:
    if enrolment.user_id != actor.user.pk or not policies.may_take_part(actor):
        raise PermissionDenied("Only the learner works in a course.")
    if module.version_id != enrolment.version_id:
        raise ValidationError("This module belongs to another version of the course.", code="illegal")
    if enrolment.left_at is not None:
        raise ValidationError("You left this course. Enrol again to go on.", code="illegal")


def _locked(enrolment: Enrolment) -> Enrolment:
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("course", "version", "user")
    found: Enrolment = rows.get(pk=enrolment.pk)
    return found


def _progress(enrolment: Enrolment, module: Module) -> ModuleProgress:
    """The row of this module, locked with its enrolment."""
    row: ModuleProgress
    row, _ = ModuleProgress.objects.get_or_create(
        enrolment=enrolment,
        module=module,
        defaults={"user_id": enrolment.user_id, "partner_id": enrolment.partner_id},
    )
    return row


def _record(
    key: str, actor: Actor | None, enrolment: Enrolment, what: Any, at: datetime | None = None
) -> None:
    """`what` is the course or one of its modules; the event's subject is always the enrolment."""
    record(
        key,
        actor=actor,
        partner_id=enrolment.partner_id,
        subject=enrolment,
        data={"title": str(what), "course": enrolment.course_id, "user": enrolment.user_id},
        occurred_at=at,
    )
