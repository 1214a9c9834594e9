"""Credentials before judges that know nothing of the portal: Digital Bazaar's verifiers and jose, in Node.

What they may ask for is fetched from the vendor's public addresses; nothing else is there for them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from openbadgeslib.baking import ITXT_KEYWORD_OB3, SVG_ELEMENT_OB3, extract_png, extract_svg

from enablement.badges import services as badge_services
from enablement.badges.addresses import addresses_of
from enablement.badges.credentials import Signer
from enablement.badges.keys import unseal
from enablement.badges.models import IssuerKey
from enablement.certifications import services
from portal.tenancy.models import VendorHost
from portal.tenancy.scope import entered, system_scope
from tests.enablement.badges import file_of, keys_of, published, web_of
from tests.enablement.certificates import award
from tests.enablement.school import do
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db
VERIFIERS = Path(__file__).parent / "verifiers"
FORMS = ("proof", "jwt", "png", "svg")
Judge = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Runs the verifiers over credentials and what is published about them. In CI they are there."""
    node = shutil.which("node")
    if node is None or not (VERIFIERS / "node_modules").is_dir():
        why = f"the verifiers are not installed (npm ci --prefix {VERIFIERS.relative_to(Path.cwd())})"
        if os.environ.get("CI"):
            pytest.fail(f"CI must have them: {why}")
        pytest.skip(why)

    def judged(web: dict[str, Any], *credentials: Any) -> list[dict[str, Any]]:
        asked = json.dumps({"documents": web, "credentials": credentials})
        done = subprocess.run(
            [node, str(VERIFIERS / "verify.mjs")],
            input=asked,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        assert len(found) == len(credentials)
        return found

    return judged


def taken(world: VendorWorld, one: Any, form: str) -> Any:
    """The credential in this file of the holder's: a JWT, or a document with a proof."""
    answer = file_of(world.people["partner_rep"], one, form)
    assert answer.status_code == 200, answer.headers
    if form == "png":
        return extract_png(answer.content, keyword=ITXT_KEYWORD_OB3)
    if form == "svg":
        return extract_svg(answer.content, element=SVG_ELEMENT_OB3)
    return json.loads(answer.content) if form == "proof" else answer.content.decode()


def read(credential: Any) -> dict[str, Any]:
    if isinstance(credential, dict):
        return credential
    found: dict[str, Any] = jwt.decode(credential, options={"verify_signature": False})
    return found


def with_another_word(credential: Any) -> Any:
    """The same, but for the name of the certification."""
    changed = json.loads(json.dumps(read(credential)))
    changed["credentialSubject"]["achievement"]["name"] = "Architect"
    if isinstance(credential, dict):
        return changed
    header, _, signature = credential.split(".")
    body = jwt.utils.base64url_encode(json.dumps(changed).encode()).decode()
    return f"{header}.{body}.{signature}"


def refused(answers: list[dict[str, Any]], why: str) -> bool:
    assert all(not one["verified"] for one in answers), answers
    assert all(why in one["error"].lower() for one in answers), answers
    return True


def test_accepted_in_every_file_and_refused_with_one_word_changed(world: VendorWorld, judge: Judge) -> None:
    one = award(world, score=9_300)
    found = [taken(world, one, form) for form in FORMS]
    web = web_of(read(found[0]))
    assert judge(web, *found) == [{"verified": True}] * 4
    assert not any(one["verified"] for one in judge(web, *map(with_another_word, found)))


def test_refused_once_revoked(world: VendorWorld, judge: Judge) -> None:
    one, other = award(world), award(world, "partner_admin")
    found = [taken(world, one, form) for form in FORMS]
    kept = json.loads(file_of(world.people["partner_admin"], other, "proof").content)
    do(services.award_revoke, world.people["program_admin"], award=one, reason="Taken by somebody else.")
    web = web_of(read(found[0]))
    assert refused(judge(web, *found), "revoked")
    assert judge(web, kept) == [{"verified": True}]


def test_what_a_replaced_key_signed_still_holds(world: VendorWorld, judge: Judge) -> None:
    one = award(world)
    before = [taken(world, one, form) for form in ("proof", "jwt")]
    do(badge_services.key_replace, world.people["program_admin"], key=keys_of(world)[0])
    after = [taken(world, one, form) for form in ("proof", "jwt")]
    assert after[0]["proof"]["verificationMethod"].endswith("#key-2")
    assert judge(web_of(read(before[0])), *before, *after) == [{"verified": True}] * 4


def test_a_key_of_another_vendor_signs_nothing_of_this_one(
    world: VendorWorld, other_world: VendorWorld, judge: Judge
) -> None:
    one = award(world)
    ours = taken(world, one, "proof")
    theirs = taken(other_world, award(other_world), "proof")
    web = web_of(ours, theirs)
    with entered(system_scope(other_world.vendor.pk)):
        key = IssuerKey.objects.get(retired_at=None)
        pem = unseal(other_world.vendor.pk, key.sealed)
    forged = {name: value for name, value in ours.items() if name != "proof"}
    # Under their own name for the key, and under ours, which is the same number.
    for addresses in (addresses_of(other_world.vendor), addresses_of(world.vendor)):
        signer = Signer(addresses, key.number, pem)
        answers = judge(
            web, signer.list_document(forged), signer.jwt({**forged, "iss": forged["issuer"]["id"]})
        )
        assert not any(answer["verified"] for answer in answers), answers
    assert judge(web, ours, theirs) == [{"verified": True}] * 2


def test_a_list_of_another_vendor_says_nothing(
    world: VendorWorld, other_world: VendorWorld, judge: Judge
) -> None:
    one = award(world)
    found = [taken(world, one, form) for form in ("proof", "jwt")]
    theirs = taken(other_world, award(other_world), "proof")
    web = web_of(found[0], theirs)
    web[found[0]["credentialStatus"]["statusListCredential"]] = web[
        theirs["credentialStatus"]["statusListCredential"]
    ]
    assert not any(answer["verified"] for answer in judge(web, *found))


def test_the_shared_credential_is_checked_as_well(world: VendorWorld, judge: Judge) -> None:
    one = do(services.award_share, world.people["partner_rep"], award=award(world))
    page = f"http://testserver/v/{world.vendor.slug}/certificates/{one.token}/credential"
    found = json.loads(published(page).content)
    assert judge(web_of(found), found, with_another_word(found))[0] == {"verified": True}


def test_what_was_signed_before_the_vendor_had_a_host_still_holds(world: VendorWorld, judge: Judge) -> None:
    one = award(world)
    before = taken(world, one, "proof")
    VendorHost.objects.create(vendor=world.vendor, host="partners.example.com")
    after = taken(world, one, "proof")
    assert after["issuer"]["id"] == "http://partners.example.com/badges/issuer"
    assert judge(web_of(before), before) == [{"verified": True}]
