"""What a package says of itself: its standard, its parts, and how each begins.

`imsmanifest.xml` for SCORM 1.2 and 2004, `cmi5.xml` for cmi5. Read without entities, by local names, because
tools write the namespaces in many ways.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.core.exceptions import ValidationError

from enablement.packages.archive import Archive
from enablement.records.grammar import Invalid, is_iri

MOST_MANIFEST: Final = 5 * 2**20
_MOST_PARTS: Final = 200
#: Of cmi5, which wants a thousand to be taken.
_MOST_UNITS: Final = 2_000
SCORM_12: Final = "scorm12"
SCORM_2004: Final = "scorm2004"
CMI5: Final = "cmi5"
STANDARDS: Final = {SCORM_12: "SCORM 1.2", SCORM_2004: "SCORM 2004", CMI5: "cmi5"}
MOVE_ON: Final = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
LAUNCH_METHODS: Final = ("AnyWindow", "OwnWindow")
#: What a launch of cmi5 adds to an address (8.1), so that a package cannot have it there already.
LAUNCH_PARAMETERS: Final = frozenset({"endpoint", "fetch", "actor", "registration", "activityid"})


@dataclass(frozen=True, slots=True)
class Part:
    """What is launched: a SCO or asset of SCORM, an assignable unit of cmi5.

    `href` is a file of the package, or for cmi5 also an address elsewhere; `query` follows it. `mastery` is
    the share (0 to 1) that passes, None where the package leaves it to its content. `blocks` are the ids of
    the blocks around a unit of cmi5, the outermost first.
    """

    id: str
    title: str
    href: str
    query: str = ""
    reports: bool = True
    mastery: float | None = None
    launch_data: str = ""
    completion_threshold: float | None = None
    move_on: str = ""
    launch_method: str = ""
    activity_type: str = ""
    entitlement_key: str = ""
    blocks: Sequence[str] = ()

    @property
    def is_elsewhere(self) -> bool:
        """Its content is not in the package."""
        return self.href.startswith(("http://", "https://"))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Block:
    """Units of cmi5 that belong together; blocks may stand in blocks. `depth` is 0 at the top."""

    id: str
    title: str
    depth: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`id` is the course's own identifier."""

    standard: str
    id: str
    title: str
    parts: tuple[Part, ...]
    blocks: tuple[Block, ...] = ()


def manifest_of(archive: Archive) -> Manifest:
    """What the package is; ValidationError, with a text for people, when it is none that is played here."""
    for name, reader in (("cmi5.xml", _cmi5), ("imsmanifest.xml", _scorm)):
        if archive.has(name):
            return reader(_parsed(archive.read(name, MOST_MANIFEST), name), archive)
    inside = [n for n in archive.entries if n.rsplit("/", 1)[-1] in ("imsmanifest.xml", "cmi5.xml")]
    if inside:
        folder = inside[0].rpartition("/")[0]
        raise ValidationError(
            f"The package lies in the folder {folder}. Pack what is in that folder, not the folder itself.",
            code="folder",
        )
    raise ValidationError("This ZIP file is no SCORM or cmi5 package: it has no manifest.", code="manifest")


def manifest_of_xml(content: bytes) -> Manifest:
    """The same of a cmi5.xml that came without a package: its units all lie elsewhere."""
    if len(content) > MOST_MANIFEST:
        raise ValidationError("This cmi5.xml is too large to be one.", code="large")
    return _cmi5(_parsed(content, "cmi5.xml"), None)


