"""Every address x every role, as data. The resolver is walked: an address that is not listed here fails.

A line says who gets in. Everybody else gets 404 for what they cannot see and 403 for what they see but may
not do; strangers of another vendor always 404, people who are not signed in the way to the sign-in page.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone

from deals.deal.models import Deal
from deals.disputes.models import CaseFile, CaseSide, ConflictCase
from deals.proofs.models import Proof, ProofFile
from deals.protection.links import link_make
from deals.protection.models import Extension
from deals.shared_credit.models import CoSell, CreditLine
from deals.special_prices.models import PriceRequest
from enablement.assignments.services import course_assign
from enablement.editor import services as editor
from enablement.packages.models import ModulePackage
from enablement.packages.services import launch_begin
from partners.models import Partner
from partners.services import person_invite
from portal.events.models import PortalEvent
from portal.files import uploads
from portal.files.uploads import checked
from portal.notifications.models import Notification
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.enablement import certificates, cmi5, library, packages, school
from tests.mdf.money import fund_of
from tests.support import factories, leads
from tests.support.files import PDF, PNG, VTT
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as, add_person

PARTNER_OF_BETA = {"partner_rep", "partner_admin"}
DISTRIBUTOR = {"distributor_admin", "distributor_rep"}
OTHER_PARTNERS = DISTRIBUTOR | {"sub_rep"}
PARTNER_PEOPLE = PARTNER_OF_BETA | OTHER_PARTNERS
STAFF_OF_BETA = {"manager", "executive", "program_admin"}
DECIDERS_OF_BETA = {"manager", "program_admin"}
STAFF = STAFF_OF_BETA | {"other_manager"}
MEMBERS = PARTNER_PEOPLE | STAFF
SEE_BETA = PARTNER_OF_BETA | STAFF_OF_BETA
OUTSIDERS = ("anonymous", "disabled", "former", "stranger")


@dataclass(frozen=True)
class Line:
    """Who is let in (`allowed`), and who at least sees that there is something (`sees`, else 404)."""

    allowed: set[str]
    sees: set[str] = frozenset()  # type: ignore[assignment]
    method: str = "get"
    args: str = ""
    data: str = ""

    def expected(self, name: str) -> set[int]:
        if name in self.allowed:
            return {200, 204, 302, 303, 422} if self.method == "post" else {200}
        return {403} if name in self.sees else {404}


def page(allowed: set[str], sees: set[str] | None = None, args: str = "") -> Line:
    return Line(allowed, sees or set(), args=args)


def action(allowed: set[str], sees: set[str] | None = None, args: str = "", data: str = "") -> Line:
    return Line(allowed, sees or set(), "post", args, data)


#: `args` and `data` are keys of `targets()`: beta's partner, people, invitation and deals in several states.
MATRIX: dict[str, Line] = {
    "home": page(MEMBERS),
    "notifications": page(MEMBERS),
    "requests:waiting": page(MEMBERS),
    "requests:count": page(MEMBERS),
    "notifications_read": action(MEMBERS),
    "notification_preferences": page(MEMBERS),
    "notification_open": action({"partner_rep"}, args="notification"),
    "amount": page(MEMBERS),
    "guide": page(set()),  # the style guide exists in the demo and while developing only
    "partners:list": page(STAFF, PARTNER_PEOPLE),
    "partners:export": page(STAFF, PARTNER_PEOPLE),
    "partners:people": page(PARTNER_PEOPLE),
    "partners:detail": page(SEE_BETA, args="partner"),
    "partners:edit": page(DECIDERS_OF_BETA, SEE_BETA, args="partner"),
    "partners:timeline": page(SEE_BETA, args="partner"),
    "partners:deals": page(SEE_BETA, args="partner"),
    "partners:sub_partners": page(SEE_BETA, args="partner"),
    "partners:people_of": page(SEE_BETA, args="partner"),
    "partners:invite": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner", data="invite"),
    "partners:own_deals_only": action({"partner_admin"}, SEE_BETA, args="partner", data="own_deals_only"),
    "partners:change_role": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat", data="role"
    ),
    "partners:disable": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat"),
    "partners:enable": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat"),
    "partners:revoke_invitation": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_invitation"
    ),
    "deals:list": page(MEMBERS),
    "deals:export": page(MEMBERS),
    "deals:create": page(PARTNER_PEOPLE, STAFF),
    "deals:check": page(PARTNER_PEOPLE, STAFF),
    "deals:duplicates": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk_template": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk_rows": page({"partner_rep"}, args="bulk"),
    "deals:bulk_rejected": page({"partner_rep"}, args="bulk"),
    "deals:bulk_register": action({"partner_rep"}, args="bulk"),
    "deals:inbox": page(STAFF),
    "deals:for_partner": page(SEE_BETA, args="partner"),
    "deals:detail": page(SEE_BETA, args="pending"),
    "deals:edit": page(PARTNER_OF_BETA, args="draft"),
    "deals:claims": page(DECIDERS_OF_BETA, args="pending"),
    "deals:review": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:approve": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:return": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="reason"),
    "deals:reject": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="reason"),
    "deals:attach": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open"),
    "deals:file": page(SEE_BETA, args="file"),
    "deals:file_remove": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="file"),
    "deals:note": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="pending", data="note"),
    "deals:remark": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="note"),
    "deals:amend": page(SEE_BETA, args="open"),
    "deals:amendment_approve": action(DECIDERS_OF_BETA, SEE_BETA, args="amendment"),
    "deals:amendment_reject": action(DECIDERS_OF_BETA, SEE_BETA, args="amendment", data="reason"),
    "deals:amendment_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="amendment"),
    "deals:withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="pending"),
    "deals:cases": page(STAFF),
    "deals:case": page(STAFF_OF_BETA, args="case"),
    "deals:case_paper": page(STAFF_OF_BETA, args="case_paper"),
    "deals:case_decide": action(DECIDERS_OF_BETA, STAFF_OF_BETA, args="case", data="decision"),
    "deals:case_close": action({"program_admin"}, STAFF_OF_BETA, args="appeal", data="answer"),
    "deals:case_open": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:case_appeal": action(PARTNER_OF_BETA, SEE_BETA, args="lost_side", data="note"),
    "deals:case_attach": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="side"),
    "deals:case_file": page(SEE_BETA, args="case_file"),
    "deals:extend": action(PARTNER_OF_BETA, SEE_BETA, args="open", data="extend"),
    "deals:extend_by_mail": page({"partner_rep"}, SEE_BETA, args="extension_link"),
    "deals:grant_extension": action(DECIDERS_OF_BETA, SEE_BETA, args="extension"),
    "deals:refuse_extension": action(DECIDERS_OF_BETA, SEE_BETA, args="extension", data="reason"),
    "deals:stage": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="stage"),
    "deals:won": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="won"),
    "deals:lost": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="lost"),
    "partners:leads": page(SEE_BETA, args="partner"),
    "leads:list": page(MEMBERS),
    "leads:export": page(MEMBERS),
    "leads:waiting": page(MEMBERS),
    "leads:create": page(DECIDERS_OF_BETA | {"other_manager"}, MEMBERS),
    "leads:bulk": action(DECIDERS_OF_BETA | {"other_manager"}, {"executive"}, data="lead_bulk"),
    "leads:for_partner": page(SEE_BETA, args="partner"),
    "leads:detail": page(SEE_BETA, args="lead_offered"),
    "leads:edit": page(DECIDERS_OF_BETA, STAFF_OF_BETA, args="lead_free"),
    "leads:offer": action(DECIDERS_OF_BETA, {"executive"}, args="lead_free", data="lead_partner"),
    "leads:route": action(DECIDERS_OF_BETA, {"executive"}, args="lead_free"),
    "leads:take_back": action(DECIDERS_OF_BETA, SEE_BETA, args="lead_offered"),
    "leads:end": action(DECIDERS_OF_BETA, SEE_BETA, args="lead_offered", data="lead_reason"),
    "leads:accept": action(PARTNER_OF_BETA, SEE_BETA, args="lead_offered"),
    "leads:decline": action(PARTNER_OF_BETA, SEE_BETA, args="lead_offered", data="lead_reason"),
    "leads:contact": action(PARTNER_OF_BETA, SEE_BETA, args="lead_accepted", data="lead_contact"),
    "leads:disqualify": action(PARTNER_OF_BETA, SEE_BETA, args="lead_contacted", data="lead_reason"),
    "leads:convert": action(PARTNER_OF_BETA, SEE_BETA, args="lead_contacted"),
    "deals:credit": page(SEE_BETA, args="pending"),
    "deals:credit_confirm": action(DECIDERS_OF_BETA, SEE_BETA, args="proposed", data="naming"),
    "deals:credit_decline": action(DECIDERS_OF_BETA, SEE_BETA, args="proposed", data="reason"),
    "deals:credit_end": action(DECIDERS_OF_BETA, SEE_BETA, args="shared", data="reason"),
    "deals:credit_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="proposed"),
    "deals:shared": page(MEMBERS),
    # Alpha's deal, offered to beta: its people answer, the vendor's see it, alpha's see their own side only.
    "deals:share_accept": action(PARTNER_OF_BETA, STAFF_OF_BETA, args="offered"),
    "deals:share_decline": action(PARTNER_OF_BETA, STAFF_OF_BETA, args="offered", data="reason"),
    "deals:proof": page(SEE_BETA, args="won_deal"),
    "deals:proof_accept": action(DECIDERS_OF_BETA, SEE_BETA, args="proof"),
    "deals:proof_refuse": action(DECIDERS_OF_BETA, SEE_BETA, args="proof", data="reason"),
    "deals:proof_file": page(SEE_BETA, args="proof_file"),
    "deals:requests": page(STAFF),
    "deals:terms": page(SEE_BETA, args="pending"),
    "deals:price": page(SEE_BETA, args="pending"),
    "deals:price_grant": action(DECIDERS_OF_BETA, SEE_BETA, args="price", data="grant"),
    "deals:price_refuse": action(DECIDERS_OF_BETA, SEE_BETA, args="price", data="reason"),
    "deals:price_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="price"),
    "enablement:home": page(MEMBERS),
    "enablement:catalogue": page(MEMBERS),
    "enablement:record": page(MEMBERS),
    "enablement:next_step": page(PARTNER_PEOPLE),
    "enablement:paths": page(MEMBERS),
    "enablement:path": page(MEMBERS, args="learning_path"),
    "enablement:course": page(MEMBERS, args="course"),
    "enablement:enrol": action(PARTNER_PEOPLE, STAFF, args="course"),
    # The rep's own way through a course: colleagues are in none, the vendor's people look into previews.
    "enablement:leave": action({"partner_rep"}, STAFF, args="course"),
    "enablement:module": page(MEMBERS, args="module"),
    "enablement:module_done": action({"partner_rep"}, STAFF, args="module"),
    "enablement:module_skip": action({"partner_rep"}, STAFF, args="module"),
    "enablement:module_place": action({"partner_rep"}, STAFF, args="module", data="place"),
    "enablement:package_launch": action({"partner_rep"}, args="package_module"),
    "enablement:play": page({"partner_rep"}, args="package_launch"),
    "enablement:unit_launch": action({"partner_rep"}, args="unit_launch"),
    "enablement:unit_play": page({"partner_rep"}, args="unit_session"),
    "enablement:units": page(STAFF_OF_BETA | {"partner_admin"}, SEE_BETA, args="units"),
    "enablement:unit_waive": action(DECIDERS_OF_BETA, SEE_BETA, args="unit", data="waiver"),
    "enablement:package_look": page(STAFF, args="package_link"),
    "enablement:preview": page(STAFF, args="version_module"),
    "enablement:file": page(MEMBERS, args="course_file"),
    "enablement:captions": page(MEMBERS, args="course_captions"),
    "enablement:picture": page(MEMBERS, args="course_picture"),
    "enablement:attempt_begin": action({"partner_rep"}, SEE_BETA, args="test"),
    "enablement:attempt_grant": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="test"),
    "enablement:attempt": page({"partner_rep"}, args="attempt"),
    "enablement:hand_in": page({"partner_rep"}, args="attempt"),
    "enablement:result": page({"partner_rep"}, args="attempt_over"),
    "enablement:certificates": page(PARTNER_PEOPLE),
    "enablement:certificate": page(STAFF_OF_BETA | PARTNER_OF_BETA, args="certificate"),
    "enablement:certificate_file": page(STAFF_OF_BETA | PARTNER_OF_BETA, args="certificate_file"),
    "enablement:certificate_share": action({"partner_rep"}, SEE_BETA, args="certificate"),
    "enablement:certificate_hide": action({"partner_rep"}, SEE_BETA, args="certificate"),
    "enablement:certificate_revoke": action(
        {"program_admin"}, SEE_BETA, args="certificate", data="revocation"
    ),
    "enablement:team_certificates": page(STAFF_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner"),
    "enablement:coverage": page(STAFF),
    "enablement:team_of": page(STAFF_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner"),
    "enablement:team_gaps": page(STAFF_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner"),
    "enablement:assign": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner", data="course_assign"
    ),
    "enablement:assignment_withdraw": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="assignment"
    ),
    "enablement:assignment_move": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="assignment", data="course_assign"
    ),
    **{
        f"enablement:{name}": page({"program_admin"}, MEMBERS, args=args)
        for name, args in {
            "edit": "",
            "edit_course_new": "",
            "edit_course": "course",
            "edit_details": "course",
            "edit_module_new": "course_kind",
            "edit_module": "draft_module",
            "edit_quiz": "draft_test",
            "edit_pool_new": "course",
            "edit_pool": "pool",
            "edit_pool_name": "pool",
            "edit_question_new": "pool",
            "edit_question": "question",
            "edit_paths": "",
            "edit_path_new": "",
            "edit_path": "learning_path",
        }.items()
    },
    **{
        f"enablement:{name}": action({"program_admin"}, MEMBERS, args=args)
        for name, args in {
            "edit_retire": "course",
            "edit_draft": "course",
            "edit_discard": "course",
            "edit_publish": "course",
            "edit_file": "course",
            "edit_refresher": "course",
            "edit_refresher_remove": "refresher",
            "edit_module_move": "draft_module",
            "edit_module_remove": "draft_module",
            "edit_pool_import": "pool",
            "edit_question_retire": "question",
            "edit_path_retire": "learning_path",
        }.items()
    },
    "library:home": page(MEMBERS),
    "library:recommended": page(MEMBERS),
    "library:usage": page(STAFF, PARTNER_PEOPLE),
    "library:asset": page(PARTNER_OF_BETA | STAFF, args="asset"),
    "library:download": page(PARTNER_OF_BETA | STAFF, args="asset"),
    "library:picture": page(PARTNER_OF_BETA | STAFF, args="asset"),
    "library:collection": page(PARTNER_OF_BETA | STAFF, args="collection"),
    "library:edit": page({"program_admin"}, MEMBERS),
    "library:edit_new": page({"program_admin"}, MEMBERS),
    "library:edit_asset": page({"program_admin"}, MEMBERS, args="asset"),
    "library:edit_retire": action({"program_admin"}, MEMBERS, args="asset"),
    "library:edit_collections": page({"program_admin"}, MEMBERS),
    "library:edit_collection_new": page({"program_admin"}, MEMBERS),
    "library:edit_collection": page({"program_admin"}, MEMBERS, args="collection"),
    "library:edit_collection_remove": action({"program_admin"}, MEMBERS, args="collection"),
    "mdf:home": page(MEMBERS),
    "mdf:fund": page(STAFF, args="fund"),
    "mdf:export": page(STAFF, args="fund_file"),
    "mdf:budget": action({"program_admin"}, STAFF, args="fund"),
    "mdf:allocate": action({"program_admin"}, STAFF, args="fund"),
    "mdf:close": action({"program_admin"}, STAFF, args="fund"),
    "scorecards:portfolio": page(STAFF),
    "scorecards:portfolio_export": page(STAFF),
    "scorecards:portfolio_map": page(STAFF),
    "scorecards:training_effect": page(STAFF),
    "scorecards:training_effect_export": page(STAFF),
    "scorecards:own": page(PARTNER_PEOPLE),
    "scorecards:detail": page(SEE_BETA, args="partner"),
    "scorecards:card": page(SEE_BETA, args="partner"),
    "scorecards:recompute": action(DECIDERS_OF_BETA, SEE_BETA, args="partner"),
    "scorecards:metric_rows": page(SEE_BETA, args="metric"),
    "scorecards:metric_rows_export": page(SEE_BETA, args="metric"),
}


@dataclass(frozen=True)
class Personal:
    """A page of the person, not of a membership: what GET answers strangers, and somebody signed in."""

    anonymous: int
    member: int
    args: str = ""


#: Everything under /accounts/, at a vendor's address and outside of any. All else of the library is off.
PERSONAL_PAGES: dict[str, Personal] = {
    "account_login": Personal(200, 302),
    "account_logout": Personal(302, 200),
    "account_inactive": Personal(200, 200),
    "account_signup": Personal(200, 302),  # says that one joins by invitation
    "account_reauthenticate": Personal(302, 200),
    "account_email": Personal(302, 200),
    "account_email_cancel": Personal(302, 302),
    "account_email_prove": Personal(404, 404, "token"),
    "account_email_undo": Personal(404, 404, "token"),
    "account_change_password": Personal(302, 200),
    "account_set_password": Personal(302, 302),
    "account_reset_password": Personal(200, 200),
    "account_reset_password_done": Personal(200, 200),
    "account_reset_password_from_key_done": Personal(200, 200),
    "account_reset_password_from_key": Personal(200, 200, "reset"),
    "mfa_index": Personal(302, 200),
    "mfa_authenticate": Personal(302, 302),
    "mfa_reauthenticate": Personal(302, 302),
    "mfa_activate_totp": Personal(302, 302),
    "mfa_deactivate_totp": Personal(302, 404),
    "mfa_view_recovery_codes": Personal(302, 404),
    "mfa_generate_recovery_codes": Personal(302, 302),
    "mfa_download_recovery_codes": Personal(302, 404),
}
PERSONAL_ARGS: dict[str, dict[str, str]] = {
    "": {},
    "token": {"token": "made-up"},
    "reset": {"uidb36": "1", "key": "made-up"},
}
PERSONAL = ("account_", "mfa_")
PUBLIC = {
    "certificates:shared", "certificates:credential", "badges:issuer", "badges:key", "badges:status",
    "brand", "healthz", "join", "switch", "resume",
}  # fmt: skip
#: Answer to a key or a signed token and to no person: `test_a_key_is_asked_for_and_no_person_let_in`.
KEYED = ("records:", "content:")
#: Django admin: one rule for all of it (`test_the_administration_is_for_program_admins`).
ADMINISTRATION = "admin:"


def addresses() -> Iterator[tuple[str, str]]:
    yield from _walk(get_resolver("portal.urls").url_patterns, ())


def _walk(patterns: Any, namespaces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join((*namespaces, pattern.name or "")), str(pattern.pattern)
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, inner)


def test_every_address_is_in_the_matrix() -> None:
    names = {name for name, _ in addresses()}
    ours = {n for n in names if not n.startswith((*PERSONAL, *KEYED, ADMINISTRATION)) and n not in PUBLIC}
    assert ours == set(MATRIX), "an address nobody said who may open"


def test_every_address_of_the_account_is_in_the_matrix_too() -> None:
    for urlconf in ("portal.urls", "portal.urls_lobby"):
        names = {name for name, _ in _walk(get_resolver(urlconf).url_patterns, ())}
        assert {name for name in names if name.startswith(PERSONAL)} == set(PERSONAL_PAGES)


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(PERSONAL_PAGES))
def test_pages_of_the_person(
    address: str, world: VendorWorld, client_as: Callable[..., PortalClient]
) -> None:
    """The same at the vendor's address and outside; every page in our frame; strangers go to sign-in."""
    line = PERSONAL_PAGES[address]
    for vendor in (world.vendor, None):
        path = reverse(address, kwargs=PERSONAL_ARGS[line.args])
        for person, wanted in ((None, line.anonymous), (world.people["partner_rep"], line.member)):
            client = client_as(person, vendor)
            client.prefix = f"/v/{vendor.slug}" if vendor else ""
            answer = client.get(path)
            assert answer.status_code == wanted, (path, person, answer)
            if wanted == 302 and person is None:
                assert "/accounts/login/" in answer.url
            elif wanted == 200:
                assert 'class="gate"' in answer.text, "not styled as ours"
                assert (world.vendor.name in answer.text) == (vendor is not None)


