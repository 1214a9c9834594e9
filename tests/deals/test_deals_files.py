"""Files and notes of a registration: whose turn it is to add them, who gets them, and as what."""

import hashlib
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.deal.models import Deal
from deals.notes import services as notes_services
from deals.notes.models import Attachment, InternalNote, Note
from deals.registration import services as registration_services
from deals.registration.models import DealTerms
from portal.events.models import PortalEvent
from portal.events.outbox import deliver
from portal.files import uploads
from portal.files.uploads import Upload, checked
from portal.notifications.models import Notification
from portal.sealed_ids import sealed
from portal.tenancy.scope import entered, system_scope
from tests.support import files
from tests.support.deals import approved, do, draft, events, posted, submitted
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

SignIn = Callable[..., PortalClient]
pytestmark = pytest.mark.django_db


def order(name: str = "order.pdf", content: bytes = files.PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def add(person: Person, deal: Deal, *ups: Upload) -> list[Attachment]:
    with acting_as(person) as actor:
        return notes_services.deal_files_add(
            actor=actor, deal=deal, uploads=ups or [checked("order.pdf", files.PDF)]
        )


def kept(world: VendorWorld, deal: Deal) -> list[Attachment]:
    with acting_as(world.people["program_admin"]):
        return list(Attachment.objects.filter(deal=deal))


def on_disk() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


class TestHandingIn:
    def test_a_file_is_kept_under_a_random_name_readable_by_the_portal_alone(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep, deal = world.people["partner_rep"], draft(world.people["partner_rep"], world)
        answer = client_as(rep).post(f"/deals/{deal.reference}/files/", {"uploads": order("März ../x.pdf")})
        assert answer.status_code == 302
        (row,) = kept(world, deal)
        assert (row.name, row.content_type, row.size) == ("x.pdf", "application/pdf", len(files.PDF))
        assert row.sha256 == hashlib.sha256(files.PDF).hexdigest()
        assert row.uploaded_by == rep.user
        path = Path(settings.MEDIA_ROOT) / row.file.name
        assert path.read_bytes() == files.PDF
        assert path.stat().st_mode & 0o077 == 0
        assert path.suffix == ""
        assert re.fullmatch("[0-9a-f]{32}", path.name)

    def test_what_is_not_accepted_is_said_beside_the_field_and_nothing_is_kept(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep, before = world.people["partner_rep"], on_disk()
        deal = draft(rep, world)
        for name, content in files.REFUSED.items():
            answer = client_as(rep).post(f"/deals/{deal.reference}/files/", {"uploads": order(name, content)})
            assert answer.status_code == 422, name
            assert answer.context["files_form"].errors["uploads"], name
        assert kept(world, deal) == []
        assert on_disk() == before

    def test_the_same_content_twice_is_one_file(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        deal = draft(rep, world)
        assert len(add(rep, deal)) == 1
        assert add(rep, deal, checked("again.pdf", files.PDF)) == []
        assert len(kept(world, deal)) == 1
        assert events(world, deal).count("deals.file_added") == 1

    def test_all_files_of_a_deal_have_a_limit_together(self, world: VendorWorld, settings: Any) -> None:
        settings.UPLOAD_TOTAL_LIMIT = 100
        rep = world.people["partner_rep"]
        deal = draft(rep, world)
        add(rep, deal, checked("a.txt", b"a" * 60))
        with pytest.raises(ValidationError, match="are there already"):
            add(rep, deal, checked("b.txt", b"b" * 41))
        assert len(add(rep, deal, checked("b.txt", b"b" * 40))) == 1

    def test_the_registration_form_takes_files_along(self, world: VendorWorld, client_as: SignIn) -> None:
        client = client_as(world.people["partner_rep"])
        answer = client.post("/deals/register/", posted(world, submit="1", uploads=order()))
        assert answer.status_code == 302
        with acting_as(world.people["manager"]):
            deal = Deal.objects.get()
            assert deal.status == "submitted"
            assert [row.name for row in deal.attachments.all()] == ["order.pdf"]

    def test_a_wrong_file_keeps_the_registration_on_the_page(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        client = client_as(world.people["partner_rep"])
        answer = client.post(
            "/deals/register/", posted(world, submit="1", uploads=order("a.exe", b"MZ\x90\0" + b"\0" * 99))
        )
        assert answer.status_code == 422
        assert "a.exe: This kind of file is not accepted" in answer.content.decode()
        assert 'value="Tiroler Logistik AG"' in answer.content.decode()
        again = client.post("/deals/register/", posted(world, submit="1", amount="", uploads=order()))
        assert again.status_code == 422
        assert "Choose your files again" in again.content.decode()


class TestHandingOut:
    @pytest.fixture
    def row(self, world: VendorWorld) -> Attachment:
        deal = approved(world)
        return add(world.people["partner_rep"], deal, checked('a "b"\r\n<i>ü.pdf', files.PDF))[0]

    def test_it_is_a_download_that_no_browser_shows_or_runs(
        self, world: VendorWorld, client_as: SignIn, row: Attachment
    ) -> None:
        answer = client_as(world.people["manager"]).get(
            f"/deals/{row.deal.reference}/files/{sealed(row.pk)}/"
        )
        assert answer.status_code == 200
        assert answer.content == files.PDF
        assert not answer.streaming
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("attachment; filename")
        assert "\r" not in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "private, no-store"
        ranged = client_as(world.people["manager"]).get(
            f"/deals/{row.deal.reference}/files/{sealed(row.pk)}/", headers={"Range": "bytes=0-3"}
        )
        assert ranged.status_code == 200
        assert ranged.content == files.PDF

    def test_that_it_was_taken_is_recorded_without_its_name(
        self, world: VendorWorld, client_as: SignIn, row: Attachment
    ) -> None:
        client_as(world.people["manager"]).get(f"/deals/{row.deal.reference}/files/{sealed(row.pk)}/")
        with entered(system_scope(world.vendor.pk)):
            event = PortalEvent.objects.get(type="portal.downloaded")
        assert (event.subject_id, event.data) == (row.pk, {})

    @pytest.mark.parametrize("who", ["sub_rep", "distributor_admin", "other_manager"])
    def test_who_does_not_see_the_deal_gets_nothing(
        self, world: VendorWorld, client_as: SignIn, row: Attachment, who: str
    ) -> None:
        path = f"/deals/{row.deal.reference}/files/{sealed(row.pk)}/"
        assert client_as(world.people[who]).get(path).status_code == 404
        assert client_as(world.people[who]).post(f"{path}remove/").status_code == 404

    def test_a_file_is_found_at_its_own_deal_only(
        self, world: VendorWorld, client_as: SignIn, row: Attachment
    ) -> None:
        own = draft(world.people["distributor_rep"], world)
        client = client_as(world.people["distributor_rep"])
        assert client.get(f"/deals/{own.reference}/files/{sealed(row.pk)}/").status_code == 404

    def test_no_address_leads_to_the_folder(
        self, client_as: SignIn, world: VendorWorld, row: Attachment
    ) -> None:
        client = client_as(world.people["program_admin"])
        for path in (f"/media/{row.file.name}", f"/static/{row.file.name}", f"/{row.file.name}"):
            assert client.get(path).status_code == 404

    def test_files_of_a_draft_are_the_partners_own(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = draft(world.people["distributor_rep"], world)
        row = add(world.people["distributor_rep"], deal)[0]
        path = f"/deals/{deal.reference}/files/{sealed(row.pk)}/"
        assert client_as(world.people["distributor_admin"]).get(path).status_code == 200
        for who in ("manager", "program_admin", "executive", "sub_rep"):
            assert client_as(world.people[who]).get(path).status_code == 404
        with entered(system_scope(world.vendor.pk)):
            told = PortalEvent.objects.filter(type__in=("deals.file_added", "portal.downloaded"))
            assert [event.data for event in told] == [{}, {}]

    def test_a_lost_file_is_a_page_that_says_so(
        self, world: VendorWorld, client_as: SignIn, row: Attachment
    ) -> None:
        default_storage.delete(row.file.name)
        path = f"/deals/{row.deal.reference}/files/{sealed(row.pk)}/"
        assert client_as(world.people["partner_rep"]).get(path).status_code == 404


class TestGoing:
    def test_the_file_goes_with_its_row_after_commit(
        self, world: VendorWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        rep, deal = world.people["partner_rep"], approved(world)
        row = add(rep, deal)[0]
        with django_capture_on_commit_callbacks(execute=True):
            do(notes_services.deal_file_remove, rep, deal, file=row)
            assert default_storage.exists(row.file.name), "a rollback would want it back"
        assert not default_storage.exists(row.file.name)
        assert kept(world, deal) == []
        assert events(world, deal)[-1] == "deals.file_removed"

    def test_the_file_goes_with_its_deal(
        self, world: VendorWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        deal = draft(world.people["partner_rep"], world)
        row = add(world.people["partner_rep"], deal)[0]
        with django_capture_on_commit_callbacks(execute=True), entered(system_scope(world.vendor.pk)):
            Deal.objects.get(pk=deal.pk).delete()
        assert not default_storage.exists(row.file.name)

    def test_each_side_removes_its_own(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = approved(world)
        row = add(world.people["manager"], deal)[0]
        path = f"/deals/{deal.reference}/files/{sealed(row.pk)}/remove/"
        refused = client_as(world.people["partner_rep"]).post(path)
        assert refused.status_code == 422
        assert "came from the other side" in refused.content.decode()
        assert client_as(world.people["executive"]).post(path).status_code == 403
        assert client_as(world.people["manager"]).post(path).status_code == 302
        assert client_as(world.people["manager"]).post(path).status_code == 302, "twice is once"
        assert kept(world, deal) == []

    def test_what_a_failed_request_left_is_swept_up_a_day_later(
        self, world: VendorWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = add(world.people["partner_rep"], approved(world))[0]
        lost = default_storage.save(f"{world.vendor.pk}/deals.attachment/lost", ContentFile(b"lost"))
        now = timezone.now().timestamp()
        os.utime(default_storage.path(lost), (now, now))  # under a shifted clock a file's time is not
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert uploads.stored_files_sweep(vendor=world.vendor) == 0
            late = timezone.now() + timedelta(days=2)
            monkeypatch.setattr(uploads.timezone, "now", lambda: late)
            assert uploads.stored_files_sweep(vendor=world.vendor) == 1
        assert not default_storage.exists(lost)
        assert default_storage.exists(row.file.name)


class TestUnderReview:
    """The partner reads and cannot write, at every address; only a note and a withdrawal are open."""

    WRITES = {
        "edit": {"customer_name": "Other"},
        "files": {},
        "stage": {"stage": "1"},
        "won": {"amount": "1", "closed_on": "2026-01-01"},
        "lost": {"reason": "Price"},
        "approve": {},
        "return": {"reason": "x"},
        "reject": {"reason": "x"},
        "review": {},
        "internal-note": {"text": "x"},
    }

    @pytest.mark.parametrize("action", WRITES)
    @pytest.mark.parametrize("state", ["submitted", "under_review"])
    def test_nothing_changes(self, world: VendorWorld, client_as: SignIn, action: str, state: str) -> None:
        rep = world.people["partner_rep"]
        draft_ = draft(rep, world)
        row = add(rep, draft_)[0]
        deal = do(registration_services.deal_submit, rep, draft_)
        if state == "under_review":
            do(approvals_services.deal_start_review, world.people["manager"], deal)
        before = self._everything(world)
        data: dict[str, Any] = self.WRITES[action] or {"uploads": order("b.txt", b"text")}
        answer = client_as(rep).post(f"/deals/{deal.reference}/{action}/", data)
        assert answer.status_code in (302, 403, 422)
        removed = client_as(rep).post(f"/deals/{deal.reference}/files/{sealed(row.pk)}/remove/")
        assert removed.status_code == 422
        assert self._everything(world) == before

    def _everything(self, world: VendorWorld) -> Any:
        with entered(system_scope(world.vendor.pk)):
            return (
                list(Deal.objects.values()),
                list(Attachment.objects.values()),
                list(InternalNote.objects.values()),
                PortalEvent.objects.exclude(type__startswith="portal.").count(),
            )


class TestNotes:
    def test_both_sides_read_and_the_other_is_told(
        self, world: VendorWorld, client_as: SignIn, django_capture_on_commit_callbacks: Any
    ) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        deal = submitted(rep, world)
        with django_capture_on_commit_callbacks(execute=True):
            client_as(rep).post(f"/deals/{deal.reference}/note/", {"text": "They moved.\nTo Linz."})
            client_as(manager).post(f"/deals/{deal.reference}/note/", {"text": "Which site?"})
        for who in (rep, manager, world.people["executive"]):
            page = client_as(who).get(f"/deals/{deal.reference}/").content.decode()
            assert "To Linz." in page
            assert "Which site?" in page
        with entered(system_scope(world.vendor.pk)):
            told = Notification.objects.filter(kind__startswith="deals.noted").values_list("kind", "user_id")
            assert set(told) == {
                ("deals.noted_by_partner", manager.user.pk),
                ("deals.noted_by_vendor", rep.user.pk),
            }
        deliver(world.vendor.pk)
        assert any("To Linz." in message.body for message in mail.outbox)

    def test_an_internal_note_stays_with_the_vendor(
        self, world: VendorWorld, client_as: SignIn, django_capture_on_commit_callbacks: Any
    ) -> None:
        deal = submitted(world.people["partner_rep"], world)
        manager = client_as(world.people["manager"])
        with django_capture_on_commit_callbacks(execute=True):
            manager.post(f"/deals/{deal.reference}/internal-note/", {"text": "CANARY finance doubts it"})
        page = manager.get(f"/deals/{deal.reference}/").content.decode()
        assert "CANARY" in page
        assert "Only Acme Robotics reads this" in page
        assert (
            "CANARY" in client_as(world.people["executive"]).get(f"/deals/{deal.reference}/").content.decode()
        )
        for who in ("partner_rep", "partner_admin"):
            client = client_as(world.people[who])
            for path in (f"/deals/{deal.reference}/", "/partners/beta/timeline/", "/", "/deals/export/"):
                assert "nternal note" not in client.get(path).content.decode()
                assert "CANARY" not in client.get(path).content.decode()
            with acting_as(world.people[who]):
                assert not InternalNote.objects.exists()
                assert not PortalEvent.objects.filter(type="deals.remarked").exists()
        deliver(world.vendor.pk)
        assert not any("CANARY" in str(message.message()) for message in mail.outbox)
        refused = client_as(world.people["partner_rep"]).post(
            f"/deals/{deal.reference}/internal-note/", {"text": "x"}
        )
        assert refused.status_code == 403

    def test_sent_twice_is_one_note(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = submitted(world.people["partner_rep"], world)
        client = client_as(world.people["partner_rep"])
        key = client.get(f"/deals/{deal.reference}/").context["note_form"].initial["key"]
        for _ in range(2):
            client.post(f"/deals/{deal.reference}/note/", {"text": "Hello", "key": str(key)})
        with acting_as(world.people["manager"]):
            assert Note.objects.count() == 1

    def test_an_empty_or_endless_note_is_refused(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = submitted(world.people["partner_rep"], world)
        client = client_as(world.people["partner_rep"])
        for text in ("", "  \n ", "x" * 4001, "a\0b"):
            answer = client.post(f"/deals/{deal.reference}/note/", {"text": text})
            assert answer.status_code == 422
            assert answer.context["note_form"].errors["text"]

    def test_a_draft_has_none(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = draft(world.people["partner_rep"], world)
        client = client_as(world.people["partner_rep"])
        assert client.post(f"/deals/{deal.reference}/note/", {"text": "x"}).status_code == 422
        assert "Write a note" not in client.get(f"/deals/{deal.reference}/").content.decode()


class TestComingBack:
    def come_back(self, world: VendorWorld, deal: Deal) -> Deal:
        returned = do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
        return do(registration_services.deal_resubmit, world.people["partner_rep"], returned)

    def test_a_registration_comes_back_as_often_as_the_programme_allows(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        with entered(system_scope(world.vendor.pk)):
            DealTerms.objects.update_or_create(defaults={"resubmissions": 2})
        deal = submitted(world.people["partner_rep"], world)
        for _ in range(2):
            deal = self.come_back(world, deal)
        assert deal.resubmissions == 2
        for who in ("partner_rep", "manager"):
            page = client_as(world.people[who]).get(f"/deals/{deal.reference}/").content.decode()
            assert "twice of 2" in " ".join(page.split())
        answer = client_as(world.people["manager"]).post(
            f"/deals/{deal.reference}/return/", {"reason": "Once more?"}
        )
        assert answer.status_code == 422
        assert "Approve it, or reject it and say why." in answer.content.decode()
        page = client_as(world.people["manager"]).get(f"/deals/{deal.reference}/").content.decode()
        assert "Return with a question" not in page

    def test_after_a_lower_limit_the_partner_is_told_what_to_do(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        deal = submitted(world.people["partner_rep"], world)
        deal = self.come_back(world, deal)
        deal = do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
        with entered(system_scope(world.vendor.pk)):
            DealTerms.objects.update_or_create(defaults={"resubmissions": 1})
        client = client_as(world.people["partner_rep"])
        answer = client.post(f"/deals/{deal.reference}/edit/", posted(world, submit="1"))
        assert answer.status_code == 422
        assert "Withdraw it and register the customer anew" in answer.content.decode()

    def test_without_a_limit_it_always_does(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)):
            DealTerms.objects.update_or_create(defaults={"resubmissions": None})
        deal = submitted(world.people["partner_rep"], world)
        for _ in range(5):
            deal = self.come_back(world, deal)
        assert deal.resubmissions == 5


class TestWithdrawing:
    def test_a_reason_may_be_given_and_the_vendor_is_told(
        self, world: VendorWorld, client_as: SignIn, django_capture_on_commit_callbacks: Any
    ) -> None:
        deal = approved(world)
        with django_capture_on_commit_callbacks(execute=True):
            client_as(world.people["partner_rep"]).post(
                f"/deals/{deal.reference}/withdraw/", {"reason": "The project stopped."}
            )
        page = client_as(world.people["manager"]).get(f"/deals/{deal.reference}/").content.decode()
        assert "The project stopped." in page
        deliver(world.vendor.pk)
        assert any("The project stopped." in message.body for message in mail.outbox)

    def test_without_one_it_works_as_well(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = submitted(world.people["partner_rep"], world)
        assert (
            client_as(world.people["partner_rep"]).post(f"/deals/{deal.reference}/withdraw/").status_code
            == 302
        )

    def test_of_a_discarded_draft_nobody_hears(
        self, world: VendorWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            rep = world.people["partner_rep"]
            do(registration_services.deal_withdraw, rep, draft(rep, world), reason="CANARY")
        deliver(world.vendor.pk)
        assert mail.outbox == []
        with entered(system_scope(world.vendor.pk)):
            assert "CANARY" not in str(list(PortalEvent.objects.values_list("data", flat=True)))

    def test_the_vendor_does_not_withdraw(self, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            do(registration_services.deal_withdraw, world.people["manager"], approved(world))
