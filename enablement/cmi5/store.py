"""The rules of cmi5 at the learning record store: what comes with the key of a launch, and what may not."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.utils import timezone

from enablement.cmi5 import rules, selectors, services
from enablement.cmi5 import vocabulary as words
from enablement.cmi5.models import Cmi5Session
from enablement.cmi5.rules import Violation
from enablement.records.documents import Place
from enablement.records.models import Resource, Statement, StoreKey
from enablement.records.protocol import Refused
from enablement.records.statements import Json


class Cmi5Rules:
    """Registered with the store when the app starts."""

    def statements(self, key: StoreKey, sent: Sequence[Json]) -> Callable[[], None]:
        if key.registration is None:
            _refuse_strangers(sent)
            return lambda: None
        session = _session(key)
        fresh = _fresh(sent)
        standing = services.standing_of(session)
        try:
            for statement in fresh:
                rules.check(statement, standing)
                standing.follow(statement)
        except Violation as error:
            raise Refused(403, str(error)) from error
        vendor = session.vendor
        return lambda: services.statements_work_in(vendor=vendor, session=session, said=fresh)

    def document_written(self, key: StoreKey, place: Place, content_type: str, content: bytes | None) -> None:
        is_launch_data = place.resource == Resource.STATE and place.name == words.LAUNCH_DATA
        if is_launch_data and place.registration and selectors.ours([place.registration]):
            raise Refused(403, "The launch data is the portal's to write (10.2.1).")
        is_preferences = place.resource == Resource.AGENT_PROFILE and place.name == words.PREFERENCES
        if key.registration and is_preferences and content is not None:
            try:
                rules.check_preferences(content_type, content)
            except Violation as error:
                raise Refused(403, str(error)) from error

    def document_read(self, key: StoreKey, place: Place) -> None:
        if key.registration is None:
            return
        field = {
            (Resource.STATE, words.LAUNCH_DATA): "data_read_at",
            (Resource.AGENT_PROFILE, words.PREFERENCES): "preferences_read_at",
        }.get((Resource(place.resource), place.name))
        if field:
            rows = Cmi5Session.objects.filter(key=key, **{field: None})
            rows.update(**{field: timezone.now()})


def _session(key: StoreKey) -> Cmi5Session:
    session = services.session_of(key)
    if session is None or session.is_over:
        raise Refused(403, "The session is over.")
    return session


def _fresh(sent: Sequence[Json]) -> list[Json]:
    """What is not stored yet: whoever lost the answer sends the same again."""
    ids = [statement["id"] for statement in sent if "id" in statement]
    rows = Statement.objects.filter(statement_id__in=ids)
    known = {str(one) for one in rows.values_list("statement_id", flat=True)}
    return [statement for statement in sent if str(statement.get("id", "")).lower() not in known]


def _refuse_strangers(sent: Sequence[Json]) -> None:
    """Nobody but the unit itself speaks cmi5 in a registration of ours."""
    registrations = {
        UUID(statement["context"]["registration"])
        for statement in sent
        if "registration" in statement.get("context", {}) and rules.is_defined(statement)
    }
    if registrations and selectors.ours(registrations):
        raise Refused(403, "This registration belongs to a launch of the portal; only its unit speaks in it.")
