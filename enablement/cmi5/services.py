"""Launching units, handing out their key once, working in what they say, waiving, and ending what stays open.

Every write holds the lock of the enrolment first. Runs under the vendor's scope: learners write none of this.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from enablement.cmi5 import policies, presenters, rules, selectors, statements
from enablement.cmi5 import vocabulary as words
from enablement.cmi5.models import Cmi5Registration, Cmi5Session, Cmi5Unit, LaunchMode
from enablement.courses.models import Enrolment, Module, ModuleProgress, Source
from enablement.courses.policies import may_take_part
from enablement.courses.selectors import as_the_vendor
from enablement.courses.services import module_finish
from enablement.packages.manifest import CMI5, Part
from enablement.packages.models import Launch, Package
from enablement.packages.selectors import package_of, parts_of
from enablement.packages.services import OPEN_FOR, refuse_launch
from enablement.quizzes.reported import attempt_report
from enablement.records.documents import Conditions, Place, document_put
from enablement.records.models import Document, Learner, Resource, StoreKey
from enablement.records.results import score_of
from enablement.records.services import authority_of, launch_key, own_key, statements_store
from enablement.records.statements import Json, agent_key
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor


class WaiveReason(models.TextChoices):
    """Why a unit need not be taken; the words are those of cmi5 (9.5.5.2)."""

    TESTED_OUT = "Tested Out", "Tested out"
    EQUIVALENT_UNIT = "Equivalent AU", "Took an equivalent unit"
    EQUIVALENT_OUTSIDE = "Equivalent Outside Activity", "Did something equivalent elsewhere"
    ADMINISTRATIVE = "Administrative", "Decided by the programme"


_BATCH: Final = 200


# Launching ------------------------------------------------------------------------------------------------


@transaction.atomic
def session_launch(
    *, actor: Actor, enrolment: Enrolment, module: Module, position: int, mode: str = ""
) -> Cmi5Session:
    """Begin a session of one unit. Whatever session of the package was open is over then.

    Only the learner. ValidationError when there is no such unit to open. Without a `mode` it is a normal
    launch, or one for review when nothing more can be said of the unit.
    """
    if enrolment.user_id != actor.user.pk or not may_take_part(actor):
        raise PermissionDenied("Only the learner works in a course.")
    with as_the_vendor(actor):
        refuse_launch(enrolment, module)
        package = package_of(module)
        if package is None or package.standard != CMI5 or not 0 < position <= len(package.parts):
            raise ValidationError("This module cannot be opened in this course.", code="illegal")
        _lock(enrolment)
        registration = _registration(actor.vendor, enrolment, module, package)
        for earlier in selectors.open_sessions(registration):
            session_end(vendor=actor.vendor, session=earlier)
        return _launched(actor, registration, position, mode)


def _lock(enrolment: Enrolment | int) -> Enrolment:
    pk = enrolment if isinstance(enrolment, int) else enrolment.pk
    found: Enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=pk)
    return found


def _registration(vendor: Vendor, enrolment: Enrolment, module: Module, package: Package) -> Cmi5Registration:
    """The learner's, begun with the first launch; units without a criterion are satisfied at once (9.6.1)."""
    known = selectors.registration_of(enrolment, module)
    if known:
        return known
    home = absolute(vendor, "home")
    person = {"user_id": enrolment.user_id, "partner_id": enrolment.partner_id}
    made: Cmi5Registration = Cmi5Registration.objects.create(
        enrolment=enrolment, module=module, package=package, iri=f"{home}cmi5/{package.pk}",
        actor={"objectType": "Agent", "account": {"homePage": home, "name": str(enrolment.user_id)}},
        **person,
    )  # fmt: skip
    Cmi5Unit.objects.bulk_create(
        Cmi5Unit(registration=made, unit=part.id, position=number, **person)
        for number, part in enumerate(parts_of(package), start=1)
    )
    _introduce(made)
    _evaluate(vendor, made, uuid4(), timezone.now())
    return made


def _introduce(registration: Cmi5Registration) -> None:
    """Let the learning record store know whom the actor stands for."""
    Learner.objects.update_or_create(
        agent_key=agent_key(registration.actor),
        defaults={"user_id": registration.user_id},
        create_defaults={
            "user_id": registration.user_id,
            "agent": {**registration.actor, "name": str(registration.user)},
        },
    )


