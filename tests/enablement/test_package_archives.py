"""Which packages come in: hostile and broken ones are refused, each with a text for who chose the file."""

import io
import stat
import struct
import zlib
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from django.core.exceptions import ValidationError

from enablement.packages import archive
from enablement.packages.manifest import CMI5, SCORM_12, SCORM_2004, Manifest, manifest_of
from tests.enablement.packages import charging, scorm_2004, zipped

HOSTILE = "../../etc/passwd"


def taken(content: bytes) -> Manifest:
    return manifest_of(archive.checked(io.BytesIO(content)))


def refusal(content: bytes) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        taken(content)
    assert caught.value.messages[0].endswith(".")
    return caught.value


def with_entry(name: str = "a.txt", content: bytes = b"x", **fields: Any) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as zipped_:
        info = ZipInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        zipped_.writestr(info, content, ZIP_DEFLATED)
    return made.getvalue()


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """With bytes of the first header of this signature replaced."""
    at = content.index(signature) + offset
    return content[:at] + value + content[at + len(value) :]


@pytest.mark.parametrize(
    "name",
    [
        HOSTILE, "/etc/passwd", "..\\..\\windows\\system32", "C:\\autoexec.bat", "a/./b", "a//b", "a/../../b",
        "bad\nname", 'quo"te', "x" * 300,
    ],
)  # fmt: skip
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    assert refusal(with_entry(name)).code in {"slip", "long"}


def test_a_link_is_refused() -> None:
    content = with_entry("link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16)
    assert refusal(content).code == "link"


def test_a_device_is_refused() -> None:
    assert refusal(with_entry("dev", external_attr=stat.S_IFCHR << 16)).code == "link"


def test_a_bomb_is_refused_before_it_expands() -> None:
    assert refusal(with_entry("big.txt", bytes(30 * 2**20))).code == "bomb"


def test_many_files_are_refused() -> None:
    assert refusal(zipped({f"{n}.txt": b"" for n in range(5_001)})).code == "many"


def test_entries_that_share_their_bytes_are_refused() -> None:
    """As in the bomb of overlapping files: the directory lists one entry again and again."""
    content = with_entry("a.txt", bytes(range(256)) * 40)
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    central = content[start:end]
    copies = b"".join(central.replace(b"a.txt", f"{n:05d}".encode()) for n in range(400))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 400, 400, len(copies), start, 0)
    assert refusal(content[:start] + copies + tail).code == "bomb"


@pytest.mark.parametrize("size", [2**32 - 2, 5 * 2**30])
def test_sizes_of_four_gigabytes_are_refused(size: int) -> None:
    content = with_entry("a.txt", b"x" * 100)
    if size < 2**32:
        assert refusal(patched(content, b"PK\x01\x02", 24, struct.pack("<L", size))).code == "bomb"
        return
    # In a ZIP64 extra field, where sizes have 64 bits.
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    extra = struct.pack("<HHQQ", 1, 16, size, 50)
    central = patched(content[start:end], b"PK\x01\x02", 20, struct.pack("<LL", 2**32 - 1, 2**32 - 1))
    central = patched(central, b"PK\x01\x02", 30, struct.pack("<H", len(extra))) + extra
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), start, 0)
    assert refusal(content[:start] + central + tail).code == "bomb"


def test_more_than_was_announced_is_refused() -> None:
    content = with_entry("a.txt", b"x" * 5_000)
    small = patched(content, b"PK\x01\x02", 24, struct.pack("<L", 10))
    assert refusal(small).code in {"bomb", "damaged"}


def test_a_wrong_checksum_is_refused() -> None:
    content = with_entry("a.txt", b"x" * 100)
    wrong = struct.pack("<L", zlib.crc32(b"other"))
    assert refusal(patched(content, b"PK\x01\x02", 16, wrong)).code == "damaged"


def test_a_password_is_refused() -> None:
    content = with_entry("a.txt")
    assert refusal(patched(content, b"PK\x01\x02", 8, b"\x01\x00")).code == "locked"


def test_an_unusual_way_of_packing_is_refused() -> None:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_BZIP2) as zipped_:
        zipped_.writestr("a.txt", b"x")
    assert refusal(made.getvalue()).code == "method"


