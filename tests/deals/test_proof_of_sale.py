"""Proof of sale: which wins need one, who accepts it, and that nothing counts before."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.utils import timezone

from deals.deal.models import Deal, DealLine
from deals.outcome import services as outcome_services
from deals.proofs.models import Proof, ProofFile, SerialNumber
from deals.proofs.policies import serial_key
from deals.proofs.requests import PROOF
from deals.sales.metrics import METRICS, sales, totals
from deals.shared_credit import services as shared_credit_services
from deals.special_prices.models import BigDealTerms
from portal.events.models import PortalEvent
from portal.files.uploads import checked
from portal.metrics.declarations import AsOf
from portal.notifications.models import Notification
from portal.requests.models import RequestStatus
from portal.requests.services import request_ask, request_grant, request_refuse, requests_mind
from portal.sealed_ids import sealed
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.deals import approved, do, events, now_is
from tests.support.files import PDF, REFUSED
from tests.support.pages import BUDGET, statements, text
from tests.support.races import at_once
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

SignIn = Callable[[Person], PortalClient]
NEEDED = 50_000_00


@pytest.fixture
def terms(world: VendorWorld) -> VendorWorld:
    """Wins of €50,000 and more need a proof of sale."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        BigDealTerms.objects.create(proof_from=NEEDED)
    return world


def won(world: VendorWorld, amount: int = NEEDED, rep: str = "partner_rep", **changes: Any) -> Deal:
    deal = approved(world, rep, **changes)
    return do(
        outcome_services.deal_win, world.people[rep], deal, amount=amount, closed_on=timezone.localdate()
    )


def send(world: VendorWorld, deal: Deal, rep: str = "partner_rep", **more: Any) -> Any:
    fields = {"evidence": "invoice", "upload": checked("invoice.pdf", PDF), **more}
    with acting_as(world.people[rep]) as actor:
        return request_ask(actor=actor, kind=PROOF, subject=deal, **fields)


def send_serials(world: VendorWorld, deal: Deal, *serials: str, rep: str = "partner_rep") -> Any:
    with acting_as(world.people[rep]) as actor:
        return request_ask(actor=actor, kind=PROOF, subject=deal, evidence="serials", serials=serials)


def answer(service: Any, person: Person, proof: Proof, **more: Any) -> Proof:
    with acting_as(person) as actor:
        there = Proof.objects.select_related("deal__partner").get(pk=proof.pk)
        done: Proof = service(actor=actor, request=there, **more)
        return done


def accept(world: VendorWorld, proof: Proof) -> Proof:
    return answer(request_grant, world.people["manager"], proof)


def refuse(world: VendorWorld, proof: Proof, reason: str = "Not readable.") -> Proof:
    return answer(request_refuse, world.people["manager"], proof, reason=reason)


def told(world: VendorWorld, kind: str) -> set[str]:
    with acting_as(world.people["program_admin"]):
        return set(Notification.objects.filter(kind=kind).values_list("user__email", flat=True))


# Which wins need one ----------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestWhichWins:
    @pytest.mark.parametrize(("amount", "needed"), [(NEEDED, True), (NEEDED - 1, False)])
    def test_above_the_vendors_limit(self, terms: VendorWorld, amount: int, needed: bool) -> None:
        deal = now_is(terms, won(terms, amount))
        assert deal.proof_needed == needed
        assert deal.counted_at == (None if needed else deal.won_at)
        assert told(terms, "deals.proof_missing") == ({"partner_rep@acme.example"} if needed else set())

    def test_without_a_limit_none(self, world: VendorWorld) -> None:
        assert not won(world, 10**12).proof_needed

    def test_a_later_limit_changes_no_win(self, terms: VendorWorld) -> None:
        deal = won(terms, NEEDED - 1)
        with acting_as(terms.people["program_admin"]):
            BigDealTerms.objects.update(proof_from=1)
        assert now_is(terms, deal).counted_at is not None


# Handing in and answering -----------------------------------------------------------------------------------