@pytest.mark.django_db
def test_a_key_is_asked_for_and_no_person_let_in(world: VendorWorld, client_as: Any) -> None:
    """Not even the program admin's session opens the record store or a package's files."""
    by_token = ("content:play", "content:save", "content:fetch", "content:left", "content:file")
    answers = {"records:more": 401, **dict.fromkeys(by_token, 404)}
    args = {"records:more": ["x"], **{name: ["x"] for name in by_token}, "content:file": ["x", "y"]}
    names = {name for name, _ in addresses() if name.startswith(KEYED)}
    assert len(names) > 10
    for name in names - {"records:about"}:  # which versions are spoken is no secret
        for person in (world.people["program_admin"], world.people["partner_rep"], None):
            address = reverse(name, args=args.get(name))
            send = client_as(person, world.vendor)
            body = {"part": "x", "sequence": 1, "data": {}}
            answer = (
                send.post(address, body, content_type="application/json")
                if name in ("content:save", "content:fetch")
                else send.get(address, headers={"X-Experience-API-Version": "2.0.0"})
            )
            assert answer.status_code == answers.get(name, 401), (name, person)


@pytest.fixture
def everybody(world: VendorWorld, other_world: VendorWorld) -> dict[str, Person | None]:
    disabled = add_person_of_beta(world, "disabled")
    former = add_person_of_beta(world, "former")
    disabled.user.is_active = False
    disabled.user.save()
    with entered(system_scope(world.vendor.pk)):
        type(former.membership).objects.filter(pk=former.membership.pk).update(is_active=False)
    return {
        **world.people,
        "anonymous": None,
        "disabled": disabled,
        "former": former,
        "stranger": other_world.people["program_admin"],
    }


