"""How certificates read. Words, no queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from enablement.certifications.accreditation import Accreditation
from enablement.certifications.models import Award, Certification, CertificationCourse
from enablement.certifications.team import Matrix
from enablement.certifications.validity import Finished, opens_at
from enablement.courses.models import Course
from portal.ui.formatting import format_count, format_date

LOOKS = {
    "valid": ("ok", "Valid"),
    "soon": ("watch", "Ends soon"),
    "ended": ("bad", "Ended"),
    "revoked": ("bad", "Revoked"),
}


def state_text(award: Award, now: datetime) -> tuple[str, str]:
    """(tone, words) of an award: "Valid until 14 May 2028"."""
    state = award.state(now)
    if state == "revoked" and award.revoked_at:
        return "bad", f"Revoked {format_date(award.revoked_at, 'year')}"
    if award.expires_on is None:
        return "ok", "Valid, it does not end"
    day = format_date(award.expires_on, "year")
    return {
        "valid": ("ok", f"Valid until {day}"),
        "soon": ("watch", f"Ends {day}"),
        "ended": ("bad", f"Ended {day}"),
    }[state]


@dataclass(frozen=True, slots=True)
class Way:
    """One certification as its learner sees it: what they hold, what is done for the next, what comes now."""

    certification: Certification
    award: Award | None
    tone: str
    words: str
    steps: list[tuple[Course, bool]]
    note: str

    @property
    def done(self) -> int:
        return sum(is_done for _, is_done in self.steps)

    @property
    def next(self) -> Course | None:
        return next((course for course, is_done in self.steps if not is_done), None)

    @property
    def is_open(self) -> bool:
        """There is something to take for it now."""
        return bool(self.steps) and self.next is not None


def way(
    certification: Certification,
    links: Sequence[CertificationCourse],
    finished: Sequence[Finished],
    award: Award | None,
    now: datetime,
) -> Way:
    opens = opens_at(award, certification.renewal_days) if award else None
    tone, words = state_text(award, now) if award else ("", "")
    if award and (opens is None or opens > now):
        note = f"Can be renewed from {format_date(opens, 'year')} on." if opens else ""
        return Way(certification, award, tone, words, [], note)
    taken = {one.course_id for one in finished if _counts(certification, one, award, opens)}
    steps = [(link.course, link.course_id in taken) for link in links]
    note = (
        "Take its courses again to renew it; no time is lost."
        if award and award.state(now) != "ended"
        else ""
    )
    return Way(certification, award, tone, words, steps, note)


def _counts(certification: Certification, one: Finished, award: Award | None, opens: datetime | None) -> bool:
    mark = certification.pass_mark
    if mark is not None and (one.score is None or one.score < mark):
        return False
    return award is None or (
        opens is not None and one.completed_at >= opens and one.enrolled_at >= award.awarded_at
    )


def headline(ways: Sequence[Way], now: datetime) -> str:
    held = [one.award for one in ways if one.award and one.award.state(now) in ("valid", "soon")]
    soon = sum(award.state(now) == "soon" for award in held)
    if not held:
        return "You hold no certificate in force"
    text = f"You hold {len(held)} certificate{'' if len(held) == 1 else 's'}"
    return f"{text}, {soon} of them end{'s' if soon == 1 else ''} soon" if soon else text


def public_words(award: Award, now: datetime, vendor: Any) -> dict[str, str]:
    """What the public page says, of what the holder shares."""
    state, name = award.state(now), str(award.user)
    tone, words = state_text(award, now)
    if state == "revoked":
        heading = "This certificate is no longer valid"
        lead = f"{vendor.name} withdrew it. Please do not rely on copies, pictures or PDFs of it."
    elif state == "ended":
        heading = f"{name} was certified: {award.certification}"
        lead = f"{vendor.name} confirms it for the time below. It has ended since."
    else:
        heading = f"{name} is certified: {award.certification}"
        lead = f"{vendor.name} confirms it: the certificate is in force today."
    return {"tone": tone, "words": words, "heading": heading, "lead": lead}


# The team ------------------------------------------------------------------------------------------------

_STATES = {
    "met": ("ok", "Met"),
    "ending": ("watch", "Met"),
    "grace": ("watch", "Short, stays for now"),
    "lapsed": ("bad", "Lapsed"),
    "never": ("bad", "Not met yet"),
}


def accreditation_row(one: Accreditation) -> dict[str, Any]:
    """A rule of the tier: who counts, who is missing, what comes next."""
    tone, words = _STATES[one.state]
    names = ", ".join(map(str, one.counts))
    people = f"{len(one.counts)} of {one.people}"
    return {
        "one": one,
        "tone": tone,
        "words": words,
        "people": f"{people}: {names}" if names else people,
        "next": _next(one),
    }


def _next(one: Accreditation) -> str:
    people = "one person is" if one.missing == 1 else f"{one.missing} people are"
    if one.state == "grace" and one.lapses_at:
        return f"{people.capitalize()} missing. It lapses on {format_date(one.lapses_at, 'weekday')}."
    if one.state == "lapsed" and one.lapses_at:
        return f"Lapsed on {format_date(one.lapses_at, 'year')}: {people} missing."
    if one.state == "never":
        return f"{people.capitalize()} missing."
    if one.short_from and one.lapses_at:
        day, lapses = format_date(one.short_from, "year"), format_date(one.lapses_at, "year")
        return f"Enough until {day}. Without a renewal it lapses on {lapses}."
    return "Nothing to do."


def team_headline(accreditations: Sequence[Accreditation], matrix: Matrix) -> str:
    """The most pressing thing first."""
    grace = sorted(
        (one for one in accreditations if one.state == "grace"), key=lambda one: one.lapses_at or one.now
    )
    if grace and grace[0].lapses_at:
        first, rest = grace[0], grace[0].missing
        day = format_date(grace[0].lapses_at, "weekday")
        missing = "one person is" if rest == 1 else f"{rest} people are"
        return f"{first.certification} lapses on {day}: {missing} missing"
    short = sum(bool(one.missing) for one in accreditations)
    if short:
        accredited = format_count(len(accreditations), "accreditation")
        return f"{short} of {accredited} {'is' if short == 1 else 'are'} not met"
    people = format_count(len(matrix.rows), "person", "people")
    return f"{matrix.certified} of {people} {'is' if len(matrix.rows) == 1 else 'are'} certified"


def matrix_rows(matrix: Matrix) -> list[dict[str, Any]]:
    return [
        {"seat": row.seat, "cells": [_cell(column, award, matrix.now)
                                     for column, award in zip(matrix.columns, row.awards, strict=True)]}
        for row in matrix.rows
    ]  # fmt: skip


def _cell(column: Certification, award: Award | None, now: datetime) -> dict[str, Any]:
    if award is None:
        return {"column": column, "award": None}
    state = award.state(now)
    tone, word = LOOKS[state]
    if state == "revoked":
        text = "Revoked"
    elif award.expires_on is None:
        text = "Does not end"
    else:
        text = f"{'Ended ' if state == 'ended' else ''}{format_date(award.expires_on, 'year')}"
    return {"column": column, "award": award, "tone": tone, "word": word, "text": text}
