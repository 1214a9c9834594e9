"""QTI 2.1 and 2.2 items (IMS Question and Test Interoperability), as authoring tools export them.

Taken: choiceInteraction (single and multiple), matchInteraction and associations of pairs, and
textEntryInteraction with a numeric answer. Everything else is told as a fault with its title.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from enablement.editor.question_drafts import Draft, Fault, Read
from enablement.quizzes import marking
from enablement.quizzes.models import QuestionKind

_INTERACTIONS: Final = ("choiceInteraction", "matchInteraction", "textEntryInteraction")


def read(name: str, data: bytes) -> Read:
    """The items of one XML file; a manifest or a test that only lists items has none."""
    found = Read()
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        found.faults.append(Fault(1, f"{name} defines entities or a document type; that is not taken."))
        return found
    except (ParseError, ValueError) as error:
        found.faults.append(Fault(1, f"{name} is no XML: {error}."))
        return found
    for place, item in enumerate(_items(root), start=1):
        try:
            found.drafts.append(_draft(place, item))
        except ValueError as error:
            title = item.get("title") or item.get("identifier") or name
            found.faults.append(Fault(place, f"{title}: {error}"))
    return found


def _items(root: Element) -> Iterator[Element]:
    return (one for one in root.iter() if _tag(one) == "assessmentItem")


def _tag(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _within(element: Element, *tags: str) -> list[Element]:
    return [one for one in element.iter() if _tag(one) in tags]


def _draft(place: int, item: Element) -> Draft:
    body = next(iter(_within(item, "itemBody")), None)
    if body is None:
        raise ValueError("it has no body")
    interactions = _within(body, *_INTERACTIONS)
    others = [one for one in body.iter() if _tag(one).endswith("Interaction") and one not in interactions]
    if len(interactions) != 1 or others:
        raise ValueError("it asks in a way that is not taken here")
    interaction = interactions[0]
    right = _right(item, interaction.get("responseIdentifier", "RESPONSE"))
    draft = Draft(place, _asked(body, interaction), QuestionKind.SINGLE, key=item.get("identifier", "")[:120])
    draft.explanation = " ".join(_words(one) for one in _within(item, "modalFeedback"))[:2000]
    {
        "choiceInteraction": _choices,
        "matchInteraction": _pairs,
        "textEntryInteraction": _number,
    }[_tag(interaction)](draft, interaction, right)
    return draft


def _right(item: Element, identifier: str) -> list[str]:
    """The values of the correct response."""
    for declaration in _within(item, "responseDeclaration"):
        if declaration.get("identifier") == identifier:
            return [
                (value.text or "").strip()
                for correct in _within(declaration, "correctResponse")
                for value in _within(correct, "value")
            ]
    return []


def _asked(body: Element, interaction: Element) -> str:
    """The prompt, else the text of the body around the interaction."""
    prompts = [_words(one) for one in _within(interaction, "prompt")]
    before = " ".join(_texts(body, interaction))
    return " ".join(part for part in [" ".join(before.split()), *prompts] if part)


def _texts(element: Element, but: Element) -> Iterator[str]:
    if element is not but:
        yield element.text or ""
        for child in element:
            yield from _texts(child, but)
            yield child.tail or ""


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _choices(draft: Draft, interaction: Element, right: list[str]) -> None:
    draft.choices = [
        {"text": _words(one), "is_right": one.get("identifier") in right, "match": ""}
        for one in _within(interaction, "simpleChoice")
    ]
    several = interaction.get("maxChoices", "1") != "1" or len(right) > 1
    draft.kind = QuestionKind.MULTIPLE if several else QuestionKind.SINGLE


def _pairs(draft: Draft, interaction: Element, right: list[str]) -> None:
    names = {one.get("identifier", ""): _words(one) for one in _within(interaction, "simpleAssociableChoice")}
    pairs = [value.split() for value in right]
    if not pairs or any(len(pair) != 2 or not set(pair) <= names.keys() for pair in pairs):
        raise ValueError("its pairs cannot be read")
    draft.kind = QuestionKind.MATCHING
    draft.choices = [{"text": names[a], "is_right": False, "match": names[b]} for a, b in pairs]


def _number(draft: Draft, interaction: Element, right: list[str]) -> None:
    number = marking.number_of(right[0]) if right else None
    if number is None:
        raise ValueError("its answer is a text, which cannot be marked here")
    draft.kind, draft.number, draft.tolerance = QuestionKind.NUMERIC, number, Decimal(0)