@pytest.mark.django_db
class TestHandingIn:
    def test_a_document_is_handed_in_and_accepted(self, terms: VendorWorld) -> None:
        deal = won(terms)
        proof = send(terms, deal, number="RE-2026-17")
        assert proof.owner == terms.people["manager"].user
        assert proof.due_at > timezone.now()
        assert told(terms, "deals.proof_requested") == {"manager@acme.example"}
        accepted = accept(terms, proof)
        assert now_is(terms, deal).counted_at == accepted.decided_at
        assert accept(terms, proof).decided_at == accepted.decided_at
        assert events(terms, deal)[-3:] == ["deals.won", "deals.proof_requested", "deals.proof_granted"]
        assert told(terms, "deals.proof_answered") == {"partner_rep@acme.example"}

    def test_sent_twice_is_once(self, terms: VendorWorld) -> None:
        deal = won(terms)
        assert send(terms, deal).pk == send(terms, deal).pk
        with pytest.raises(ValidationError, match="handed in already"):
            send(terms, deal, evidence="order")
        with acting_as(terms.people["manager"]):
            assert ProofFile.objects.count() == 1

    def test_refused_with_a_reason_and_handed_in_again(self, terms: VendorWorld) -> None:
        deal = won(terms)
        first = send_serials(terms, deal, "AB-1", "AB-2")
        with pytest.raises(ValidationError, match="Say why"):
            refuse(terms, first, " ")
        refuse(terms, first)
        assert now_is(terms, deal).counted_at is None
        with pytest.raises(ValidationError, match="refused already"):
            accept(terms, first)
        second = send_serials(terms, deal, "AB-1", "AB-2")  # free again
        accept(terms, second)
        assert now_is(terms, deal).counted_at is not None
        with acting_as(terms.people["manager"]):
            assert SerialNumber.objects.filter(released_at=None).count() == 2

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"upload": None}, "upload"),
            ({"evidence": "order", "upload": None}, "upload"),
            ({"evidence": "serials", "upload": None}, "serials"),
            ({"evidence": "serials", "serials": ["--"]}, "serials"),
            ({"evidence": "serials", "serials": [f"S{n}" for n in range(501)]}, "serials"),
        ],
    )
    def test_what_is_incomplete(self, terms: VendorWorld, change: dict[str, Any], field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            send(terms, won(terms), **change)
        assert field in refused.value.message_dict

    def test_not_for_wins_that_need_none_nor_for_open_deals(self, terms: VendorWorld) -> None:
        with pytest.raises(ValidationError, match="needs no proof"):
            send(terms, won(terms, 1_00))
        other = approved(terms, customer_name="Other", customer_domain="other.example")
        with pytest.raises(ValidationError, match="can no longer be proved"):
            send(terms, other)

    @pytest.mark.parametrize("name", ["manager", "executive", "distributor_rep", "sub_rep"])
    def test_only_the_partner_hands_in(self, terms: VendorWorld, name: str) -> None:
        with pytest.raises(PermissionDenied):
            send(terms, won(terms), rep=name)

    @pytest.mark.parametrize("name", ["partner_rep", "partner_admin", "executive"])
    def test_only_its_managers_answer(self, terms: VendorWorld, name: str) -> None:
        proof = send(terms, won(terms))
        for service, more in (
            (request_grant, {}),
            (request_refuse, {"reason": "x"}),
        ):
            with pytest.raises(PermissionDenied):
                answer(service, terms.people[name], proof, **more)

    def test_what_is_overdue_reaches_the_program_admins_once(self, terms: VendorWorld) -> None:
        proof = send(terms, won(terms))

        def mind(now: Any) -> int:
            with entered(system_scope(terms.vendor.pk)), transaction.atomic():
                return requests_mind(vendor=terms.vendor, now=now)

        assert [mind(proof.due_at - timedelta(minutes=1)), mind(proof.due_at), mind(proof.due_at)] == [
            1,
            1,
            0,
        ]
        assert told(terms, "portal.request_overdue") == {"program_admin@acme.example"}


# Serial numbers ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestSerialNumbers:
    @pytest.mark.parametrize("again", ["AB-1234", "ab 1234", "ab.12/34", "ＡＢ１２３４"])
    def test_however_it_is_spelled_it_proves_one_sale(self, terms: VendorWorld, again: str) -> None:
        send_serials(terms, won(terms), "AB-1234")
        other = won(terms, customer_name="Other", customer_domain="other.example")
        with pytest.raises(ValidationError, match="Used already"):
            send_serials(terms, other, again, "FREE-1")
        with acting_as(terms.people["manager"]):
            assert SerialNumber.objects.count() == Proof.objects.count() == 1, "nothing half-written"

    def test_the_same_number_twice_in_one_proof_is_one(self, terms: VendorWorld) -> None:
        send_serials(terms, won(terms), "A-1", "a1", "A 2")
        with acting_as(terms.people["manager"]):
            assert set(SerialNumber.objects.values_list("key", flat=True)) == {"A1", "A2"}

    def test_the_message_names_what_is_used_and_never_by_whom(self, terms: VendorWorld) -> None:
        theirs = won(
            terms, rep="distributor_rep", customer_name="Canary AG", customer_domain="canary.example"
        )
        send_serials(terms, theirs, "X-1", "X-2", rep="distributor_rep")
        with pytest.raises(ValidationError) as refused:
            send_serials(terms, won(terms), "X-1", "Y-1", "X-2")
        said = " ".join(refused.value.messages)
        assert said == "Used already: X-1, X-2. Each piece can prove one sale only."
        with acting_as(terms.people["partner_rep"]):
            assert not SerialNumber._base_manager.exists()

    def test_two_vendors_may_have_the_same_number(self, terms: VendorWorld, other_world: VendorWorld) -> None:
        with entered(system_scope(other_world.vendor.pk)), transaction.atomic():
            BigDealTerms.objects.create(proof_from=1)
            deal = factories.DealFactory(won=True, partner=other_world.partners["beta"], proof_needed=True)
        send_serials(other_world, deal, "A-1")
        assert send_serials(terms, won(terms), "A-1").status == RequestStatus.OPEN

    def test_a_key_is_letters_and_digits(self) -> None:
        assert [serial_key(text) for text in ("ab-12 34", " ÄÖ_9 ", "--", "")] == ["AB1234", "ÄÖ9", "", ""]


@pytest.mark.django_db(transaction=True)
def test_sixteen_claim_one_serial_number_and_one_has_it(terms: VendorWorld) -> None:
    results = claim_at_once(terms)
    proofs = [result for result in results if isinstance(result, Proof)]
    refused = [result for result in results if isinstance(result, ValidationError)]
    assert (len(proofs), len(refused)) == (1, 15), results
    assert all("Used already: SN-7" in result.messages[0] for result in refused)
    with acting_as(terms.people["program_admin"]):
        assert SerialNumber.objects.count() == Proof.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_the_index_all_sixteen_would(terms: VendorWorld) -> None:
    with without_index():
        results = claim_at_once(terms)
        assert sum(isinstance(result, Proof) for result in results) == 16, results


def claim_at_once(world: VendorWorld) -> list[Any]:
    """Sixteen wins of two partners, each to be proved by the same serial number at the same moment."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        pairs = [
            (rep, factories.DealFactory(won=True, proof_needed=True, partner=world.partners[slug]))
            for rep, slug in (("partner_rep", "beta"), ("distributor_rep", "alpha"))
            for _ in range(8)
        ]
    claim = [lambda rep=rep, deal=deal: send_serials(world, deal, "SN-7", rep=rep) for rep, deal in pairs]
    return at_once(*claim)


@contextmanager
def without_index() -> Iterator[None]:
    """As the owner of the tables; the index is back when the block ends."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = 'deals_serialnumber_once'")
        definition = cursor.fetchone()[0]
        cursor.execute("drop index deals_serialnumber_once")
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("delete from deals_serialnumber")
            cursor.execute(definition)


