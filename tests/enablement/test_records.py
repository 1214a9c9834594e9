"""The learning record store: what it keeps, finds, refuses, and to whom it answers.

ADL's conformance suite asks for the specification in full (docs/learning-records.md tells how to run it);
here is what that suite cannot ask: vendors, keys, the wall, races, and what came of it in courses.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from enablement.records.grammar import Invalid, indexed, moment, to_hundredths
from enablement.records.models import Document, KeyScope, Statement, StatementMention, StoreKey
from enablement.records.rules import rules_of
from enablement.records.statements import SIGNATURE, same
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement.records import COURSE, VERBS, Tool, about, agent, statement
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db
STATE = "activities/state?activityId=https://lms.example/a&stateId=bookmark&agent="
HER = json.dumps(agent())
NAMES = (
    "id", "actor", "verb", "object", "objectType", "mbox", "account", "member", "result", "score", "context",
    "definition", "name",
)  # fmt: skip


@pytest.fixture
def tool(world: VendorWorld) -> Tool:
    return Tool(world)


class TestKeys:
    @pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Basic Og==", "Bearer x.y", "Digest x"])
    def test_without_a_valid_key_nobody_gets_in(self, world: VendorWorld, tool: Tool, header: str) -> None:
        answer = tool.send("GET", "statements", Authorization=header)
        assert answer.status_code == 401
        assert "Basic" in answer["WWW-Authenticate"]

    def test_a_key_opens_nothing_at_another_vendor(
        self, world: VendorWorld, other_world: VendorWorld, tool: Tool
    ) -> None:
        tool.client.prefix = f"/v/{other_world.vendor.slug}"
        assert tool.send("GET", "statements").status_code == 401

    def test_the_same_key_as_a_token(self, tool: Tool) -> None:
        answer = tool.send("GET", "statements", Authorization=f"Bearer {tool.key.key}.secret")
        assert answer.status_code == 200

    def test_a_revoked_key_is_refused_at_once(self, world: VendorWorld, tool: Tool) -> None:
        with entered(system_scope(world.vendor.pk)):
            StoreKey.objects.update(revoked_at=datetime.now(UTC))
        assert tool.post(statement()).status_code == 401

    def test_a_reading_key_does_not_write(self, world: VendorWorld) -> None:
        reader = Tool(world, scope=KeyScope.READ)
        assert reader.post(statement()).status_code == 403
        assert reader.send("PUT", STATE + HER, {"a": 1}).status_code == 403

    def test_a_writing_key_reads_its_own_only(self, world: VendorWorld, tool: Tool) -> None:
        other = Tool(world, scope=KeyScope.WRITE)
        theirs, own = statement(), statement()
        tool.post(theirs)
        other.post(own)
        assert other.find() == [own["id"]]
        assert other.send("GET", f"statements?statementId={theirs['id']}").status_code == 404
        assert set(tool.find()) == {theirs["id"], own["id"]}

    def test_a_session_is_no_key(self, world: VendorWorld, client_as: Callable[..., Any]) -> None:
        client = client_as(world.people["program_admin"])
        answer = client.get("/xapi/statements", headers={"X-Experience-API-Version": "2.0.0"})
        assert answer.status_code == 401

    def test_other_origins_may_ask_and_send_no_cookie(self, tool: Tool) -> None:
        answer = tool.client.generic("OPTIONS", "/xapi/statements")
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer


class TestVendors:
    def test_the_store_never_answers_across_vendors(
        self, world: VendorWorld, other_world: VendorWorld, tool: Tool
    ) -> None:
        stranger, sent = Tool(other_world), statement()
        tool.post(sent)
        tool.send("PUT", STATE + HER, {"page": 3})
        assert stranger.find() == []
        assert stranger.send("GET", f"statements?statementId={sent['id']}").status_code == 404
        assert stranger.send("GET", STATE + HER).status_code == 404
        assert stranger.send("GET", f"activities?activityId={COURSE}").json() == {
            "objectType": "Activity",
            "id": COURSE,
        }

    def test_both_may_keep_the_same_id(
        self, world: VendorWorld, other_world: VendorWorld, tool: Tool
    ) -> None:
        sent = statement()
        assert tool.post(sent).status_code == 200
        assert Tool(other_world).post({**sent, "verb": {"id": f"{VERBS}failed"}}).status_code == 200

    def test_a_page_of_one_vendor_is_none_of_another(
        self, world: VendorWorld, other_world: VendorWorld, tool: Tool
    ) -> None:
        tool.post(*(statement() for _ in range(3)))
        more = tool.send("GET", "statements?limit=1").json()["more"]
        stranger = Tool(other_world)
        path = more.split("/xapi/")[1]
        assert stranger.send("GET", path).json()["statements"] == []

    def test_people_see_statements_of_their_partners_only(self, world: VendorWorld, tool: Tool) -> None:
        tool.post(
            statement(),
            statement(actor=agent("distributor_rep@acme.example")),
            statement(actor=agent("nobody@else.example")),
        )
        with acting_as(world.people["partner_rep"]):
            assert set(Statement._base_manager.values_list("agent_key", flat=True)) == {
                "mbox mailto:partner_rep@acme.example"
            }
        with acting_as(world.people["other_manager"]):
            assert not Statement._base_manager.exists()
        with acting_as(world.people["program_admin"]):
            assert Statement._base_manager.count() == 3


class TestKeeping:
    def test_a_batch_is_kept_whole_or_not_at_all(self, world: VendorWorld, tool: Tool) -> None:
        answer = tool.post(statement(), statement(verb="no verb"))
        assert answer.status_code == 400
        assert "statement[1].verb.id" in answer.json()["error"]
        with entered(system_scope(world.vendor.pk)):
            assert not Statement.objects.exists()
            assert not PortalEvent.objects.filter(type="enablement.statements_received").exists()

    def test_a_batch_takes_few_statements_of_the_database(self, tool: Tool) -> None:
        tool.post(statement())
        counts = []
        for size in (2, 50):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert tool.post(*(statement() for _ in range(size))).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 22

    def test_each_batch_leaves_one_event(self, world: VendorWorld, tool: Tool) -> None:
        tool.post(statement(), statement())
        with entered(system_scope(world.vendor.pk)):
            event = PortalEvent.objects.get(type="enablement.statements_received")
        assert event.data == {"statements": 2, "source": "LMS"}

    def test_the_same_again_is_nothing_new_and_another_of_its_id_a_conflict(
        self, world: VendorWorld, tool: Tool
    ) -> None:
        sent = statement()
        assert [tool.post(sent).status_code for _ in range(2)] == [200, 200]
        assert tool.post({**sent, "verb": {"id": f"{VERBS}failed"}}).status_code == 409
        with entered(system_scope(world.vendor.pk)):
            assert Statement.objects.get().body["verb"]["id"] == f"{VERBS}completed"

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"[", b"nul", b'{"actor": "\\ud800"}', b"\xff", b'{"a": NaN}', b'{"a": 1e999}',
            b"[" * 100_000,
        ],
    )  # fmt: skip
    def test_what_is_no_json_is_refused(self, tool: Tool, body: bytes) -> None:
        assert tool.send("POST", "statements", body, as_json=False).status_code == 400

    @pytest.mark.parametrize("text", ["a\0b", "\ud800"])
    def test_what_the_database_cannot_hold_is_refused(self, tool: Tool, text: str) -> None:
        sent = statement(result={"response": text})
        assert tool.send("POST", "statements", sent).status_code == 400

    def test_very_long_names_are_kept_and_found(self, tool: Tool) -> None:
        activity, account = (
            "https://x.example/" + "ä" * 4000,
            {"homePage": "https://x.example/", "name": "n" * 9000},
        )
        sent = statement(activity=activity, actor={"account": account})
        assert tool.post(sent).status_code == 200
        assert tool.find(agent={"account": account}) == [sent["id"]]

    def test_too_much_at_once_is_refused(self, tool: Tool, settings: Any) -> None:
        settings.LEARNING_RECORD_LIMIT = 1000
        answer = tool.post(statement(result={"response": "x" * 1000}))
        assert answer.status_code == 413


class TestFinding:
    def test_a_statement_is_found_by_what_it_is_about_to_any_depth(self, tool: Tool) -> None:
        other = f"{VERBS}experienced"
        first = statement("experienced")
        second = about(first["id"])
        third = about(second["id"])
        # Whichever comes first: the last one came before what it is about.
        for sent in (third, first, second):
            tool.post(sent)
        assert set(tool.find(verb=other)) == {first["id"], second["id"], third["id"]}
        assert tool.find(verb=f"{VERBS}commented", ascending="true") == [third["id"], second["id"]]

    def test_a_voided_statement_hides_and_what_is_about_it_does_not(self, tool: Tool) -> None:
        sent = statement("experienced")
        note, void = about(sent["id"]), about(sent["id"], "voided")
        tool.post(sent, note)
        tool.post(void)
        assert set(tool.find()) == {note["id"], void["id"]}
        assert set(tool.find(verb=f"{VERBS}experienced")) == {note["id"], void["id"]}
        assert tool.send("GET", f"statements?statementId={sent['id']}").status_code == 404
        assert tool.send("GET", f"statements?voidedStatementId={sent['id']}").json()["id"] == sent["id"]

    def test_voided_before_it_came(self, tool: Tool) -> None:
        sent = statement()
        tool.post(about(sent["id"], "voided"))
        tool.post(sent)
        assert sent["id"] not in tool.find()

    def test_what_voids_cannot_be_voided(self, tool: Tool) -> None:
        sent = statement()
        void = about(sent["id"], "voided")
        tool.post(sent)
        tool.post(void)
        tool.post(about(void["id"], "voided"))
        assert void["id"] in tool.find()
        assert sent["id"] not in tool.find()

    def test_pages_hold_every_statement_once_in_order(self, tool: Tool) -> None:
        sent = [statement() for _ in range(7)]
        tool.post(*sent[:4])
        tool.post(*sent[4:])
        found, path = [], "statements?limit=3&ascending=true"
        while path:
            answer = tool.send("GET", path).json()
            found += [one["id"] for one in answer["statements"]]
            path = answer["more"].partition("/xapi/")[2]
        assert found == [one["id"] for one in sent]

    def test_a_member_of_a_group_is_found(self, tool: Tool) -> None:
        sent = statement(
            actor={"objectType": "Group", "member": [agent("one@x.example"), agent("two@x.example")]}
        )
        tool.post(sent)
        assert tool.find(agent=agent("two@x.example")) == [sent["id"]]
        assert tool.find(agent=agent("three@x.example")) == []

    def test_broadly_is_further_than_directly(self, tool: Tool) -> None:
        boss, parent = agent("boss@x.example"), "https://x.example/parent"
        sent = statement(
            context={"instructor": boss, "contextActivities": {"parent": {"id": parent}}},
        )
        tool.post(sent)
        assert tool.find(agent=boss) == tool.find(activity=parent) == []
        assert tool.find(agent=boss, related_agents="true") == [sent["id"]]
        assert tool.find(activity=parent, related_activities="true") == [sent["id"]]

    @pytest.mark.parametrize(
        "query", ["limit=-1", "limit=x", "since=then", "agent={}", "Verb=x", "ascending=1"]
    )
    def test_a_question_that_cannot_be_read_is_refused(self, tool: Tool, query: str) -> None:
        assert tool.send("GET", f"statements?{query}").status_code == 400

    def test_a_forged_page_is_none(self, tool: Tool) -> None:
        assert tool.send("GET", "statements/more/abc").status_code == 404

    def test_how_far_the_store_is_consistent_waits_for_writers(self, world: VendorWorld, tool: Tool) -> None:
        before = moment(tool.send("GET", "statements")["X-Experience-API-Consistent-Through"], "then")
        tool.post(statement())
        after = moment(tool.send("GET", "statements")["X-Experience-API-Consistent-Through"], "now")
        assert before <= after <= datetime.now(UTC)


class TestDocuments:
    def test_a_document_changes_only_for_who_knows_it(self, tool: Tool) -> None:
        assert tool.send("PUT", STATE + HER, {"page": 1}).status_code == 204
        etag = tool.send("GET", STATE + HER)["ETag"]
        assert tool.send("PUT", STATE + HER, {"page": 2}).status_code == 409
        assert tool.send("PUT", STATE + HER, {"page": 2}, If_Match='"other"').status_code == 412
        assert tool.send("PUT", STATE + HER, {"page": 2}, If_None_Match="*").status_code == 412
        assert tool.send("PUT", STATE + HER, {"page": 2}, If_Match=etag).status_code == 204
        assert tool.send("PUT", STATE + HER, {"page": 3}, If_Match=etag).status_code == 412
        assert tool.send("GET", STATE + HER).json() == {"page": 2}

    def test_a_weakened_tag_still_is_the_tag(self, tool: Tool) -> None:
        tool.send("PUT", STATE + HER, {"page": "x" * 500})
        packed = tool.send("GET", STATE + HER, Accept_Encoding="gzip")
        assert packed["ETag"].startswith("W/")
        assert tool.send("PUT", STATE + HER, {"page": 2}, If_Match=packed["ETag"]).status_code == 204

    def test_posting_adds_properties_and_refuses_what_has_none(self, tool: Tool) -> None:
        tool.send("POST", STATE + HER, {"a": 1, "b": 1})
        tool.send("POST", STATE + HER, {"b": 2})
        assert tool.send("GET", STATE + HER).json() == {"a": 1, "b": 2}
        assert tool.send("POST", STATE + HER, [1]).status_code == 400
        assert (
            tool.send("POST", STATE + HER, b"x", as_json=False, Content_Type="text/plain").status_code == 400
        )

    def test_any_content_comes_back_as_it_was(self, tool: Tool) -> None:
        content = bytes(range(256))
        tool.send("PUT", STATE + HER, content, as_json=False, Content_Type="image/png")
        answer = tool.send("GET", STATE + HER)
        assert (answer.content, answer["Content-Type"]) == (content, "image/png")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["ETag"] == f'"{hashlib.sha1(content).hexdigest()}"'

    def test_deleting_without_a_name_deletes_all_of_the_place_and_no_other(self, tool: Tool) -> None:
        other = STATE + json.dumps(agent("other@x.example"))
        for place in (STATE + HER, STATE.replace("bookmark", "score") + HER, other):
            tool.send("PUT", place, {"a": 1})
        assert tool.send("DELETE", STATE.replace("&stateId=bookmark", "") + HER).status_code == 204
        assert tool.send("GET", STATE + HER).status_code == 404
        assert tool.send("GET", other).status_code == 200


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_one_statement_from_sixteen_threads_is_kept_once(self, world: VendorWorld, tool: Tool) -> None:
        sent = statement()
        with ThreadPoolExecutor(16) as pool:
            codes = list(pool.map(lambda _: _apart(lambda: tool.post(sent).status_code), range(16)))
        assert codes == [200] * 16
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Statement.objects.count() == 1

    def test_one_of_sixteen_writers_with_the_same_tag_wins(self, world: VendorWorld, tool: Tool) -> None:
        tool.send("PUT", STATE + HER, {"page": 0})
        etag = tool.send("GET", STATE + HER)["ETag"]

        def write(number: int) -> int:
            return _apart(lambda: tool.send("PUT", STATE + HER, {"page": number}, If_Match=etag).status_code)

        with ThreadPoolExecutor(16) as pool:
            codes = sorted(pool.map(write, range(1, 17)))
        assert codes == [204] + [412] * 15

    def test_sixteen_first_writers_leave_one_document(self, world: VendorWorld, tool: Tool) -> None:
        with ThreadPoolExecutor(16) as pool:
            write = lambda n: _apart(lambda: tool.send("POST", STATE + HER, {f"k{n}": n}).status_code)  # noqa: E731
            codes = list(pool.map(write, range(16)))
        assert codes == [204] * 16
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert len(json.loads(bytes(Document.objects.get().content))) == 16


def _apart(call: Callable[[], int]) -> int:
    """In a thread of its own, with a connection of its own that ends with it."""
    try:
        return call()
    finally:
        connections.close_all()


class TestAttachments:
    def test_an_attachment_comes_back_as_it_was_sent(self, tool: Tool) -> None:
        content = b"\r\n--x\r\n\0\xff certificate"
        sent, body, kind = _with_attachment(statement(), content)
        assert tool.send("POST", "statements", body, as_json=False, Content_Type=kind).status_code == 200
        answer = tool.send("GET", f"statements?statementId={sent['id']}&attachments=true")
        assert answer["Content-Type"].startswith("multipart/mixed; boundary=")
        assert content in answer.content

    def test_another_content_under_the_digest_is_refused(self, tool: Tool) -> None:
        _, body, kind = _with_attachment(statement(), b"one")
        changed = body.replace(b"\r\n\r\none\r\n", b"\r\n\r\ntwo\r\n")
        assert tool.send("POST", "statements", changed, as_json=False, Content_Type=kind).status_code == 400

    def test_a_signed_statement_is_verified(self, tool: Tool) -> None:
        signed = _signed(statement())
        assert _send_signed(tool, *signed).status_code == 200

    @pytest.mark.parametrize("how", ["payload", "mark", "algorithm", "none"])
    def test_a_signature_that_does_not_fit_is_refused(self, tool: Tool, how: str) -> None:
        sent, signature = _signed(statement())
        head, payload, mark = signature.split(b".")
        if how == "payload":
            payload = _encoded(json.dumps({**sent, "verb": {"id": f"{VERBS}failed"}}).encode())
        elif how == "mark":
            mark = _encoded(bytes(256))
        else:
            head = _encoded(json.dumps({"alg": "HS256" if how == "algorithm" else "none"}).encode())
        assert _send_signed(tool, sent, b".".join((head, payload, mark))).status_code == 400


def _with_attachment(
    sent: dict[str, Any], content: bytes, *, usage: str = "https://x.example/certificate"
) -> tuple[dict[str, Any], bytes, str]:
    digest = hashlib.sha256(content).hexdigest()
    listed = {
        "usageType": usage,
        "display": {"en": "Certificate"},
        "contentType": "application/octet-stream",
        "length": len(content),
        "sha2": digest,
    }
    sent = {**sent, "attachments": [listed]}
    body = b"\r\n".join(
        [
            b"--x-part",
            b"Content-Type: application/json",
            b"",
            json.dumps(sent).encode(),
            b"--x-part",
            b"Content-Type: application/octet-stream",
            b"Content-Transfer-Encoding: binary",
            f"X-Experience-API-Hash: {digest}".encode(),
            b"",
            content,
            b"--x-part--",
            b"",
        ]
    )
    return sent, body, "multipart/mixed; boundary=x-part"


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _signed(sent: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The statement and a JWS over it, its certificate along."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LMS")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    der = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    head = _encoded(json.dumps({"alg": "RS256", "x5c": [der]}).encode())
    payload = _encoded(json.dumps(sent).encode())
    mark = key.sign(head + b"." + payload, padding.PKCS1v15(), hashes.SHA256())
    return sent, b".".join((head, payload, _encoded(mark)))


def _send_signed(tool: Tool, sent: dict[str, Any], signature: bytes) -> Any:
    _, body, kind = _with_attachment(sent, signature, usage=SIGNATURE)
    return tool.send("POST", "statements", body, as_json=False, Content_Type=kind)


class TestRules:
    """A few of the rules by themselves, and that nothing at all gets past them as a crash."""

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(NAMES),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )

    @given(
        value=json_values,
        spot=st.sampled_from(["actor", "verb", "object", "result", "context", "attachments"]),
    )
    @settings(max_examples=300, deadline=None)
    def test_anything_is_either_kept_or_refused(self, value: Any, spot: str) -> None:
        sent = {**statement(), spot: value}
        try:
            rules_of("2.0.0").check(sent)
        except Invalid:
            return
        assert same(sent, json.loads(json.dumps(sent)))

    def test_texts_are_equal_when_their_indexed_forms_are(self) -> None:
        long = "x" * 5000
        assert indexed("short") == "short"
        assert indexed(long) != indexed(f"{long}y")
        assert len(indexed(long).encode()) < 300

    @pytest.mark.parametrize(
        ("given", "cut"),
        [("PT1.239S", "PT1.23S"), ("PT1.200S", "PT1.2S"), ("PT01S", "PT1S"), ("P1DT2H", "P1DT2H")],
    )
    def test_durations_compare_to_the_hundredth(self, given: str, cut: str) -> None:
        assert to_hundredths(given) == cut

    @pytest.mark.parametrize(
        "text", ["2026-02-30T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00+14:00", "x", 5]
    )
    def test_moments_that_are_none(self, text: Any) -> None:
        with pytest.raises(Invalid):
            moment(text, "timestamp")


def test_every_mention_is_kept_once(world: VendorWorld, tool: Tool) -> None:
    """The same person as actor and as instructor is one row, and found directly."""
    tool.post(statement(context={"instructor": agent()}))
    with entered(system_scope(world.vendor.pk)):
        rows = StatementMention.objects.filter(kind="agent", value="mbox mailto:partner_rep@acme.example")
        assert [row.is_direct for row in rows] == [True]


def test_about_tells_both_versions_without_a_key(tool: Tool) -> None:
    assert tool.client.get("/xapi/about").json() == {"version": ["1.0.3", "2.0.0"]}


def test_a_request_without_a_version_is_told_the_one_its_tool_speaks(world: VendorWorld) -> None:
    for version in ("1.0.3", "2.0.0"):
        answer = Tool(world, version=version).send("GET", "statements", X_Experience_API_Version="")
        assert (answer.status_code, answer["X-Experience-API-Version"]) == (400, version)


def test_a_statement_without_an_id_gets_one(tool: Tool) -> None:
    sent = statement()
    del sent["id"]
    (made,) = tool.post(sent).json()
    assert tool.find() == [made]
    assert made != str(uuid4())