def _parsed(content: bytes, name: str) -> Element:
    try:
        root: Element = fromstring(content, forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ValidationError(f"{name} cannot be read.", code="manifest") from error
    return root


# SCORM ------------------------------------------------------------------------------------------------------


def _scorm(root: Element, archive: Archive) -> Manifest:
    version = _text(root, "metadata/schemaversion")
    standard = SCORM_12 if version in ("1.1", "1.2") or _says_12(root) else SCORM_2004
    organization = _organization(root)
    resources = {_attribute(node, "identifier"): node for node in _below(root, "resources/resource")}
    bases = _attribute(root, "base") + _attribute(next(_below(root, "resources"), root), "base")
    parts = [
        _scorm_part(item, resources[reference], bases, archive)
        for item in organization.iter()
        if _name(item) == "item"
        and (reference := _attribute(item, "identifierref")) in resources
        and _attribute(resources[reference], "href")
    ]
    _refuse_number(parts)
    title = _text(organization, "title") or parts[0].title
    return Manifest(standard, _attribute(root, "identifier") or "package", title[:160], tuple(parts))


def _says_12(root: Element) -> bool:
    """Without a version, the namespace tells the standard."""
    return any(
        "adlcp_rootv1p2" in node.tag or any("adlcp_rootv1p2" in a for a in node.attrib)
        for node in root.iter()
    )


def _organization(root: Element) -> Element:
    organizations = next(_below(root, "organizations"), None)
    found = list(_below(root, "organizations/organization"))
    if organizations is None or not found:
        raise ValidationError("The manifest describes no course: it has no organization.", code="manifest")
    wanted = _attribute(organizations, "default")
    return next((one for one in found if _attribute(one, "identifier") == wanted), found[0])


def _scorm_part(item: Element, resource: Element, bases: str, archive: Archive) -> Part:
    href = bases + _attribute(resource, "base") + _attribute(resource, "href")
    path, query = _file(href, archive)
    mastery = _text(item, "masteryscore")
    return Part(
        id=(_attribute(item, "identifier") or "item")[:200],
        title=(_text(item, "title") or "Part")[:160],
        href=path,
        query="&".join(filter(None, (query, _attribute(item, "parameters").lstrip("?&")))),
        reports=_attribute(resource, "scormtype").lower() != "asset",
        mastery=_share(mastery, 100) if mastery else _passing_measure(item),
        launch_data=(_text(item, "datafromlms") or _text(item, "dataFromLMS"))[:4096],
        completion_threshold=_share(_threshold(item), 1),
    )


def _passing_measure(item: Element) -> float | None:
    """SCORM 2004: the least measure that satisfies the primary objective."""
    for node in item.iter():
        if _name(node) == "primaryObjective" and _attribute(node, "satisfiedByMeasure").lower() == "true":
            return _share(_text(node, "minNormalizedMeasure") or "1", 1)
    return None


def _threshold(item: Element) -> str:
    node = next(_below(item, "completionThreshold"), None)
    if node is None:
        return ""
    return _attribute(node, "minProgressMeasure") or (node.text or "").strip()


# cmi5 -------------------------------------------------------------------------------------------------------


def _cmi5(root: Element, archive: Archive | None) -> Manifest:
    course = next(_below(root, "course"), None)
    if _name(root) != "courseStructure" or course is None:
        raise ValidationError("cmi5.xml describes no course.", code="manifest")
    parts, blocks = list(_units(root, archive, ())), list(_blocks(root, 0))
    _refuse_number(parts, _MOST_UNITS)
    objectives = [_attribute(node, "id") for node in _below(root, "objectives/objective")]
    for what, ids in (
        ("the course", [_attribute(course, "id")]),
        ("a block", [block.id for block in blocks]),
        ("a unit", [part.id for part in parts]),
        ("an objective", objectives),
    ):
        _refuse_ids(what, ids)
    title = _title(course) or parts[0].title
    return Manifest(CMI5, _attribute(course, "id"), title, tuple(parts), tuple(blocks))


def _refuse_ids(what: str, ids: list[str]) -> None:
    """Whoever reads statements tells things apart by these ids (3, 13.1)."""
    for one in ids:
        try:
            is_iri(one, "id")
        except Invalid as error:
            raise ValidationError(
                f"cmi5.xml gives {what} the id {one[:80]!r}, which is no IRI (https://...).", code="id"
            ) from error
    if len(set(ids)) < len(ids):
        raise ValidationError(f"cmi5.xml gives {what} the id of another one.", code="twice")


def _blocks(node: Element, depth: int) -> Iterator[Block]:
    for child in _below(node, "block"):
        yield Block(_attribute(child, "id"), _title(child) or "Block", depth)
        yield from _blocks(child, depth + 1)


def _units(node: Element, archive: Archive | None, blocks: tuple[str, ...]) -> Iterator[Part]:
    """In the order of the structure, whichever block they stand in."""
    for child in node:
        if _name(child) == "au":
            yield _unit(child, archive, blocks)
        elif _name(child) == "block":
            yield from _units(child, archive, (*blocks, _attribute(child, "id")))


def _unit(node: Element, archive: Archive | None, blocks: tuple[str, ...]) -> Part:
    href, query = _address(_text(node, "url"), archive)
    mastery = _attribute(node, "masteryScore")
    share = _share(mastery, 1) if mastery else None
    if mastery and share is None:
        raise ValidationError(
            f"cmi5.xml asks for a masteryScore of {mastery[:20]!r}; it lies between 0 and 1.", code="mastery"
        )
    return Part(
        id=_attribute(node, "id"),
        title=_title(node) or "Unit",
        href=href,
        query=query,
        mastery=share,
        launch_data=_text(node, "launchParameters")[:4096],
        move_on=_one_of(node, "moveOn", MOVE_ON),
        launch_method=_one_of(node, "launchMethod", LAUNCH_METHODS),
        activity_type=_attribute(node, "activityType")[:500],
        entitlement_key=_text(node, "entitlementKey")[:500],
        blocks=blocks,
    )


def _one_of(node: Element, name: str, words: tuple[str, ...]) -> str:
    """The word of an attribute; the first of the words where it is absent."""
    word = _attribute(node, name) or words[0]
    if word not in words:
        raise ValidationError(f"cmi5.xml knows no {name} {word[:40]!r}: {', '.join(words)}.", code="manifest")
    return word


def _address(url: str, archive: Archive | None) -> tuple[str, str]:
    """Where a unit begins: a file of the package and what follows it, or an address elsewhere."""
    found = urlsplit(url) if not any(sign.isspace() for sign in url) else None
    if found is None or not url:
        raise ValidationError(f"cmi5.xml holds the address {url[:80]!r}, which is none.", code="href")
    taken = {name.lower() for name, _ in parse_qsl(found.query, keep_blank_values=True)} & LAUNCH_PARAMETERS
    if taken:
        raise ValidationError(
            f"An address in cmi5.xml has the parameter {min(taken)!r}, which every launch sets.", code="query"
        )
    if found.scheme in ("http", "https") and found.netloc:
        return url, ""
    if archive is None:
        raise ValidationError(
            f"{url[:80]!r} is a file of a package. Upload the ZIP file, not its cmi5.xml alone.", code="href"
        )
    return _file(url, archive)


def _title(node: Element) -> str:
    return _text(node, "title/langstring")[:160]


# Reading XML ------------------------------------------------------------------------------------------------


def _file(href: str, archive: Archive) -> tuple[str, str]:
    """The file a reference names, and what follows it."""
    url = urlsplit(href)
    path = unquote(url.path).replace("\\", "/").removeprefix("./")
    if url.scheme or url.netloc or not archive.has(path):
        raise ValidationError(
            f"The manifest begins with {href[:80]!r}, which is not in the package.", code="href"
        )
    return path, url.query


def _refuse_number(parts: list[Part], most: int = _MOST_PARTS) -> None:
    if not parts:
        raise ValidationError("The manifest names nothing that can be launched.", code="manifest")
    if len(parts) > most:
        raise ValidationError(f"The package has more than {most:,} parts.", code="many")


def _share(text: str, whole: int) -> float | None:
    try:
        share = float(text) / whole
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _below(node: Element, path: str) -> Iterator[Element]:
    """Descendants along a path of local names."""
    first, _, rest = path.partition("/")
    for child in node:
        if _name(child) == first:
            yield from _below(child, rest) if rest else [child]


def _text(node: Element, path: str) -> str:
    found = next(_below(node, path), None)
    return (found.text or "").strip() if found is not None else ""


def _attribute(node: Element, name: str) -> str:
    """By local name, in any capitals: scormtype and scormType are the same."""
    for key, value in node.attrib.items():
        if key.rpartition("}")[2].lower() == name.lower():
            return value.strip()
    return ""