# What counts ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestWhatCounts:
    def figures(self, world: VendorWorld, ago: int) -> dict[str, Any]:
        """{metric: result} of beta as of the end of a day."""
        as_of = AsOf.of(world.vendor, timezone.localdate() - timedelta(days=ago))
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            found = sales(as_of)
            beta = world.partners["beta"].pk
            results = {key: of[beta] for key, of in found.items() if beta in of}
            for metric in METRICS:
                rows = list(metric.rows(beta, as_of))
                assert len(rows) == (results[metric.key].n if metric.key in results else 0), metric.key
            return {**results, "totals": totals(as_of)}

    def test_as_of_a_day_before_acceptance_it_does_not_count_and_later_it_does(
        self, terms: VendorWorld
    ) -> None:
        deal = won(terms)
        noon = timezone.localtime().replace(hour=10)
        with entered(system_scope(terms.vendor.pk)), transaction.atomic():
            Deal.objects.update(approved_at=noon - timedelta(days=20), won_at=noon - timedelta(days=10))
        waiting = {ago: self.figures(terms, ago) for ago in (11, 10, 6, 5, 1)}
        for ago in (10, 6, 5, 1):
            of = waiting[ago]
            assert (of["bookings"].value, of["bookings"].n) == (0, 0)
            assert of["bookings"].beside["unproven"] == NEEDED
            assert of["bookings"].beside["unproven_deals"] == 1
            assert of["win_rate"].n == 0
            assert of["open_pipeline"].value == 0, "it is won: no pipeline any more"
            assert of["totals"][0].value == 0
        assert "unproven" not in (waiting[11]["bookings"].beside or {})
        accept(terms, send(terms, deal))
        with entered(system_scope(terms.vendor.pk)), transaction.atomic():
            Deal.objects.update(proof_accepted_at=noon - timedelta(days=5))
        for ago in (11, 10, 6):
            assert self.figures(terms, ago) == waiting[ago], "the past stays as it was"
        for ago in (5, 1):
            of = self.figures(terms, ago)
            assert (of["bookings"].value, of["bookings"].n, of["win_rate"].n) == (NEEDED, 1, 1)
            assert "unproven" not in of["bookings"].beside
            assert of["totals"][0].value == 1

    def test_it_counts_in_the_period_of_the_win_not_of_the_proof(self, terms: VendorWorld) -> None:
        deal = won(terms)
        noon = timezone.localtime().replace(hour=10)
        accept(terms, send(terms, deal))
        with entered(system_scope(terms.vendor.pk)), transaction.atomic():
            Deal.objects.update(won_at=noon - timedelta(days=100), approved_at=noon - timedelta(days=120))
        beside = self.figures(terms, 0)["bookings"].beside
        assert (self.figures(terms, 0)["bookings"].value, beside["trailing_90"]) == (NEEDED, 0)

    def test_a_refusal_leaves_it_out(self, terms: VendorWorld) -> None:
        refuse(terms, send(terms, won(terms)))
        assert self.figures(terms, 0)["bookings"].value == 0

    def test_acceptance_rescores_the_partner_and_who_shares_the_deal(self, terms: VendorWorld) -> None:
        deal = approved(terms)
        delta = terms.partners["delta"]
        do(shared_credit_services.credit_name, terms.people["manager"], deal, other=delta, share=4_000)
        today = timezone.localdate()
        do(outcome_services.deal_win, terms.people["partner_rep"], deal, amount=NEEDED, closed_on=today)
        accept(terms, send(terms, deal))
        with entered(system_scope(terms.vendor.pk)), transaction.atomic():
            event = PortalEvent.objects.get(type="deals.share_counted")
            assert event.partner_id == delta.pk
            found = sales(AsOf.of(terms.vendor, today))["bookings"]
        assert found[delta.pk].value == NEEDED * 4 // 10