def add_person_of_beta(world: VendorWorld, name: str) -> Person:
    with entered(system_scope(world.vendor.pk)):
        return add_person(world.vendor, name, Role.PARTNER_ADMIN, world.partners["beta"])


@pytest.fixture
def targets(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """What the lines of the matrix aim at; everything belongs to partner beta."""
    beta, rep = world.partners["beta"], world.people["partner_rep"]
    colleague = add_person_of_beta(world, "colleague")
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        seat = colleague.membership.seat
        fields = {"partner": beta, "registered_by": rep.user, "stage": None}
        draft = factories.DealFactory(**fields)
        pending = factories.DealFactory(submitted=True, **fields)
        running = factories.DealFactory(approved=True, **{**fields, "stage": world.stages[0]})
        for deal in (draft, pending, running):
            factories.DealLineFactory(deal=deal, product=world.products[0])
        ending = factories.DealFactory(approved=True, **fields)
        extension = Extension.objects.create(
            partner=beta, deal=ending, days=30, reason="Survey.", due_at=timezone.now(),
            until_before=ending.expires_at,
        )  # fmt: skip
        token = link_make(running, rep.user)
        disputed = factories.DealFactory(submitted=True, **fields)
        case, side = _conflict(disputed, draft)
        appeal, _ = _conflict(running, draft, state="appealed", winner="rival", decided_at=timezone.now())
        _, lost_side = _conflict(ending, draft, state="decided", winner="rival", decided_at=timezone.now())
        paper = CaseFile.objects.create(
            partner=beta, side=side, **checked("letter.pdf", PDF).as_fields(rep.user)
        )
        price = PriceRequest.objects.create(
            partner=beta, deal=running, currency="EUR", list_total=100_00, requested_total=90_00,
            due_at=timezone.now(), role=Role.CHANNEL_MANAGER,
        )  # fmt: skip
        won_deal = factories.DealFactory(won=True, proof_needed=True, **fields)
        proof = Proof.objects.create(partner=beta, deal=won_deal, evidence="invoice", due_at=timezone.now())
        proof_file = ProofFile.objects.create(
            partner=beta, proof=proof, **uploads.checked("order.pdf", PDF).as_fields(rep.user)
        )
        proposed = CoSell.objects.create(
            partner=beta, deal=pending, named="Delta", share=3_000, due_at=timezone.now()
        )
        shared = _shared(running, world.partners["delta"], "agreed")
        alphas = factories.DealFactory(approved=True, partner=world.partners["alpha"], stage=None)
        offered = _shared(alphas, beta, "offered")
        notification = Notification.objects.create(
            user=rep.user, kind="deals.approved", key="k", title="t", page="home"
        )
    with acting_as(world.people["partner_admin"]) as actor:
        invitation = person_invite(actor=actor, partner=beta, email="new@example.com", role=Role.PARTNER_REP)
        seat_invitation = invitation.seat_invitation
        attached = factories.AttachmentFactory(deal=running)
        amendment = factories.AmendmentFactory(deal=running)
        bulk = factories.BulkUploadFactory(partner=beta, uploaded_by=rep.user)
    lessons = learning_targets(world)
    slug = {"slug": beta.slug}
    steps = {"offered": leads.offered, "accepted": leads.accepted, "contacted": leads.contacted}
    offers = {state: make(world) for state, make in steps.items()}
    free = leads.lead(world)
    fund = fund_of(world, budget=1_000_00)
    return {
        "fund": {"pk": fund.pk},
        "fund_file": {"pk": fund.pk, "kind": "csv"},
        "lead_free": {"reference": free.reference},
        **{f"lead_{state}": {"reference": offer.reference} for state, offer in offers.items()},
        "lead_partner": {"partner": beta.slug},
        "lead_reason": {"reason": "Another reason"},
        "lead_contact": {"kind": "call", "happened_on": timezone.localdate().isoformat(), "note": "Spoke."},
        "lead_bulk": {"reference": free.reference, "by_rules": "1"},
        "": {},
        **lessons,
        "partner": slug,
        "partner_and_seat": {**slug, "pk": seat.pk},
        "partner_and_invitation": {**slug, "pk": seat_invitation.pk},
        "metric": {**slug, "key": "win_rate"},
        "draft": {"reference": draft.reference},
        "notification": {"pk": notification.pk},
        "pending": {"reference": pending.reference},
        "won_deal": {"reference": won_deal.reference},
        "proof": {"pk": proof.pk},
        "proof_file": {"pk": proof_file.pk},
        "proposed": {"pk": proposed.pk},
        "shared": {"pk": shared[0].cosell_id},
        "offered": {"pk": offered[1].pk},
        "naming": {"other": world.partners["delta"].slug, "share": "30"},
        "price": {"pk": price.pk},
        "grant": {"valid_until": timezone.localdate().isoformat()},
        "open": {"reference": running.reference},
        "case": {"pk": case.pk},
        "appeal": {"pk": appeal.pk},
        "case_paper": {"pk": case.pk, "file": paper.pk},
        "case_file": {"reference": disputed.reference, "pk": paper.pk},
        "side": {"reference": disputed.reference, "pk": side.pk},
        "lost_side": {"reference": ending.reference, "pk": lost_side.pk},
        "decision": {"winner": "deal", "rule": "override", "reason": "r", "told": "Compared."},
        "answer": {"outcome": "upheld", "reason": "r", "told": "Compared."},
        "extension": {"reference": ending.reference, "pk": extension.pk},
        "extension_link": {"token": token},
        "file": {"reference": running.reference, "pk": attached.pk},
        "bulk": {"pk": bulk.pk},
        "amendment": {"pk": amendment.pk},
        "note": {"text": "The customer called."},
        "invite": {"email": "another@example.com", "role": Role.PARTNER_REP},
        "own_deals_only": {"own_deals_only": "on"},
        "role": {"role": Role.PARTNER_REP},
        "reason": {"reason": "Please add the site."},
        "stage": {"stage": world.stages[1].pk},
        "extend": {"days": "30", "reason": "The survey takes longer."},
        "won": {"amount": "1000", "closed_on": timezone.localdate().isoformat()},
        "lost": {"reason": "Price"},
    }


def learning_targets(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """A course the rep is in, its draft, a test tried once and begun again, and what was asked of the rep."""
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, quiz = school.enrol(rep, course), school.quiz(world, course)
    over = school.try_it(rep, enrolment, quiz, right=0)
    attempt = school.begin(rep, enrolment, quiz)
    with acting_as(world.people["program_admin"]) as admin:
        other = editor.course_create(actor=admin, title="Other")
        draft = editor.draft_begin(actor=admin, course=course)
        pool = course.pools.get()
        question = pool.questions.first()
        path = editor.path_save(actor=admin, fields={"name": "Way"}, steps=[(course.pk, False)])
        refresher = editor.refresher_add(
            actor=admin, course=course, module_key=pool.module_key, suggests=other, when_failed=True,
            when_skipped=True,
        )  # fmt: skip
        files = {
            name: editor.file_add(actor=admin, course=course, upload=checked(name, content)).pk
            for name, content in (("a.pdf", PDF), ("a.png", PNG), ("a.vtt", VTT))
        }
        text, test = (draft.modules.filter(kind=kind).first() for kind in ("text", "quiz"))
    due = timezone.localdate() + timedelta(days=20)
    with acting_as(world.people["partner_admin"]) as actor:
        (assignment,) = course_assign(
            actor=actor, partner=world.partners["beta"], course=course, user_ids=[rep.user.pk], due_on=due
        )
    place = {"slug": course.slug}
    certificate = certificates.award(world)
    return {
        **package_targets(world),
        "course": place,
        "module": {**place, "position": 1},
        "version_module": {**place, "number": 1, "position": 1},
        "course_kind": {**place, "kind": "text"},
        "draft_module": {**place, "pk": text.pk},
        "draft_test": {**place, "pk": test.pk},
        "place": {"place": "5"},
        "course_file": {"pk": files["a.pdf"]},
        "course_picture": {"pk": files["a.png"]},
        **_library(world),
        "course_captions": {"pk": files["a.vtt"]},
        "test": {"pk": enrolment.pk, "position": 3},
        "attempt": {"pk": attempt.pk},
        "attempt_over": {"pk": over.pk},
        "course_assign": {"people": [rep.user.pk], "course": course.slug, "due_on": due.isoformat()},
        "assignment": {"pk": assignment.pk},
        "pool": {"pk": pool.pk},
        "question": {"pk": question.pk},
        "refresher": {**place, "pk": refresher.pk},
        "learning_path": {"slug": path.slug},
        "certificate": {"reference": certificate.reference},
        "certificate_file": {"reference": certificate.reference, "key": "pdf"},
        "revocation": {"reason": "The test was taken by somebody else."},
    }


def _library(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """For resellers in the north: of the partners with people, that is beta."""
    fields = {"partner_type": "reseller", "region": world.regions["north"]}
    asset = library.asset(world, "For beta", upload=("a.png", PNG), **fields)
    return {
        "asset": {"pk": asset.pk},
        "collection": {"pk": library.collection(world, "First meeting", asset).pk},
    }


def package_targets(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """A course that plays a package, which the rep has begun."""
    rep, course = world.people["partner_rep"], packages.course_with(world, packages.charging())
    enrolment = school.enrol(rep, course)
    (module,) = school.modules(world, course)
    launch = school.do(launch_begin, rep, enrolment=enrolment, module=module)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        link = ModulePackage.objects.get(module=module)
    return {
        **_unit_targets(world),
        "package_module": {"enrolment_id": enrolment.pk, "position": 1},
        "package_launch": {"pk": launch.pk},
        "package_link": {"pk": link.pk},
    }


def _unit_targets(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """A course of one unit, which the rep has opened."""
    rep = world.people["partner_rep"]
    enrolment = school.enrol(rep, cmi5.course(world))
    opened = cmi5.launch(world, rep, enrolment)
    registration = opened.session.registration_id
    return {
        "unit_launch": {"enrolment_id": enrolment.pk, "position": 1, "place": 1},
        "unit_session": {"pk": opened.session.pk},
        "units": {"pk": registration},
        "unit": {"pk": registration, "position": 1},
        "waiver": {"unit-1-reason": "Administrative"},
    }


def _conflict(deal: Deal, rival: Deal, **fields: Any) -> tuple[ConflictCase, CaseSide]:
    """Under the vendor's scope. The rival's partner does not matter to who is let in."""
    case = ConflictCase.objects.create(
        deal=deal, partner_id=deal.partner_id, rival=rival, rival_partner_id=rival.partner_id,
        due_at=timezone.now(), **fields,
    )  # fmt: skip
    decided = {"won": False, "state": "decided", "appeal_until": timezone.now() + timedelta(days=1)}
    side = CaseSide.objects.create(
        case=case, deal=deal, partner_id=deal.partner_id, **(decided if fields else {})
    )
    return case, side


def _shared(deal: Deal, other: Partner, stage: str) -> list[CreditLine]:
    now = timezone.now()
    cosell = CoSell.objects.create(
        partner=deal.partner, deal=deal, status="granted", named=other.name, other=other, share=3_000,
        due_at=now, decided_at=now, agreed_at=now if stage == "agreed" else None,
    )  # fmt: skip
    parts = ((deal.partner, "sourced", 7_000), (other, "influenced", 3_000))
    return CreditLine.objects.bulk_create(
        CreditLine(partner=partner, cosell=cosell, deal=deal, kind=kind, share=share)
        for partner, kind, share in parts
    )


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(MATRIX))
def test_who_is_let_in(
    address: str,
    everybody: dict[str, Person | None],
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    line = MATRIX[address]
    path = reverse(address, kwargs=targets[line.args])
    for name, person in everybody.items():
        savepoint = transaction.savepoint()  # each finds the same rows
        answer = getattr(client_as(person, world.vendor), line.method)(path, targets[line.data])
        outsider = name in OUTSIDERS
        wanted = _of_outsider(name) if outsider else line.expected(name)
        assert answer.status_code in wanted, f"{line.method} {path} as {name}: {answer.status_code}"
        if answer.status_code == 302 and name in ("anonymous", "disabled"):
            assert "/accounts/login/" in answer.url
        transaction.savepoint_rollback(savepoint)


def _of_outsider(name: str) -> set[int]:
    return {302} if name in ("anonymous", "disabled") else {404}


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(name for name, line in MATRIX.items() if line.method == "post"))
def test_who_is_refused_changes_nothing(
    address: str,
    everybody: dict[str, Person | None],
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    line = MATRIX[address]
    path = reverse(address, kwargs=targets[line.args])
    before = _business_events(world)
    for name in sorted(set(everybody) - line.allowed):
        client_as(everybody[name], world.vendor).post(path, targets[line.data])
    assert _business_events(world) == before
    for name in sorted(line.allowed):
        assert client_as(everybody[name]).get(path).status_code in {200, 302, 403, 405}, "GET never acts"
    assert _business_events(world) == before


def _business_events(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)):
        return PortalEvent.objects.exclude(type="portal.login").count()


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(name for name, line in MATRIX.items() if line.args))
def test_ids_of_another_vendor_lead_nowhere(
    address: str,
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    other_world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    """The program admin of another vendor, at their own address, with every id of ours."""
    line = MATRIX[address]
    if targets[line.args].keys() <= {"slug", "key"}:
        pytest.skip("both vendors have a partner of this slug: their own page answers, see the wall tests")
    path = reverse(address, kwargs=targets[line.args])
    before = _business_events(world)
    answer = getattr(client_as(other_world.people["program_admin"]), line.method)(path, targets[line.data])
    assert answer.status_code == 404
    assert _business_events(world) == before


@pytest.mark.django_db
def test_the_administration_is_for_program_admins(
    everybody: dict[str, Person | None], world: VendorWorld, client_as: Callable[..., PortalClient]
) -> None:
    """Every parameterless page of the administration, for everybody."""
    pages = [reverse("admin:index")]
    for name, _ in addresses():
        if name.startswith("admin:") and name.endswith(("_changelist", "_add", "_import")):
            pages.append(reverse(name))
    assert len(pages) > 20
    for name, person in everybody.items():
        client = client_as(person, world.vendor)
        for path in pages:
            code = client.get(path).status_code
            if name == "program_admin":
                assert code in _of_admin_page(path), (path, code)
            elif name in OUTSIDERS:
                assert code in _of_outsider(name), (name, path)
            else:
                assert code == 403, (name, path)


def _of_admin_page(path: str) -> set[int]:
    """Read-only tables have no add page; the vendor's own settings are one row, opened at once."""
    if path.endswith("/portal/vendor/"):
        return {302}
    return {200, 403} if path.endswith("/add/") else {200}