@pytest.mark.parametrize("twin", ["INDEX.html", "index.HTML"])
def test_the_same_name_twice_is_refused(twin: str) -> None:
    assert refusal(zipped({"index.html": b"", twin: b""})).code == "twice"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04 and nothing", charging()[:-30]])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert refusal(content).code in {"kind", "damaged"}


def test_too_large_a_file_is_refused(settings: Any) -> None:
    settings.PACKAGE_LIMIT = 100
    assert refusal(charging()).code == "large"


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://evil.example/x.js">', "<SCRIPT async SRC='//evil.example/x.js'>",
        "<script type=module src=http://evil.example/x.js>",
    ],
)  # fmt: skip
def test_a_script_from_outside_is_refused_and_named(tag: str) -> None:
    error = refusal(zipped({"imsmanifest.xml": "<manifest/>", "pages/one.html": f"<html>{tag}</script>"}))
    assert error.code == "outside"
    assert "pages/one.html" in error.messages[0]
    assert "evil.example" in error.messages[0]


class TestManifests:
    def test_ours(self) -> None:
        found = taken(charging())
        (part,) = found.parts
        assert (found.standard, found.title) == (SCORM_12, "Charging and shifts")
        assert (part.href, part.mastery, part.reports) == ("index.html", 0.7, True)

    def test_scorm_2004_with_several_parts_and_a_passing_score(self) -> None:
        score = (
            '<imsss:sequencing><imsss:objectives><imsss:primaryObjective satisfiedByMeasure="true">'
            "<imsss:minNormalizedMeasure>0.6</imsss:minNormalizedMeasure></imsss:primaryObjective>"
            "</imsss:objectives></imsss:sequencing>"
            '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.9"/>'
        )
        found = taken(scorm_2004("one", "two", more=score))
        assert found.standard == SCORM_2004
        assert [part.id for part in found.parts] == ["one", "two"]
        assert {(part.mastery, part.completion_threshold) for part in found.parts} == {(0.6, 0.9)}

    def test_cmi5(self) -> None:
        found = taken(
            zipped(
                {
                    "cmi5.xml": (
                        '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">'
                        '<course id="https://x.example/c"><title><langstring lang="en">C</langstring></title>'
                        '</course><block id="https://x.example/b"><au id="https://x.example/au" '
                        'moveOn="Passed" masteryScore="0.8"><title><langstring>Unit</langstring></title>'
                        "<url>au/index.html?a=1</url></au></block></courseStructure>"
                    ),
                    "au/index.html": "<html></html>",
                }
            )
        )
        (part,) = found.parts
        assert (found.standard, part.move_on, part.mastery) == (CMI5, "Passed", 0.8)
        assert (part.href, part.query) == ("au/index.html", "a=1")

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ({"index.html": ""}, "manifest"),
            ({"course/imsmanifest.xml": "<manifest/>"}, "folder"),
            ({"imsmanifest.xml": "<manifest"}, "manifest"),
            ({"imsmanifest.xml": "<manifest/>"}, "manifest"),
            ({"cmi5.xml": "<courseStructure/>"}, "manifest"),
        ],
    )
    def test_what_is_no_package_says_why(self, files: dict[str, bytes | str], code: str) -> None:
        assert refusal(zipped(files)).code == code

    @pytest.mark.parametrize(
        "href", [HOSTILE, "https://evil.example/", "missing.html", "javascript:alert(1)"]
    )
    def test_a_beginning_that_is_not_inside_is_refused(self, href: str) -> None:
        manifest = (
            '<manifest><organizations><organization><item identifier="i" identifierref="r"/></organization>'
            f'</organizations><resources><resource identifier="r" href="{href}"/></resources></manifest>'
        )
        assert refusal(zipped({"imsmanifest.xml": manifest})).code == "href"

    def test_entities_are_not_expanded(self) -> None:
        bomb = '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><manifest>&b;</manifest>'
        outside = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><manifest>&x;</manifest>'
        for text in (bomb, outside):
            assert refusal(zipped({"imsmanifest.xml": text})).code == "manifest"