def _launched(actor: Actor, registration: Cmi5Registration, position: int, mode: str) -> Cmi5Session:
    now, part = timezone.now(), selectors.part_at(registration, position)
    person = {"user_id": registration.user_id, "partner_id": registration.partner_id}
    launch = Launch.objects.create(
        enrolment_id=registration.enrolment_id, module_id=registration.module_id,
        package=registration.package, started_at=now, ends_at=now + OPEN_FOR, **person,
    )  # fmt: skip
    session: Cmi5Session = Cmi5Session.objects.create(
        registration=registration, launch=launch, position=position,
        mode=mode or _mode(registration, part, position), **person,
    )  # fmt: skip
    _leave_launch_data(actor.vendor, session, part)
    _leave_preferences(session)
    url = presenters.content_of(actor.vendor, launch, part)
    _say(actor.vendor, [statements.launched(session, part, url, now)])
    data = {"title": part.title, "course": registration.enrolment.course_id, "standard": CMI5}
    record(
        "enablement.package_launched", actor=actor, partner_id=launch.partner_id, subject=launch, data=data
    )
    return session


def _mode(registration: Cmi5Registration, part: Part, position: int) -> str:
    """For review once nothing more can be told: what asks for a score may still be passed."""
    unit = Cmi5Unit.objects.get(registration=registration, position=position)
    is_through = unit.satisfied_at and (unit.passed_at or unit.waived_at or part.mastery is None)
    return LaunchMode.REVIEW if is_through and part.move_on != "NotApplicable" else LaunchMode.NORMAL


def _leave_launch_data(vendor: Vendor, session: Cmi5Session, part: Part) -> None:
    """The document a unit reads first (10)."""
    told: dict[str, Any] = {
        "contextTemplate": statements.context_template(session, part),
        "launchMode": session.mode,
        "launchMethod": part.launch_method,
        "launchParameters": part.launch_data,
        "moveOn": part.move_on,
        "returnURL": presenters.return_address(vendor, session, part),
    }
    if part.mastery is not None:
        told["masteryScore"] = part.mastery
    if part.entitlement_key:
        told["entitlementKey"] = {"courseStructure": part.entitlement_key}
    registration = session.registration
    place = Place(
        Resource.STATE, words.LAUNCH_DATA, statements.unit_iri(registration, session.position),
        agent_key(registration.actor), registration.registration,
    )  # fmt: skip
    _put(place, told)


def _leave_preferences(session: Cmi5Session) -> None:
    """What the learner prefers, the language of the course where nothing is known yet (11)."""
    registration = session.registration
    place = Place(Resource.AGENT_PROFILE, words.PREFERENCES, agent=agent_key(registration.actor))
    if not Document.objects.filter(**place.as_filter()).exists():
        language = registration.enrolment.course.language
        _put(place, {"languagePreference": language, "audioPreference": "on"})


def _put(place: Place, told: Json) -> None:
    content = json.dumps(told).encode()
    document_put(place=place, content=content, content_type="application/json", conditions=Conditions())


def _say(vendor: Vendor, said: Sequence[Json]) -> None:
    """Store statements of the portal's own."""
    key = own_key()
    authority = authority_of(key, absolute(vendor, "home"))
    statements_store(source=key, authority=authority, version="1.0.3", statements=said, attachments={})


# The key of a launch --------------------------------------------------------------------------------------


@transaction.atomic
def token_fetch(*, launch: Launch) -> str | None:
    """The one key of a session, as Basic authentication has it; None once it was fetched or is over (8.2)."""
    session = Cmi5Session.objects.filter(launch=launch).select_related("registration").first()
    if session is None:
        return None
    _lock(session.registration.enrolment_id)
    session.refresh_from_db()
    if session.fetched_at or session.is_over or launch.ends_at <= timezone.now():
        return None
    registration = session.registration
    key, secret = launch_key(
        name=f"Launch of {registration.package_id}", agent=registration.actor,
        registration=registration.registration, expires_at=launch.ends_at,
    )  # fmt: skip
    session.key, session.fetched_at = key, timezone.now()
    session.save(update_fields=["key", "fetched_at"])
    return base64.b64encode(f"{key.key}:{secret}".encode()).decode()


# What units say -------------------------------------------------------------------------------------------


