"""Conflict cases: which rule decided, what followed for the deals, one appeal, and what nobody is told."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.approvals.tasks import nudge_approvals
from deals.conflicts.claims import claims_beside
from deals.conflicts.models import DirectAccount
from deals.customers.models import Customer
from deals.deal.models import Deal, DealStatus
from deals.disputes import decisions
from deals.disputes import services as disputes_services
from deals.disputes.models import CaseFile, CaseRule, CaseSide, CaseTerms, ConflictCase
from deals.disputes.selectors import record_of
from deals.outcome import services as outcome_services
from deals.protection.models import Protection
from portal.events.models import OutboxMessage, PortalEvent
from portal.events.outbox import deliver
from portal.files.uploads import checked
from portal.notifications.models import Notification
from portal.sealed_ids import sealed
from portal.tenancy.scope import entered, system_scope
from tests.support import factories, files
from tests.support.clocks import stopped_at
from tests.support.deals import approved, do, events, now_is, submitted
from tests.support.pages import BUDGET, statements
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
BETA, ALPHA, GAMMA = "partner_rep", "distributor_rep", "sub_rep"
REASON, TOLD = "The customer's own letter names one of them.", "Another claim is the better one."


def two(world: VendorWorld, first: str = ALPHA, second: str = BETA) -> tuple[Deal, Deal]:
    """(the earlier registration, the later one) of one customer and product; neither is decided."""
    return submitted(world.people[first], world), submitted(world.people[second], world)


def opened(world: VendorWorld, deal: Deal, who: str = "manager") -> ConflictCase:
    with acting_as(world.people[who]) as actor:
        return disputes_services.case_open(actor=actor, deal=deal, claim=claims_beside(deal)[0])


def decided(world: VendorWorld, case: ConflictCase, winner: str, who: str = "manager", **more: Any) -> Any:
    answers = {"rule": CaseRule.OVERRIDE, "reason": REASON, "told": TOLD, **more}
    with acting_as(world.people[who]) as actor:
        return decisions.case_decide(actor=actor, case=case, winner=winner, **answers)


def appealed(world: VendorWorld, deal: Deal, who: str, text: str = "We have a letter.") -> CaseSide:
    with acting_as(world.people[who]) as actor:
        side = CaseSide.objects.select_related("deal").get(deal=deal)
        return disputes_services.case_appeal(actor=actor, side=side, text=text)


def closed(world: VendorWorld, case: ConflictCase, outcome: str, who: str = "program_admin") -> ConflictCase:
    with acting_as(world.people[who]) as actor:
        return decisions.case_close(actor=actor, case=case, outcome=outcome, reason=REASON, told=TOLD)


def the_case(world: VendorWorld) -> ConflictCase:
    with entered(system_scope(world.vendor.pk)):
        return ConflictCase.objects.get()


def protected(world: VendorWorld) -> list[str]:
    with entered(system_scope(world.vendor.pk)):
        active = Protection.objects.filter(released_at=None)
        return list(active.values_list("deal__reference", flat=True))


def told(world: VendorWorld, kind: str) -> list[str]:
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(kind=kind).order_by("pk")
        return list(rows.values_list("user__email", flat=True))


def email(world: VendorWorld, who: str) -> str:
    return world.people[who].user.email


def direct_account(world: VendorWorld) -> DirectAccount:
    with acting_as(world.people["program_admin"]):
        fields = {"domain": "tiroler-logistik.at", "country": "AT", "normalised_name": "tiroler logistik"}
        customer = Customer.objects.create(name="Tiroler Logistik", **fields)
        return DirectAccount.objects.create(customer=customer, name="TiLog", owner="Canary of direct sales")


# Opening -----------------------------------------------------------------------------------------------


def test_a_manager_opens_one_from_the_claims(world: VendorWorld, client_as: SignIn) -> None:
    first, second = two(world)
    manager = client_as(world.people["manager"])
    page = manager.get(reverse("deals:claims", args=[second.reference])).content.decode()
    assert f'value="{first.reference}"' in page
    path = reverse("deals:case_open", args=[second.reference])
    answer = manager.post(path, {"claim": first.reference})
    case = the_case(world)
    assert answer.url.endswith(f"/deals/cases/{sealed(case.pk)}/")
    assert (case.state, case.deal_id, case.rival_id) == ("open", second.pk, first.pk)
    assert (case.owner_id, case.known_by) == (world.people["manager"].user.pk, "Same domain")
    assert case.opened_at == second.pending_since
    manager.post(path, {"claim": first.reference})
    manager.post(reverse("deals:case_open", args=[first.reference]), {"claim": second.reference})
    assert the_case(world).pk == case.pk, "the same two, from either side, are one case"
    assert sorted(told(world, "deals.case_compared")) == sorted([email(world, ALPHA), email(world, BETA)])


def test_a_claim_that_is_gone_opens_nothing(world: VendorWorld, client_as: SignIn) -> None:
    _, second = two(world)
    manager = client_as(world.people["manager"])
    for claim in ("D-999999", "", "account-77", "\0"):
        answer = manager.post(
            reverse("deals:case_open", args=[second.reference]), {"claim": claim}, follow=True
        )
        assert "This claim is gone" in answer.content.decode()
    with entered(system_scope(world.vendor.pk)):
        assert not ConflictCase.objects.exists()


def test_rejected_beside_another_claim_is_a_case_that_was_decided(world: VendorWorld) -> None:
    holder = approved(world, ALPHA)
    late = submitted(world.people[BETA], world)
    do(approvals_services.deal_reject, world.people["manager"], late, reason="Somebody was first.")
    case = the_case(world)
    assert (case.state, case.winner, case.rule) == ("decided", "rival", "first_submitted")
    assert (case.rival_id, case.reason) == (holder.pk, "Somebody was first.")
    with entered(system_scope(world.vendor.pk)):
        assert list(CaseSide.objects.values_list("deal", "won")) == [(late.pk, False)]
    assert told(world, "deals.case_decided") == [email(world, BETA)], "nothing was taken from the holder"


def test_rejected_for_another_reason_is_no_case(world: VendorWorld) -> None:
    deal = submitted(world.people[BETA], world)
    do(approvals_services.deal_reject, world.people["manager"], deal, reason="Too small.")
    with entered(system_scope(world.vendor.pk)):
        assert not ConflictCase.objects.exists()


def test_direct_sales_are_a_claim_as_well(world: VendorWorld) -> None:
    direct_account(world)
    one = submitted(world.people[BETA], world)
    do(approvals_services.deal_reject, world.people["manager"], one, reason="Please call us.")
    case = the_case(world)
    assert (case.rule, case.winner, case.rival_id) == ("direct_account", "rival", None)
    other = submitted(world.people[ALPHA], world)
    do(approvals_services.deal_approve, world.people["manager"], other)
    with entered(system_scope(world.vendor.pk)):
        against = ConflictCase.objects.get(deal=other)
        assert (against.rule, against.winner) == ("override", "deal")
        assert not CaseSide.objects.filter(case=against).exists()


def test_while_it_is_open_the_registrations_wait_for_it(world: VendorWorld) -> None:
    first, second = two(world)
    opened(world, second)
    for deal in (first, second):
        for service, more in (
            (approvals_services.deal_approve, {}),
            (approvals_services.deal_reject, {"reason": "r"}),
        ):
            with pytest.raises(ValidationError, match="conflict case"):
                do(service, world.people["manager"], deal, **more)


# The decision ------------------------------------------------------------------------------------------


def test_the_winner_is_approved_and_the_loser_rejected(world: VendorWorld) -> None:
    first, second = two(world)
    case = decided(world, opened(world, second), "rival", rule=CaseRule.FIRST)
    assert [now_is(world, deal).status for deal in (first, second)] == ["approved", "rejected"]
    assert protected(world) == [first.reference]
    assert now_is(world, second).decision_reason == TOLD
    assert case.appeal_until - case.decided_at == timedelta(days=10)
    assert sorted(told(world, "deals.case_decided")) == sorted([email(world, ALPHA), email(world, BETA)])
    assert events(world, second)[-1] == "deals.conflict_decided"


def test_an_override_moves_the_protection(world: VendorWorld) -> None:
    holder = approved(world, ALPHA)
    late = submitted(world.people[BETA], world)
    decided(world, opened(world, late), "deal")
    after = now_is(world, holder)
    assert (after.status, now_is(world, late).status) == ("rejected", "approved")
    assert after.expires_at <= timezone.now(), "no open pipeline any more"
    assert protected(world) == [late.reference]


@pytest.mark.parametrize(
    ("rule", "winner", "fits"),
    [
        ("first_submitted", "rival", True),
        ("first_submitted", "deal", False),
        ("protection_holder", "rival", True),
        ("protection_holder", "deal", False),
        ("direct_account", "rival", False),
        ("override", "deal", True),
        ("override", "rival", True),
        ("no such rule", "rival", False),
        ("override", "somebody", False),
    ],
)
def test_a_rule_must_speak_for_the_winner(world: VendorWorld, rule: str, winner: str, fits: bool) -> None:
    approved(world, ALPHA)
    case = opened(world, submitted(world.people[BETA], world))
    if fits:
        assert decided(world, case, winner, rule=rule).rule == rule
        return
    with pytest.raises(ValidationError):
        decided(world, case, winner, rule=rule)
    assert the_case(world).state == "open"


def test_deciding_twice_is_once_and_otherwise_refused(world: VendorWorld) -> None:
    case = opened(world, two(world)[1])
    decided(world, case, "rival")
    decided(world, case, "rival")
    with pytest.raises(ValidationError, match="decided already"):
        decided(world, case, "deal")
    assert len(told(world, "deals.case_decided")) == 2


def test_managers_of_either_partner_decide_and_nobody_else(world: VendorWorld) -> None:
    case = opened(world, two(world)[1])
    for who in ("other_manager", "executive", BETA, ALPHA, "partner_admin"):
        with pytest.raises(PermissionDenied):
            decided(world, case, "deal", who)
    with pytest.raises(ValidationError):
        decided(world, case, "deal", reason=" ")


def test_an_approval_that_is_not_the_deciders_stays_in_line(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        factories.ApprovalRuleFactory(steps=[("role", {"role": "program_admin"})])
    first, second = two(world)
    decided(world, opened(world, second, "program_admin"), "rival", "manager")
    assert [now_is(world, deal).status for deal in (first, second)] == ["submitted", "rejected"]
    do(approvals_services.deal_approve, world.people["program_admin"], first)
    assert protected(world) == [first.reference]


def test_a_third_claim_in_the_way_leaves_everything_as_it_was(world: VendorWorld) -> None:
    first, second = two(world)
    case = opened(world, second)
    third = submitted(world.people[GAMMA], world)
    do(approvals_services.deal_approve, world.people["program_admin"], third)
    with pytest.raises(ValidationError, match="protected for"):
        decided(world, case, "rival")
    assert the_case(world).state == "open"
    assert [now_is(world, deal).status for deal in (first, second)] == ["submitted"] * 2


# The appeal --------------------------------------------------------------------------------------------


def test_a_reversal_moves_the_protection_back(world: VendorWorld) -> None:
    """Through every state: who has it is one of them at any time, and the database would refuse two."""
    first, second = two(world)
    case = decided(world, opened(world, second), "rival")
    appealed(world, second, BETA)
    assert told(world, "deals.case_appealed") == [email(world, "program_admin")]
    assert protected(world) == [first.reference], "an appeal changes nothing yet"
    done = closed(world, case, "reversed")
    assert (done.state, done.outcome, done.winner) == ("closed", "reversed", "deal")
    assert protected(world) == [second.reference]
    assert [now_is(world, deal).status for deal in (first, second)] == ["rejected", "approved"]
    with acting_as(world.people[ALPHA]):
        side = CaseSide.objects.get()
        assert (side.won, side.may_appeal) == (False, False), "an appeal is answered once"


def test_upheld_leaves_it(world: VendorWorld) -> None:
    first, second = two(world)
    case = decided(world, opened(world, second), "rival")
    appealed(world, second, BETA)
    closed(world, case, "upheld")
    closed(world, case, "upheld")
    assert protected(world) == [first.reference]
    assert sorted(told(world, "deals.case_closed")) == sorted([email(world, ALPHA), email(world, BETA)])
    with pytest.raises(ValidationError):
        closed(world, case, "reversed")


def test_a_reversal_never_touches_what_was_won(world: VendorWorld) -> None:
    first, second = two(world)
    case = decided(world, opened(world, second), "rival")
    do(outcome_services.deal_win, world.people[ALPHA], first, amount=1_00, closed_on=timezone.localdate())
    appealed(world, second, BETA)
    closed(world, case, "reversed")
    assert [now_is(world, deal).status for deal in (first, second)] == ["won", "approved"]


def test_the_loser_appeals_once_and_in_time(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        CaseTerms.objects.create(appeal_days=3)
    first, second = two(world)
    decided(world, opened(world, second), "rival")
    with pytest.raises(ValidationError):
        appealed(world, first, ALPHA)  # it won
    with pytest.raises(ValidationError):
        appealed(world, second, BETA, " ")
    with (
        stopped_at(timezone.now() + timedelta(days=3, seconds=1)),
        pytest.raises(ValidationError, match="over"),
    ):
        appealed(world, second, BETA)
    for _ in range(2):
        appealed(world, second, BETA)
    with pytest.raises(ValidationError, match="already"):
        appealed(world, second, BETA, "And another thing.")
    assert len(told(world, "deals.case_appealed")) == 1


def test_only_program_admins_answer_an_appeal(world: VendorWorld) -> None:
    _, second = two(world)
    case = decided(world, opened(world, second), "rival")
    appealed(world, second, BETA)
    for who in ("manager", "other_manager", "executive", BETA):
        with pytest.raises(PermissionDenied):
            closed(world, case, "reversed", who)
    with pytest.raises(ValidationError):
        closed(world, case, "stood")


# The clock ---------------------------------------------------------------------------------------------


def test_the_admins_hear_once_of_what_is_overdue(world: VendorWorld) -> None:
    _, second = two(world)
    case = opened(world, second)
    with stopped_at(case.due_at + timedelta(minutes=1)):
        nudge_approvals(), nudge_approvals()
        with entered(system_scope(world.vendor.pk)):
            late = OutboxMessage.objects.filter(payload__template="deal_case_late")
            assert late.count() == 1
    assert the_case(world).state == "open", "silence decides nothing"


def test_what_nobody_appeals_against_stands(world: VendorWorld) -> None:
    _, second = two(world)
    case = decided(world, opened(world, second), "rival")
    nudge_approvals()
    assert the_case(world).state == "decided"
    with stopped_at(case.appeal_until):
        nudge_approvals()
    assert (the_case(world).state, the_case(world).outcome) == ("closed", "stood")
    with acting_as(world.people[BETA]):
        assert not CaseSide.objects.get().may_appeal


def test_the_database_knows_one_case_of_two_claims(world: VendorWorld) -> None:
    case = opened(world, two(world)[1])
    with entered(system_scope(world.vendor.pk)), pytest.raises(IntegrityError), transaction.atomic():
        case.pk = None
        case.save(force_insert=True)


# Pages -------------------------------------------------------------------------------------------------


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_page_shows_both_sides_and_decides(world: VendorWorld, client_as: SignIn) -> None:
    first, second = two(world)
    case = opened(world, second)
    manager, path = client_as(world.people["manager"]), reverse("deals:case", args=[case.pk])
    seen = text(manager.get(path))
    for fact in (first.reference, second.reference, "Alpha of acme", "Beta of acme", "Same domain"):
        assert fact in seen
    wrong = manager.post(
        reverse("deals:case_decide", args=[case.pk]),
        {"winner": "deal", "rule": "first_submitted", "reason": "What I typed", "told": "No names"},
    )
    assert wrong.status_code == 422
    assert "This rule speaks for the other claim" in text(wrong)
    assert "What I typed" in text(wrong)
    answers = {"winner": "rival", "rule": "first_submitted", "reason": "r", "told": "No names"}
    assert manager.post(reverse("deals:case_decide", args=[case.pk]), answers).status_code == 302
    assert "Alpha of acme has the customer" in text(manager.get(path))
    assert "decide_" not in text(manager.get(path))


@pytest.mark.parametrize("names", ["Alpha of acme", "ALPHA OF ACME", "see {rival}, please"])
def test_what_partners_read_names_nobody(world: VendorWorld, client_as: SignIn, names: str) -> None:
    case = opened(world, two(world)[1])
    named = names.format(rival=case.rival.reference)
    answers = {"winner": "rival", "rule": "first_submitted", "reason": "r", "told": f"Sold by {named}."}
    answer = client_as(world.people["manager"]).post(reverse("deals:case_decide", args=[case.pk]), answers)
    assert answer.status_code == 422
    assert "must not name" in text(answer)
    assert the_case(world).state == "open"


def test_the_list_filters_and_shows_only_ones_own_partners(world: VendorWorld, client_as: SignIn) -> None:
    _, second = two(world)
    opened(world, second)
    manager = client_as(world.people["manager"])
    assert "1 conflict case waits" in text(manager.get("/deals/cases/"))
    assert "Tiroler Logistik AG" in text(manager.get("/deals/cases/?state=open"))
    assert "No case fits" in text(manager.get("/deals/cases/?state=closed"))
    assert manager.get("/deals/cases/?state=nonsense").status_code == 422
    other = client_as(world.people["other_manager"])
    assert "No conflict cases" in text(other.get("/deals/cases/"))
    assert other.get(reverse("deals:case", args=[the_case(world).pk])).status_code == 404
    assert "Conflict case" in text(manager.get("/deals/inbox/requests/"))


def test_a_case_with_a_partner_of_a_colleague_is_read_all_the_same(
    world: VendorWorld, client_as: SignIn
) -> None:
    """Gamma is nobody's: the manager of beta sees both claims, and no link into gamma's deal."""
    first, second = two(world, GAMMA, BETA)
    case = opened(world, second)
    seen = text(client_as(world.people["manager"]).get(reverse("deals:case", args=[case.pk])))
    assert "Gamma of acme" in seen
    assert f"/deals/{first.reference}/" not in seen
    assert "Gamma of acme" in text(client_as(world.people["manager"]).get("/deals/cases/"))


def test_the_partner_appeals_and_hands_in_on_the_deals_page(world: VendorWorld, client_as: SignIn) -> None:
    first, second = two(world)
    case = opened(world, second)
    client, page = client_as(world.people[BETA]), reverse("deals:detail", args=[second.reference])
    assert "Claims on this customer are compared" in text(client.get(page))
    with acting_as(world.people[BETA]):
        side = CaseSide.objects.get()
    attach = reverse("deals:case_attach", args=[second.reference, side.pk])
    bad = client.post(attach, {"upload": SimpleUploadedFile("letter.pdf", b"MZ not a pdf")})
    assert bad.status_code == 422
    letter = {"upload": SimpleUploadedFile("letter.pdf", files.PDF)}
    assert client.post(attach, letter).status_code == 302
    seen = text(client.get(page))
    link = re.search(r'href="([^"]*/conflict/files/[\w-]+/)"', seen)
    assert link
    answer = client.get(link[1])
    assert answer.content == files.PDF
    assert answer["Content-Disposition"].startswith("attachment")
    for who, code in ((ALPHA, 404), (GAMMA, 404), ("other_manager", 404), ("manager", 200)):
        assert client_as(world.people[who]).get(link[1]).status_code == code
    paper = text(client_as(world.people["manager"]).get(reverse("deals:case", args=[case.pk])))
    assert "letter.pdf" in paper
    decided(world, case, "rival")
    assert TOLD in text(client.get(page))
    appeal = reverse("deals:case_appeal", args=[second.reference, side.pk])
    assert client.post(appeal, {"text": ""}).status_code == 422
    assert client.post(appeal, {"text": "We have a letter."}).status_code == 302
    assert "Appealed" in text(client.get(page))
    assert (
        client.post(reverse("deals:case_appeal", args=[first.reference, side.pk]), {"text": "x"}).status_code
        == 404
    )


@pytest.mark.parametrize("who", ["manager", "program_admin", "executive"])
def test_pages_ask_as_much_for_fifty_cases_as_for_one(
    world: VendorWorld, client_as: SignIn, who: str
) -> None:
    _, second = two(world)
    case = opened(world, second)
    client = client_as(world.people[who])
    paths = [
        "/deals/cases/",
        f"/deals/cases/{sealed(case.pk)}/",
        "/deals/inbox/requests/",
        f"/deals/{second.reference}/",
    ]
    client.get("/deals/?all=1")
    one = {path: statements(client, path) for path in paths}
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for _ in range(50):
            rival = factories.DealFactory(submitted=True, partner=world.partners["alpha"])
            deal = factories.DealFactory(submitted=True, partner=world.partners["beta"])
            for of in (deal, second):
                more = ConflictCase.objects.create(
                    deal=of, partner_id=of.partner_id, rival=rival, rival_partner_id=rival.partner_id,
                    due_at=timezone.now(),
                )  # fmt: skip
                CaseSide.objects.create(case=more, deal=of, partner_id=of.partner_id)
        CaseSide.objects.create(case=case, deal=rival, partner_id=rival.partner_id)
    assert {path: statements(client, path) for path in paths} == one
    assert max(one.values()) <= BUDGET, one


# How they come out ---------------------------------------------------------------------------------------


def test_incidence_time_and_reversals_per_fiscal_quarter(world: VendorWorld) -> None:
    now = timezone.now()
    _, second = two(world)
    case = decided(world, opened(world, second), "rival")
    appealed(world, second, BETA)
    closed(world, case, "reversed")
    with entered(system_scope(world.vendor.pk)):
        ConflictCase.objects.update(
            opened_at=now - timedelta(days=4), decided_at=now - timedelta(days=3), closed_at=now
        )
        Deal.objects.update(submitted_at=now)
        for _ in range(6):
            factories.DealFactory(submitted=True, submitted_at=now, partner=world.partners["delta"])
    with acting_as(world.people["manager"]) as actor:
        newest, *older = record_of(actor, world.vendor, now).periods
    assert len(older) == 3
    assert (newest.registrations, newest.cases, newest.decided, newest.reversed) == _counts(world, now)
    if newest.cases:
        assert newest.per_hundred == pytest.approx(12.5)
    if newest.decided:
        assert (newest.reversal_rate, newest.days) == (1.0, pytest.approx(4))
    with acting_as(world.people["other_manager"]) as actor:
        assert record_of(actor, world.vendor, now).periods[0].registrations == 0


def _counts(world: VendorWorld, now: datetime) -> tuple[int, int, int, int]:
    """A quarter may have begun within the last four days."""
    local = now.astimezone(world.vendor.zone)
    start = local.replace(
        month=(local.month - 1) // 3 * 3 + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    arose, made = now - timedelta(days=4) >= start, now - timedelta(days=3) >= start
    return 8, int(arose), int(made), int(made)


# What nobody is told -----------------------------------------------------------------------------------

CANARY = "Canary"


@pytest.fixture
def watched(world: VendorWorld) -> tuple[Deal, Deal, ConflictCase]:
    """A case through all its states; whatever alpha has written, and its name, carries the canary."""
    with acting_as(world.people["program_admin"]):
        partner = world.partners["alpha"]
        partner.name = f"{CANARY} alpha"
        partner.save(update_fields=["name"])
    theirs = {name: f"{CANARY} {name}" for name in ("contact_name", "use_case", "competitor", "notes")}
    first = submitted(world.people[ALPHA], world, amount=77_777_77, **theirs)
    second = submitted(world.people[BETA], world)
    case = opened(world, second)
    with acting_as(world.people[ALPHA]) as actor:
        side = CaseSide.objects.select_related("deal").get()
        disputes_services.case_attach(actor=actor, side=side, upload=checked(f"{CANARY}.pdf", files.PDF))
    decided(world, case, "rival", reason=f"{CANARY} alpha has a letter")
    appealed(world, second, BETA)
    closed(world, case, "upheld")
    return first, second, case


def test_the_other_side_is_nowhere(
    world: VendorWorld, watched: tuple[Deal, Deal, ConflictCase], client_as: SignIn, mailoutbox: list[Any]
) -> None:
    first, second, case = watched
    client = client_as(world.people[BETA])
    paths = [
        "/", "/deals/?all=1", "/deals/export/", f"/deals/{second.reference}/", f"/deals/{first.reference}/",
        "/deals/cases/", f"/deals/cases/{sealed(case.pk)}/", "/notifications/", "/scorecard/",
        f"/deals/{second.reference}/claims/", "/partners/beta/timeline/",
    ]  # fmt: skip
    for path in paths:
        for headers in ({}, {"hx-request": "true"}):
            answer = client.get(path, headers=headers)
            body = b"".join(answer) if answer.streaming else answer.content
            assert CANARY.lower() not in body.decode().lower(), path
            assert first.reference not in body.decode().replace(path, ""), path
            assert "77,777" not in body.decode()
    deliver(world.vendor.pk)
    beta = {email(world, BETA), email(world, "partner_admin")}
    mine = [mail for mail in mailoutbox if beta & set(mail.to)]
    assert len(mine) >= 3
    for mail in mine:
        assert CANARY not in mail.subject + mail.body + mail.alternatives[0][0]
        assert first.reference not in mail.body
    with acting_as(world.people[BETA]):
        for rows in (PortalEvent.objects.all(), Notification.objects.all(), CaseSide.objects.all()):
            assert CANARY not in str(list(rows.values()))
        assert not ConflictCase.objects.exists()
        assert not CaseFile.objects.exists()


def test_the_canaries_can_sing(
    world: VendorWorld, watched: tuple[Deal, Deal, ConflictCase], client_as: SignIn
) -> None:
    page = text(client_as(world.people["manager"]).get(reverse("deals:case", args=[watched[2].pk])))
    for sung in (f"{CANARY} alpha", f"{CANARY}.pdf", f"{CANARY} use_case", "77,777"):
        assert sung in page


def test_a_direct_account_reads_like_a_partner(world: VendorWorld, client_as: SignIn) -> None:
    """The losing partner's page is the same to the letter, whoever stands behind the other claim."""
    pages = []
    for account in (False, True):
        mark = transaction.savepoint()
        if account:
            direct_account(world)
        else:
            approved(world, ALPHA)
        deal = submitted(world.people[BETA], world)
        do(approvals_services.deal_reject, world.people["manager"], deal, reason="Not free.")
        seen = text(client_as(world.people[BETA]).get(reverse("deals:detail", args=[deal.reference])))
        unlike = re.compile(
            r"D-\w+|[0-9a-f]{8}-[0-9a-f-]{27}|\d{1,2}:\d\d|\b\w{64}\b|/conflict/[\w-]{22}/|side-\d+"
        )
        pages.append(unlike.sub("", seen))
        transaction.savepoint_rollback(mark)
    assert "decided against this deal" in pages[0]
    assert pages[0] == pages[1]


def test_nobody_elses_case_is_touched(
    world: VendorWorld, other_world: VendorWorld, client_as: SignIn
) -> None:
    case = opened(world, two(world)[1])
    for name, data in (("case_decide", {"winner": "deal"}), ("case_close", {"outcome": "upheld"})):
        path = reverse(f"deals:{name}", args=[case.pk])
        for who in (BETA, ALPHA, "other_manager"):
            assert client_as(world.people[who]).post(path, data).status_code == 404
        assert client_as(other_world.people["program_admin"]).post(path, data).status_code == 404
        assert client_as(world.people["manager"]).get(path).status_code == 302
    assert (
        client_as(world.people["executive"]).post(reverse("deals:case_decide", args=[case.pk])).status_code
        == 403
    )
    assert now_is(world, case.deal).status == DealStatus.SUBMITTED
