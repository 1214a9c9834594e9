"""Certificates as files: who takes which, what they show, and how the keys behind them are kept."""

import json
import socket
import time
from io import BytesIO
from typing import Any

import jwt
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from openbadgeslib.ob3.contexts import UnknownContextError, document_loader
from pypdf import PdfReader

from enablement.badges import keys, pictures, services
from enablement.badges.models import IssuerKey
from enablement.certifications import services as certificates
from enablement.certifications.models import Award
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement.badges import badges_of, file_of, keys_of, published, signed_in
from tests.enablement.certificates import award
from tests.enablement.school import do
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db
ALL = ("pdf", "png", "svg", "jwt", "proof")


def text_of(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_the_holder_takes_all_five_and_others_the_paper(world: VendorWorld) -> None:
    one = award(world)
    for who, allowed in {
        "partner_rep": ALL,
        "partner_admin": ("pdf",),
        "manager": (),
        "program_admin": ("pdf",),
        "sub_rep": (),
    }.items():
        answers = {key: file_of(world.people[who], one, key).status_code for key in (*ALL, "exe")}
        reaches = allowed or (("pdf",) if who == "manager" and answers["pdf"] == 200 else ())
        assert {key for key, status in answers.items() if status == 200} == set(reaches), who
        assert {status for key, status in answers.items() if key not in reaches} == {404}, who


def test_the_page_links_what_one_may_take(world: VendorWorld) -> None:
    one = award(world)
    for who, count in (("partner_rep", 5), ("partner_admin", 1)):
        page = signed_in(world.people[who]).get(reverse("enablement:certificate", args=[one.reference]))
        assert page.content.decode().count("/files/") == count


def test_of_what_is_revoked_there_is_nothing_to_take(world: VendorWorld) -> None:
    one = award(world)
    do(certificates.award_revoke, world.people["program_admin"], award=one, reason="A mistake.")
    answer = file_of(world.people["partner_rep"], one, "pdf")
    assert answer.status_code == 302
    assert answer.url.endswith(f"/learning/certificates/{one.reference}/")


def credential(world: VendorWorld, one: Award) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file_of(world.people["partner_rep"], one, "proof").content)
    return found


def test_a_credential_shows_name_and_dates_and_the_result_if_shared(world: VendorWorld) -> None:
    one, rep = award(world, score=9_300), world.people["partner_rep"]
    found = credential(world, one)
    identity = found["credentialSubject"]["identifier"]
    assert identity[0]["identityHash"] == str(rep.user)
    assert identity[1]["identityHash"].startswith("sha256$")
    assert rep.user.email not in json.dumps(found)
    assert "result" not in found["credentialSubject"]
    assert world.partners["beta"].name not in json.dumps(found)
    assert found["validUntil"] > found["validFrom"]
    do(certificates.award_share, rep, award=one, employer=True, score=True)
    found = credential(world, one)
    assert found["credentialSubject"]["result"][0]["value"] == "93"
    assert world.partners["beta"].name not in json.dumps(found)


def test_both_forms_say_the_same(world: VendorWorld) -> None:
    one = award(world)
    proof = credential(world, one)
    token = file_of(world.people["partner_rep"], one, "jwt").content.decode()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {key: claims[key] for key in proof if key != "proof"} == {
        key: value for key, value in proof.items() if key != "proof"
    }
    assert jwt.get_unverified_header(token)["kid"] == f"{proof['issuer']['id'].removesuffix('issuer')}keys/1"


def test_a_shared_credential_goes_with_its_link(world: VendorWorld) -> None:
    one = do(certificates.award_share, world.people["partner_rep"], award=award(world))
    page = f"http://testserver/v/{world.vendor.slug}/certificates/{one.token}/credential"
    answer = published(page)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert [one["identityType"] for one in json.loads(answer.content)["credentialSubject"]["identifier"]] == [
        "name"
    ]
    do(certificates.award_hide, world.people["partner_rep"], award=one)
    assert published(page).status_code == 404


def test_the_list_comes_as_jwt_too_and_shows_revocations_at_once(world: VendorWorld) -> None:
    found = credential(world, award(world))
    (badge,) = badges_of(world)
    assert found["credentialStatus"]["statusListIndex"] == str(badge.bit)
    address = found["credentialStatus"]["statusListCredential"]
    path = address.partition("8000")[2] or address.partition("testserver")[2]
    answer = signed_in(world.people["partner_rep"]).get(path, headers={"accept": "application/vc+jwt"})
    claims = jwt.decode(answer.content.decode(), options={"verify_signature": False})
    assert claims["credentialSubject"]["statusPurpose"] == "revocation"
    assert claims["iss"].endswith("/badges/issuer")
    assert published(f"{address}7").status_code == 404


# Paper ------------------------------------------------------------------------------------------------------


def test_the_pdf_is_accessible_repeatable_and_quick(world: VendorWorld) -> None:
    one = award(world, score=9_300)
    first = file_of(world.people["partner_rep"], one, "pdf").content
    begun = time.process_time()
    assert file_of(world.people["partner_rep"], one, "pdf").content == first
    assert time.process_time() - begun < 0.2
    reader = PdfReader(BytesIO(first))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_data()
    text = text_of(first)
    assert one.reference in text
    assert "93%" not in text
    assert world.partners["beta"].name not in text