# Pages ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPages:
    def test_handed_in_and_accepted_in_the_browser(self, terms: VendorWorld, client_as: SignIn) -> None:
        deal = approved(terms)
        rep, manager = client_as(terms.people["partner_rep"]), client_as(terms.people["manager"])
        sent = {"amount": "80,000", "closed_on": timezone.localdate().isoformat()}
        rep.post(f"/deals/{deal.reference}/won/", sent)
        assert "not counted before its proof of sale is accepted" in text(
            rep.get(f"/deals/{deal.reference}/")
        )
        assert "Hand in the proof" in text(rep.get(f"/deals/{deal.reference}/terms/"))
        page = f"/deals/{deal.reference}/proof/"
        assert "What is missing" in text(rep.get(page))
        assert "Proof of sale" in text(rep.get("/deals/?all=1"))
        document = SimpleUploadedFile("order 17.pdf", PDF)
        posted = rep.post(
            page, {"evidence": "order", "number": "17", "upload": document, "serials": "A-1\nA-2, A-3"}
        )
        assert posted.status_code == 302
        assert "its proof is being looked at" in text(rep.get(page))
        assert "Proof of sale: purchase order (3), €80,000" in text(manager.get("/deals/inbox/requests/"))
        shown = text(manager.get(page))
        assert "Your decision" in shown
        link = re.search(r'href="[^"]*(/deals/proofs/files/[\w-]+/)"', shown)
        assert link
        file = manager.get(link[1])
        assert (file.content, file["Content-Disposition"]) == (PDF, 'attachment; filename="order 17.pdf"')
        with acting_as(terms.people["manager"]):
            pk = Proof.objects.get().pk
        assert manager.post(f"/deals/proofs/{sealed(pk)}/accept/").status_code == 302
        assert "the win counts" in text(rep.get(page))
        for name in ("distributor_rep", "sub_rep", "other_manager"):
            assert client_as(terms.people[name]).get(link[1]).status_code == 404, name

    @pytest.mark.parametrize(
        ("sent", "problem"),
        [
            ({"evidence": ""}, "Choose what proves the sale."),
            ({"evidence": "invoice"}, "Choose the document."),
            ({"evidence": "serials"}, "Enter at least one serial number."),
            ({"evidence": "serials", "serials": "x" * 61}, "at most 60 characters"),
            ({"evidence": "serials", "serials": "---"}, "is no serial number"),
            ({"evidence": "serials", "serials": "a\0b"}, "Null characters"),
            ({"evidence": "rumour"}, "rumour is not one of the available choices"),
        ],
    )
    def test_wrong_answers(
        self, terms: VendorWorld, client_as: SignIn, sent: dict[str, str], problem: str
    ) -> None:
        deal = won(terms)
        client = client_as(terms.people["partner_rep"])
        answer = client.post(f"/deals/{deal.reference}/proof/", {"number": "KEPT-1", **sent})
        assert answer.status_code == 422
        assert problem in text(answer)
        assert "KEPT-1" in text(answer)
        with acting_as(terms.people["manager"]):
            assert not Proof.objects.exists()

    @pytest.mark.parametrize("name", ["page.html", "program.pdf", "macro.docx", "empty.txt"])
    def test_disguised_documents(self, terms: VendorWorld, client_as: SignIn, name: str) -> None:
        deal = won(terms)
        sent = {"evidence": "invoice", "upload": SimpleUploadedFile(name, REFUSED[name])}
        client = client_as(terms.people["partner_rep"])
        assert client.post(f"/deals/{deal.reference}/proof/", sent).status_code == 422
        with acting_as(terms.people["manager"]):
            assert not ProofFile.objects.exists()

    def test_the_pages_keep_to_their_budget(self, terms: VendorWorld, client_as: SignIn) -> None:
        deals = [won(terms, customer_name=f"C {n}", customer_domain=f"c{n}.example") for n in range(4)]
        manager, rep = client_as(terms.people["manager"]), client_as(terms.people["partner_rep"])
        manager.get("/deals/"), rep.get("/deals/")
        send_serials(terms, deals[0], *(f"S{n}" for n in range(50)))
        one = statements(manager, "/deals/inbox/requests/")
        for deal in deals[1:]:
            send(terms, deal)
        assert statements(manager, "/deals/inbox/requests/") == one <= BUDGET
        for client in (manager, rep):
            few, many = (
                statements(client, f"/deals/{deal.reference}/proof/") for deal in (deals[1], deals[0])
            )
            assert few == many <= BUDGET
            assert statements(client, f"/deals/{deals[0].reference}/terms/") <= BUDGET
        with acting_as(terms.people["manager"]):
            assert DealLine.objects.exists()