def session_of(key: StoreKey) -> Cmi5Session | None:
    """The session a key was made for, with its enrolment locked."""
    rows = Cmi5Session.objects.select_related(
        "registration__package", "registration__enrolment__course", "registration__module",
        "registration__user",
    )  # fmt: skip
    found: Cmi5Session | None = rows.filter(key=key).first()
    if found is None:
        return None
    _lock(found.registration.enrolment_id)
    locked: Cmi5Session = rows.get(pk=found.pk)
    return locked


def standing_of(session: Cmi5Session) -> rules.Standing:
    registration, part = session.registration, selectors.part_at(session.registration, session.position)
    unit = Cmi5Unit.objects.get(registration=registration, position=session.position)
    return rules.Standing(
        activity=statements.unit_iri(registration, session.position),
        session_id=str(session.session_id),
        is_normal=session.mode == LaunchMode.NORMAL,
        mastery=part.mastery,
        has_read_all=bool(session.data_read_at and session.preferences_read_at),
        initialized=session.initialized_at is not None,
        terminated=session.is_over,
        completed=unit.completed_at is not None,
        passed=unit.passed_at is not None,
        failed_here=session.failed_at is not None,
    )


def statements_work_in(*, vendor: Vendor, session: Cmi5Session, said: Sequence[Json]) -> None:
    """What a unit said, now that it is stored: progress, tries, and whatever is satisfied by it."""
    now = timezone.now()
    unit = Cmi5Unit.objects.get(registration=session.registration, position=session.position)
    for statement in said:
        if rules.is_defined(statement):
            _work_in(session, unit, statement, now)
    session.spoke_at = now
    session.save(update_fields=["spoke_at", "initialized_at", "failed_at", "terminated_at"])
    unit.save(update_fields=["completed_at", "passed_at", "failed_at", "score"])
    _remember(session, now)
    if any(statement["verb"]["id"] in words.OF_RESULTS for statement in said):
        _evaluate(vendor, session.registration, session.session_id, now)
    if session.terminated_at:
        _close_key(session)


def _work_in(session: Cmi5Session, unit: Cmi5Unit, statement: Json, now: datetime) -> None:
    verb, score = statement["verb"]["id"], score_of(statement)
    if verb == words.INITIALIZED:
        session.initialized_at = now
    elif verb == words.TERMINATED:
        session.terminated_at = now
    elif verb == words.COMPLETED:
        unit.completed_at = now
    elif verb == words.PASSED:
        unit.passed_at, unit.score = now, score
        _count_try(session, True, score, now)
    elif verb == words.FAILED:
        session.failed_at = unit.failed_at = now
        unit.score = score
        _count_try(session, False, score, now)


def _count_try(session: Cmi5Session, passed: bool, score: int | None, now: datetime) -> None:
    registration = session.registration
    attempt_report(
        enrolment=registration.enrolment, module=registration.module, source=Source.CMI5,
        key=f"cmi5:{session.session_id}", at=now, passed=passed, score=score,
    )  # fmt: skip


def _remember(session: Cmi5Session, now: datetime) -> None:
    registration = session.registration
    rows = ModuleProgress.objects.filter(enrolment=registration.enrolment_id, module=registration.module_id)
    rows.update(saved_at=now)
    Enrolment.objects.filter(pk=registration.enrolment_id).update(saved_at=now, module=registration.module_id)


def _close_key(session: Cmi5Session) -> None:
    StoreKey.objects.filter(pk=session.key_id, revoked_at=None).update(revoked_at=timezone.now())


# Satisfied ------------------------------------------------------------------------------------------------


def _evaluate(vendor: Vendor, registration: Cmi5Registration, session_id: UUID, now: datetime) -> None:
    """Units whose criterion is met, then their blocks, then the course; each is told once (9.3.9)."""
    parts = parts_of(registration.package)
    units = list(Cmi5Unit.objects.filter(registration=registration).order_by("position"))
    for part, unit in zip(parts, units, strict=True):
        if unit.satisfied_at is None and _is_met(part, unit):
            unit.satisfied_at = now
            unit.save(update_fields=["satisfied_at"])
            _tell_unit(registration, part, unit)
    said = _groups(registration, parts, units, session_id, now)
    if said:
        registration.save(update_fields=["satisfied"])
        _say(vendor, said)
    if registration.package.identifier in registration.satisfied:
        _finish(registration)


def _is_met(part: Part, unit: Cmi5Unit) -> bool:
    completed, passed = unit.completed_at is not None, unit.passed_at is not None
    return unit.waived_at is not None or rules.moves_on(part.move_on, completed=completed, passed=passed)


