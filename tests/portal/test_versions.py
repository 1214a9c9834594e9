"""Two open tabs: the older one puts nothing back that was changed meanwhile, and loses nothing typed."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import QueryDict

from deals.approvals import services as approvals_services
from deals.approvals.models import ApprovalRule, ApprovalRuleStep, Approver, Outcome
from deals.deal.models import DealLine
from enablement.editor import services as editor_services
from enablement.quizzes.models import Question
from partners.models import Partner, Tier
from portal.sealed_ids import sealed
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from portal.ui.versions import NAME, VersionedForm
from tests.enablement import library, school
from tests.support import leads
from tests.support.deals import approved, do, draft, now_is, submitted
from tests.support.files import PNG
from tests.support.pages import filled
from tests.support.worlds import PortalClient, VendorWorld, acting_as

SignIn = Callable[..., PortalClient]


class RoomForm(VersionedForm, forms.Form):
    name = forms.CharField()
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")])
    doors = forms.MultipleChoiceField(choices=[("n", "North"), ("s", "South")], required=False)
    open = forms.BooleanField(required=False)
    about = forms.CharField(required=False, widget=forms.Textarea)


ROOM: dict[str, Any] = {"name": "Hall", "size": "s", "doors": ["n"], "open": True, "about": "One\nTwo"}


def version(**now: Any) -> str:
    form = RoomForm(initial=ROOM | now)
    return str(form.version).split('value="')[1].rstrip('">').replace("&quot;", '"')


def sent(seen: dict[str, Any], **typed: Any) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in (ROOM | seen | typed).items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value is not False:
            data[name] = "on" if value is True else str(value).replace("\n", "\r\n")
    data[NAME] = version(**seen)
    return data


class TestForm:
    def test_nothing_changed_meanwhile(self) -> None:
        assert RoomForm(sent({}, name="Lobby"), initial=ROOM).is_valid()

    @pytest.mark.parametrize(
        ("now", "words"),
        [
            ({"name": "Atrium"}, "now Atrium."),
            ({"size": "l"}, "now Large."),
            ({"doors": ["n", "s"]}, "now North, South."),
            ({"doors": []}, "now empty."),
            ({"open": False}, "now off."),
            ({"about": "Three"}, "now Three."),
        ],
    )
    def test_what_was_left_alone_shows_the_new_value(self, now: dict[str, Any], words: str) -> None:
        form = RoomForm(sent({}), initial=ROOM | now)
        (name,) = now
        assert words in form.errors[name][0]
        assert list(form.errors) == [name]
        assert form.fields[name].widget.value_from_datadict(form.data, {}, name) == now[name]
        again = form.data.copy()
        again[NAME] = version(**now)
        assert RoomForm(again, initial=ROOM | now).is_valid()

    def test_what_was_typed_is_kept(self) -> None:
        form = RoomForm(sent({}, name="Lobby"), initial=ROOM | {"name": "Atrium"})
        assert "now Atrium. What you entered is kept" in form.errors["name"][0]
        assert form["name"].value() == "Lobby"

    def test_the_same_sent_twice_is_no_conflict(self) -> None:
        changed = {"name": "Lobby", "open": False}
        assert RoomForm(sent({}, **changed), initial=ROOM | changed).is_valid()

    def test_another_answer_than_the_one_that_changed_is_still_shown(self) -> None:
        form = RoomForm(sent({}, name="Lobby"), initial=ROOM | {"size": "l"})
        assert list(form.errors) == ["size"]
        assert form["name"].value() == "Lobby"

    @pytest.mark.parametrize("given", ["", "{", "[]", "7", '{"nobody": "1"}'])
    def test_a_form_without_one_is_taken_as_it_is(self, given: str) -> None:
        data = sent({})
        data[NAME] = given
        assert RoomForm(data, initial=ROOM | {"name": "Atrium"}).is_valid()


@pytest.mark.django_db
class TestPages:
    def test_a_partner(self, world: VendorWorld, client_as: SignIn) -> None:
        path, manager = "/partners/beta/edit/", client_as(world.people["manager"])
        older, newer = filled(manager.get(path)), filled(manager.get(path))
        assert manager.post(path, newer | {"city": "Linz"}).status_code == 302
        answer = manager.post(path, older | {"name": "Beta of Styria"})
        assert answer.status_code == 422
        assert "now Linz." in answer.text
        again = filled(answer)
        assert (again["city"], again["name"]) == ("Linz", "Beta of Styria")
        assert manager.post(path, again).status_code == 302
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            beta = Partner.objects.get(slug="beta")
        assert (beta.city, beta.name) == ("Linz", "Beta of Styria")

    def test_a_returned_registration(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = submitted(world.people["partner_rep"], world)
        do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
        path, rep = f"/deals/{deal.reference}/edit/", client_as(world.people["partner_rep"])
        older, newer = filled(rep.get(path)), filled(rep.get(path))
        assert rep.post(path, newer | {"amount": "52,000", "draft": "1"}).status_code == 302
        answer = rep.post(path, older | {"use_case": "The site in Koper.", "draft": "1"})
        assert answer.status_code == 422
        again = filled(answer)
        assert (again["amount"], again["use_case"]) == ("52,000", "The site in Koper.")
        assert now_is(world, deal).amount == 52_000_00
        assert rep.post(path, again | {"submit": "1"}).status_code == 302
        assert now_is(world, deal).amount == 52_000_00

    def test_the_products_of_a_draft(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = draft(world.people["partner_rep"], world)
        path, rep = f"/deals/{deal.reference}/edit/", client_as(world.people["partner_rep"])
        older, newer = filled(rep.get(path)), filled(rep.get(path))
        rep.post(path, newer | {"lines-0-quantity": "9", "draft": "1"})
        answer = rep.post(path, older | {"competitor": "Nobody", "draft": "1"})
        assert "The list of products was changed after you opened this page: now 9 Arm." in answer.text
        again = filled(answer)
        assert (again["lines-0-quantity"], again["competitor"]) == ("9", "Nobody")
        assert rep.post(path, again | {"draft": "1"}).status_code == 302
        kept = rep.post(path, older | {"lines-0-quantity": "4", "draft": "1"})
        assert kept.status_code == 422
        assert filled(kept)["lines-0-quantity"] == "4"
        with acting_as(world.people["partner_rep"]):
            assert DealLine.objects.get(deal=deal).quantity == 9

    def test_another_row_keeps_what_the_page_showed(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = draft(world.people["partner_rep"], world)
        path, rep = f"/deals/{deal.reference}/edit/", client_as(world.people["partner_rep"])
        older, newer = filled(rep.get(path)), filled(rep.get(path))
        rep.post(path, newer | {"competitor": "Somebody", "draft": "1"})
        rows = filled(rep.post(path, older | {"add_line": "1"}))
        assert rep.post(path, rows | {"draft": "1"}).status_code == 422
        assert now_is(world, deal).competitor == "Somebody"

    def test_a_change_of_an_approved_deal(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = approved(world)
        path, rep = f"/deals/{deal.reference}/change/", client_as(world.people["partner_rep"])
        older, newer = filled(rep.get(path)), filled(rep.get(path))
        assert rep.post(path, newer | {"lines-0-quantity": "7"}).status_code == 302
        answer = rep.post(path, older | {"reason": "Two sites"})
        assert answer.status_code == 422
        again = filled(answer)
        assert (again["lines-0-quantity"], again["reason"]) == ("7", "Two sites")

    def test_a_lead(self, world: VendorWorld, client_as: SignIn) -> None:
        lead = leads.lead(world)
        path, manager = f"/leads/{lead.reference}/edit/", client_as(world.people["manager"])
        older, newer = filled(manager.get(path)), filled(manager.get(path))
        assert manager.post(path, newer | {"source": "Web", "lines-0-quantity": "3"}).status_code == 302
        answer = manager.post(path, older | {"notes": "Soon"})
        assert answer.status_code == 422
        again = filled(answer)
        assert (again["source"], again["notes"], again["lines-0-quantity"]) == ("Web", "Soon", "3")
        assert manager.post(path, again).status_code == 302

    def test_a_setting_in_the_administration(self, world: VendorWorld, client_as: SignIn) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            tier = Tier.objects.order_by("rank").first()
        assert tier is not None
        path, admin = f"/admin/partners/tier/{tier.pk}/change/", client_as(world.people["program_admin"])
        older, newer = filled(admin.get(path)), filled(admin.get(path))
        assert admin.post(path, newer | {"protection_days": "75"}).status_code == 302
        answer = admin.post(path, older | {"name": "First"})
        assert answer.status_code == 422
        again = filled(answer)
        assert (again["protection_days"], again["name"]) == ("75", "First")
        assert admin.post(path, again).status_code == 302

    def test_a_new_row_in_the_administration_has_none(self, world: VendorWorld, client_as: SignIn) -> None:
        page = client_as(world.people["program_admin"]).get("/admin/partners/tier/add/")
        assert f'name="{NAME}"' not in page.text

    def test_the_settings_of_the_vendor(self, world: VendorWorld, client_as: SignIn) -> None:
        path = f"/admin/portal/vendor/{world.vendor.pk}/change/"
        admin = client_as(world.people["program_admin"])
        older, newer = filled(admin.get(path)), filled(admin.get(path))
        assert admin.post(path, newer | {"decision_hours": "9"}).status_code == 302
        assert admin.post(path, older | {"protection_days": "77"}).status_code == 422
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Vendor.objects.get(pk=world.vendor.pk).decision_hours == 9

    def test_rows_below_a_row_in_the_administration(self, world: VendorWorld, client_as: SignIn) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            rule = ApprovalRule.objects.create(name="Large", position=1, outcome=Outcome.STEPS)
            step = ApprovalRuleStep.objects.create(
                rule=rule, position=1, approver=Approver.ROLE, role=Role.PROGRAM_ADMIN
            )
        path, admin = f"/admin/deals/approvalrule/{rule.pk}/change/", client_as(world.people["program_admin"])
        older, newer = filled(admin.get(path)), filled(admin.get(path))
        (name,) = (name for name in newer if name.endswith("-0-position"))
        assert admin.post(path, newer | {name: "3"}).status_code == 302
        answer = admin.post(path, older | {"name": "Very large"})
        assert (answer.status_code, "now 3." in answer.text) == (422, True)
        again = filled(answer)
        assert (again[name], again["name"]) == ("3", "Very large")
        assert admin.post(path, again).status_code == 302
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert ApprovalRuleStep.objects.get(pk=step.pk).position == 3

    def test_modules_tests_and_questions_of_a_course(self, world: VendorWorld, client_as: SignIn) -> None:
        course = school.course(world)
        with acting_as(world.people["program_admin"]) as actor:
            draft = editor_services.draft_begin(actor=actor, course=course)
            text, test = (draft.modules.filter(kind=kind).first() for kind in ("text", "quiz"))
            question = Question.objects.order_by("pk").first()
        assert text is not None
        assert test is not None
        assert question is not None
        admin = client_as(world.people["program_admin"])
        for path, changed, other in (
            (
                f"/learning/edit/courses/fleet/modules/{sealed(text.pk)}/",
                {"title": "Parts"},
                {"minutes": "12"},
            ),
            (
                f"/learning/edit/courses/fleet/modules/{sealed(test.pk)}/test/",
                {"percent": "70"},
                {"page_size": "2"},
            ),
            (f"/learning/edit/questions/{sealed(question.pk)}/", {"text_1": "Surely"}, {"text": "Is it so?"}),
            (f"/learning/edit/pools/{sealed(question.pool_id)}/name/", {"name": "Basis"}, {"module_key": ""}),
        ):
            older, newer = filled(admin.get(path)), filled(admin.get(path))
            assert admin.post(path, newer | changed).status_code == 302, path
            answer = admin.post(path, older | other)
            ((name, value),) = changed.items()
            assert (answer.status_code, f"now {value}." in answer.text) == (422, True), path
            assert filled(answer)[name] == value
            assert admin.post(path, filled(answer)).status_code == 302, path

    def test_a_file_that_was_replaced_meanwhile(self, world: VendorWorld, client_as: SignIn) -> None:
        asset = library.asset(world, "Price list", upload=("old.png", PNG))
        path, admin = f"/library/edit/{sealed(asset.pk)}/", client_as(world.people["program_admin"])
        older, newer = filled(admin.get(path)), filled(admin.get(path))
        assert admin.post(path, newer | {"upload": picture("new.png")}).status_code == 302
        answer = admin.post(path, older | {"upload": picture("mine.png")})
        assert (answer.status_code, "now new.png, version 2" in answer.text) == (422, True)
        assert admin.post(path, filled(answer) | {"title": "Prices"}).status_code == 302
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            asset.refresh_from_db()
            assert (asset.version, asset.title, asset.file.name) == (2, "Prices", "new.png")


def picture(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PNG + name.encode(), "image/png")
