"""Taking packages in, beginning to play one, and keeping what it tells."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from enablement.courses.models import Course, Enrolment, Module, ModuleProgress, Source
from enablement.courses.policies import may_edit, may_take_part
from enablement.courses.selectors import as_the_vendor
from enablement.courses.services import module_finish
from enablement.packages import runtime
from enablement.packages.archive import looks_like_xml
from enablement.packages.manifest import CMI5, Manifest, Part
from enablement.packages.models import Launch, ModulePackage, Package, PartState
from enablement.packages.runtime import Told
from enablement.packages.selectors import package_of, parts_of
from enablement.quizzes.reported import attempt_report
from portal.events.log import record
from portal.tenancy.access import Actor

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

#: How long content may report after it was opened; then it is opened again.
OPEN_FOR: Final = timedelta(hours=24)


@transaction.atomic
def package_add(*, actor: Actor, course: Course, file: "UploadedFile[Any]", manifest: Manifest) -> Package:
    """Keep a checked package with its course. PermissionDenied."""
    if not may_edit(actor):
        raise PermissionDenied("Packages are added by program admins.")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    package: Package = Package.objects.create(
        course=course, standard=manifest.standard, identifier=manifest.id[:500], title=manifest.title,
        parts=[part.as_json() for part in manifest.parts],
        blocks=[block.as_json() for block in manifest.blocks],
        name=(file.name or "package.zip")[:120], size=file.size or 0, sha256=digest.hexdigest(),
        content_type="application/xml" if looks_like_xml(file) else "application/zip", file=file,
        uploaded_by=actor.user,
    )  # fmt: skip
    data = {"title": package.title, "standard": package.get_standard_display(), "parts": len(package.parts)}
    record("enablement.package_added", actor=actor, subject=package, data=data)
    return package


@transaction.atomic
def module_play(*, actor: Actor, module: Module, package: Package) -> None:
    """Let a module of a draft play this package of its course."""
    if not may_edit(actor):
        raise PermissionDenied("Courses are the program admin's.")
    if not module.version.is_draft or package.course_id != module.version.course_id:
        raise ValidationError("This package cannot be used in this module.", code="illegal")
    ModulePackage.objects.update_or_create(module=module, defaults={"package": package})


@transaction.atomic
def launch_begin(*, actor: Actor, enrolment: Enrolment, module: Module) -> Launch:
    """Begin to play. Only the learner; ValidationError when there is nothing to play."""
    if enrolment.user_id != actor.user.pk or not may_take_part(actor):
        raise PermissionDenied("Only the learner works in a course.")
    with as_the_vendor(actor):
        package = package_of(module)
        if package is None or package.standard == CMI5:
            raise ValidationError("This module cannot be opened in this course.", code="illegal")
        refuse_launch(enrolment, module)
        now = timezone.now()
        launch: Launch = Launch.objects.create(
            user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment, module=module,
            package=package, started_at=now, ends_at=now + OPEN_FOR,
        )  # fmt: skip
        data = {"title": module.title, "course": enrolment.course_id, "standard": package.standard}
        record(
            "enablement.package_launched",
            actor=actor,
            partner_id=enrolment.partner_id,
            subject=launch,
            data=data,
        )
    return launch


def refuse_launch(enrolment: Enrolment, module: Module) -> None:
    if module.version_id != enrolment.version_id or enrolment.left_at:
        raise ValidationError("This module cannot be opened in this course.", code="illegal")


@transaction.atomic
def state_save(*, launch: Launch, part: Part, sequence: int, data: Mapping[str, Any], is_over: bool) -> bool:
    """Keep what a part tells of itself; False when a later launch has taken over, then nothing is kept.

    What is older than what is there is passed over: saves may arrive in any order. Runs under the vendor's
    system scope.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=launch.enrolment_id)
    states = PartState.objects.select_for_update().filter(enrolment=enrolment, module=launch.module_id)
    known = {state.part: state for state in states}
    state: PartState | None = known.get(part.id)
    if state and state.launch_id > launch.pk:
        return False
    if state and state.launch_id == launch.pk and sequence <= state.sequence:
        return True
    told = runtime.told_by(launch.package.standard, part, data) if part.reports else Told(True, None, None)
    known[part.id] = _kept(state, launch, part, sequence, data, told)
    _remember_place(launch, data)
    if told.passed or (is_over and (told.passed is not None or told.score is not None)):
        _count_try(launch, enrolment, part, told)
    if all(known.get(one.id) and known[one.id].is_completed for one in parts_of(launch.package)):
        _finish(launch, enrolment)
    return True


def _kept(
    state: PartState | None, launch: Launch, part: Part, sequence: int, data: Mapping[str, Any], told: Told
) -> PartState:
    """Done stays done, and passed passed, whatever a second look at the content says."""
    state = state or PartState(
        user_id=launch.user_id, partner_id=launch.partner_id, enrolment_id=launch.enrolment_id,
        module_id=launch.module_id, part=part.id,
    )  # fmt: skip
    was_completed = state.is_completed
    state.launch, state.sequence, state.data, state.saved_at = launch, sequence, dict(data), timezone.now()
    state.is_completed = was_completed or told.is_completed
    state.passed = True if state.passed or told.passed else told.passed
    state.score = told.score if told.score is not None else state.score
    state.save()
    if state.is_completed and not was_completed:
        record(
            "enablement.part_completed",
            partner_id=launch.partner_id,
            subject=launch,
            data={"title": part.title, "user": launch.user_id},
        )
    return state


def _remember_place(launch: Launch, data: Mapping[str, Any]) -> None:
    """So that the course says where one stopped, on whichever device one goes on."""
    now, place = timezone.now(), runtime.place_of(launch.package.standard, data)
    rows = ModuleProgress.objects.filter(enrolment=launch.enrolment_id, module=launch.module_id)
    rows.update(saved_at=now, **({"place": place} if place else {}))
    Enrolment.objects.filter(pk=launch.enrolment_id).update(saved_at=now, module=launch.module_id)


def _count_try(launch: Launch, enrolment: Enrolment, part: Part, told: Told) -> None:
    """One try a launch and part; its first word stands."""
    attempt_report(
        enrolment=enrolment,
        module=launch.module,
        source=Source.SCORM,
        key=f"launch:{launch.pk}:{hashlib.sha256(part.id.encode()).hexdigest()[:16]}",
        at=timezone.now(),
        passed=told.passed,
        score=told.score,
    )


def _finish(launch: Launch, enrolment: Enrolment) -> None:
    if enrolment.left_at is None:
        module_finish(enrolment=enrolment, module=launch.module)
