"""From the body of a request to statements that keep the rules, with their attachments."""

from collections.abc import Mapping, Sequence
from typing import Any

from enablement.records.grammar import Invalid, read_json
from enablement.records.multipart import Part, parts_of
from enablement.records.protocol import Call
from enablement.records.rules import rules_of
from enablement.records.signatures import verify
from enablement.records.statements import SIGNATURE, Json, attachments_of, sha2_of

Attachments = dict[str, tuple[str, bytes]]


def statements_in(call: Call) -> tuple[list[Json], Attachments]:
    """The statements of a request, one or a list, and the attachments by digest. Raises Invalid."""
    if call.media_type == "application/json":
        statements, parts = _statements(call.body, call.version), []
    elif call.media_type == "multipart/mixed":
        first, *parts = parts_of(call.body, call.content_type)
        if first.content_type != "application/json":
            raise Invalid("The first part holds the statements, as application/json.")
        statements = _statements(first.content, call.version)
    else:
        raise Invalid("Statements come as application/json or multipart/mixed.")
    return statements, _attachments(statements, parts, call.version)


def _statements(content: bytes, version: str) -> list[Json]:
    value: Any = read_json(content, "The request")
    statements: list[Json] = value if isinstance(value, list) else [value]
    rules = rules_of(version)
    for place, statement in enumerate(statements):
        rules.check(statement, f"statement[{place}]" if isinstance(value, list) else "statement")
    return statements


def _attachments(statements: Sequence[Json], parts: Sequence[Part], version: str) -> Attachments:
    sent = {_digest(part): part for part in parts}
    listed = {attachment["sha2"].lower(): attachment for attachment in attachments_of(statements)}
    for sha2, attachment in listed.items():
        if sha2 not in sent and "fileUrl" not in attachment:
            raise Invalid(f"The content of the attachment {sha2[:16]} is missing, and so is a fileUrl.")
    for sha2 in sent:
        if sha2 not in listed:
            raise Invalid(f"No statement lists the attachment {sha2[:16]}.")
    _verify_signatures(statements, sent, version)
    return {sha2: (listed[sha2]["contentType"], part.content) for sha2, part in sent.items()}


def _digest(part: Part) -> str:
    sha2 = part.headers.get("x-experience-api-hash", "").lower()
    if not sha2:
        raise Invalid("A part lacks its X-Experience-API-Hash.")
    if part.headers.get("content-transfer-encoding", "").lower() != "binary":
        raise Invalid("A part lacks Content-Transfer-Encoding: binary.")
    if sha2_of(part.content, len(sha2)) != sha2:
        raise Invalid(f"The content of the attachment {sha2[:16]} has another digest.")
    return sha2


def _verify_signatures(statements: Sequence[Json], sent: Mapping[str, Part], version: str) -> None:
    for statement in statements:
        for attachment in statement.get("attachments", ()):
            if attachment["usageType"] != SIGNATURE:
                continue
            part = sent.get(attachment["sha2"].lower())
            if part is None:
                raise Invalid("The signature is missing.")
            verify(part.content, statement, attachment["contentType"], version)