def _groups(
    registration: Cmi5Registration,
    parts: Sequence[Part],
    units: Sequence[Cmi5Unit],
    session_id: UUID,
    now: datetime,
) -> list[Json]:
    """Statements of blocks and the course that are satisfied from now on; notes them in the registration."""
    package = registration.package
    standing = [(unit.satisfied_at is not None, part.blocks) for part, unit in zip(parts, units, strict=True)]
    found = rules.satisfied_blocks(standing, [(block["id"], block["depth"]) for block in package.blocks])
    if all(done for done, _ in standing):
        found.append(package.identifier)
    fresh = [one for one in found if one not in registration.satisfied]
    registration.satisfied = [*registration.satisfied, *fresh]
    activities = statements.groups(registration)
    return [statements.satisfied(registration, activities[one], one, session_id, now) for one in fresh]


def _tell_unit(registration: Cmi5Registration, part: Part, unit: Cmi5Unit) -> None:
    if part.move_on == "NotApplicable":
        return  # nobody did anything
    data = {"title": part.title, "user": registration.user_id}
    record("enablement.part_completed", partner_id=unit.partner_id, subject=registration, data=data)


def _finish(registration: Cmi5Registration) -> None:
    if registration.enrolment.left_at is None:
        module_finish(enrolment=registration.enrolment, module=registration.module)


# Waiving and ending ---------------------------------------------------------------------------------------


@transaction.atomic
def unit_waive(*, actor: Actor, registration: Cmi5Registration, position: int, reason: str) -> Cmi5Unit:
    """Let somebody move on without a unit. What is satisfied already stays as it is; twice is once."""
    if not policies.may_waive(actor, registration):
        raise PermissionDenied("Units are waived by the vendor's managers.")
    if reason not in WaiveReason.values:
        raise ValidationError({"reason": "Choose a reason."})
    with as_the_vendor(actor):
        enrolment = _lock(registration.enrolment_id)
        if enrolment.left_at:
            raise ValidationError("This person left the course.", code="illegal")
        rows = Cmi5Unit.objects.select_related("registration__package", "registration__module")
        unit: Cmi5Unit = rows.get(registration=registration, position=position)
        if unit.satisfied_at is None:
            _waive(actor, unit, reason)
    return unit


def _waive(actor: Actor, unit: Cmi5Unit, reason: str) -> None:
    registration, now, session_id = unit.registration, timezone.now(), uuid4()
    part = selectors.part_at(registration, unit.position)
    unit.waived_at, unit.waived_by, unit.waived_reason = now, actor.user, reason
    unit.save(update_fields=["waived_at", "waived_by", "waived_reason"])
    _say(
        actor.vendor,
        [statements.waived(registration, part, session_id, unit.position, reason, now)],
    )
    data = {"title": part.title, "user": registration.user_id, "reason": WaiveReason(reason).label}
    record("enablement.unit_waived", actor=actor, partner_id=unit.partner_id, subject=registration, data=data)
    _evaluate(actor.vendor, registration, session_id, timezone.now())
    unit.refresh_from_db(fields=["satisfied_at"])


def session_end(*, vendor: Vendor, session: Cmi5Session) -> None:
    """End a session its unit did not end; abandoned if it had begun (9.3.6). The enrolment is locked."""
    now = timezone.now()
    session.abandoned_at = now
    session.save(update_fields=["abandoned_at"])
    _close_key(session)
    if session.initialized_at:
        part = selectors.part_at(session.registration, session.position)
        _say(vendor, [statements.abandoned(session, part, now)])


def quiet_sessions(now: datetime) -> list[int]:
    """Sessions still open when their key has ended, by their ids. Under the vendor's system scope."""
    rows = Cmi5Session.objects.filter(terminated_at=None, abandoned_at=None)
    quiet = rows.filter(launch__ends_at__lte=now).order_by("pk")
    return list(quiet.values_list("pk", flat=True)[:_BATCH])


@transaction.atomic
def session_end_quiet(*, vendor: Vendor, session_id: int) -> None:
    """End one of them, unless it has ended meanwhile."""
    rows = Cmi5Session.objects.select_related("registration__package")
    session = rows.get(pk=session_id)
    _lock(session.registration.enrolment_id)
    session.refresh_from_db(fields=["terminated_at", "abandoned_at", "spoke_at"])
    if not session.is_over:
        session_end(vendor=vendor, session=session)