def test_the_pdf_shows_what_is_shared(world: VendorWorld) -> None:
    one = award(world, score=9_300)
    do(certificates.award_share, world.people["partner_rep"], award=one, employer=True, score=True)
    text = text_of(file_of(world.people["partner_rep"], one, "pdf").content)
    assert "93%" in text
    assert world.partners["beta"].name in text
    assert f"/certificates/{award_token(world, one)}/".replace("/", "")[:12] in text.replace("/", "")


def award_token(world: VendorWorld, one: Award) -> str:
    with entered(system_scope(world.vendor.pk)):
        return str(Award.objects.get(pk=one.pk).token)


def test_what_people_write_is_text_and_never_markup(world: VendorWorld) -> None:
    one, rep = award(world), world.people["partner_rep"]
    type(rep.user).objects.filter(pk=rep.user.pk).update(
        first_name='#panic("x") <b>', last_name='*x* #read("/etc/passwd") & 山田'
    )
    for key in ALL:
        assert file_of(rep, one, key).status_code == 200, key
    assert '#panic("x")' in text_of(file_of(rep, one, "pdf").content)


def test_a_badge_holds_any_name(world: VendorWorld) -> None:
    svg = pictures.badge_svg(name="<script>&" * 20, vendor='"Acme" & <Sons>', colour="#ffee00")
    assert "<script>" not in svg
    assert pictures.badge_png(svg).startswith(b"\x89PNG")
    assert pictures.baked_svg(svg, "a.b.c")


# Keys -------------------------------------------------------------------------------------------------------


def test_a_key_is_replaced_once_by_a_program_admin_and_on_record(world: VendorWorld) -> None:
    credential(world, award(world))
    (key,) = keys_of(world)
    with pytest.raises(PermissionDenied):
        do(services.key_replace, world.people["executive"], key=key)
    for _ in range(2):
        do(services.key_replace, world.people["program_admin"], key=key)
    assert [(one.number, one.retired_at is None) for one in keys_of(world)] == [(2, True), (1, False)]
    with entered(system_scope(world.vendor.pk)):
        assert PortalEvent.objects.filter(type="enablement.badge_key_replaced").count() == 1


def test_the_administration_replaces_a_key_and_shows_no_private_one(world: VendorWorld) -> None:
    credential(world, award(world))
    (key,) = keys_of(world)
    client = signed_in(world.people["program_admin"])
    listed = reverse("admin:enablement_issuerkey_changelist")
    answer = client.post(listed, {"action": "replace", "_selected_action": [key.pk]}, follow=True)
    assert "Key 2 signs from now on" in answer.content.decode()
    for page in (listed, reverse("admin:enablement_issuerkey_change", args=[key.pk])):
        text = client.get(page).content.decode()
        assert key.public in text
        assert key.sealed not in text


def test_a_sealed_key_opens_for_its_vendor_and_with_the_right_secret_only(
    world: VendorWorld, other_world: VendorWorld, settings: Any
) -> None:
    one = award(world)
    credential(world, one)
    (key,) = keys_of(world)
    assert b"PRIVATE KEY" in keys.unseal(world.vendor.pk, key.sealed)
    assert "PRIVATE KEY" not in key.sealed
    with pytest.raises(keys.Unreadable):
        keys.unseal(other_world.vendor.pk, key.sealed)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = settings.BADGE_KEY_SECRET = "another secret, as long as any of them has to be"
    assert keys.unseal(world.vendor.pk, key.sealed)
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.seal(world.vendor.pk, b"x")
    with pytest.raises(keys.Unreadable):
        keys.unseal(world.vendor.pk, key.sealed)


def test_a_key_that_does_not_open_is_told_and_replaced(world: VendorWorld) -> None:
    one = award(world)
    credential(world, one)
    with entered(system_scope(world.vendor.pk)):
        IssuerKey.objects.update(sealed="x")
    answer = file_of(world.people["partner_rep"], one, "jwt")
    assert (answer.status_code, answer.url.endswith(f"{one.reference}/")) == (302, True)
    do(services.key_replace, world.people["program_admin"], key=keys_of(world)[0])
    assert file_of(world.people["partner_rep"], one, "jwt").status_code == 200


def test_each_vendor_signs_with_its_own_key(world: VendorWorld, other_world: VendorWorld) -> None:
    for each in (world, other_world):
        credential(each, award(each))
    (ours,), (theirs,) = keys_of(world), keys_of(other_world)
    assert ours.public != theirs.public
    for each, foreign in ((world, theirs), (other_world, ours)):
        issuer = published(f"http://testserver/v/{each.vendor.slug}/badges/issuer").content.decode()
        assert foreign.public not in issuer
    assert published(f"http://testserver/v/{world.vendor.slug}/badges/keys/2").status_code == 404


def test_no_context_is_ever_fetched(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownContextError):
        document_loader()("https://example.com/context.json", {})
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: pytest.fail("asked the network"))
    assert credential(world, award(world))["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
