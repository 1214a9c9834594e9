"""Files that people hand in: what is accepted, what is refused, and under which name."""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from hypothesis import example, given
from hypothesis import strategies as st

from portal.files import uploads
from portal.files.kinds import KINDS, PDF, TEXT, harmless_name
from portal.files.uploads import Upload, UploadField, UploadsField, checked
from tests.support import files


class TestKinds:
    @pytest.mark.parametrize(("name", "content_type"), [(n, t) for n, (_, t) in files.ACCEPTED.items()])
    def test_an_accepted_kind_is_known_by_its_content(self, name: str, content_type: str) -> None:
        content, _ = files.ACCEPTED[name]
        assert checked(name, content).content_type == content_type

    @pytest.mark.parametrize("name", files.REFUSED)
    def test_everything_else_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError):
            checked(name, files.REFUSED[name])

    @pytest.mark.parametrize("name", ["bomb.docx", "macro.docx", "picture.pdf", "virus.eml", "half.pdf"])
    def test_the_text_says_why(self, name: str) -> None:
        why = {
            "bomb.docx": "unpacks to far more",
            "macro.docx": "macros or programs",
            "picture.pdf": "The name ends in .pdf, but the content is a PNG picture. Save it as .png",
            "virus.eml": "setup.exe inside this e-mail is not accepted",
            "half.pdf": "This PDF is damaged",
        }
        with pytest.raises(ValidationError, match=re.escape(why[name])):
            checked(name, files.REFUSED[name])

    def test_entries_that_overlap_are_a_bomb(self) -> None:
        """Every entry names the same packed bytes, so that a small file unpacks to a large one."""
        honest = files.office("wordprocessingml.document.main+xml", **{"a.xml": bytes(range(256)) * 200})
        with ZipFile(BytesIO(honest)) as archive:
            entry = archive.infolist()[-1]
        start = honest.rindex(b"PK\x01\x02")
        directory_end = honest.rindex(b"PK\x05\x06")
        repeated = honest[start:directory_end] * 60
        end = bytearray(honest[directory_end:])
        entries = len(ZipFile(BytesIO(honest)).infolist()) + 60
        end[8:12] = entries.to_bytes(2, "little") * 2
        size = directory_end + len(repeated) - int.from_bytes(end[16:20], "little")
        end[12:16] = size.to_bytes(4, "little")
        bomb = honest[:directory_end] + repeated + bytes(end)
        assert len(ZipFile(BytesIO(bomb)).infolist()) == entries, entry
        with pytest.raises(ValidationError, match="unpacks"):
            checked("a.docx", bomb)

    @given(st.binary(max_size=400))
    @example(b"PK\x03\x04")
    @example(b"\xff\xfe\xff")
    @example(b"")
    def test_any_bytes_are_answered(self, content: bytes) -> None:
        for name in ("a.pdf", "a.docx", "a.eml", "a.txt", "a"):
            self._answered(name, content)

    @given(st.sampled_from([files.WORD, files.PDF, files.mail("a.pdf", files.PDF)]), st.data())
    def test_any_damage_is_answered(self, whole: bytes, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged = whole[:place] + data.draw(st.binary(max_size=4)) + whole[place + 1 :]
        for name in ("a.docx", "a.pdf", "a.eml"):
            self._answered(name, damaged)

    def _answered(self, name: str, content: bytes) -> None:
        """Accepted as a known kind or refused in words, and nothing third."""
        try:
            upload = checked(name, content)
        except ValidationError:
            return
        assert upload.content_type in {kind.content_type for kind in KINDS}

    def test_a_deep_mail_is_refused_and_not_followed(self) -> None:
        nested = b"From: a\nDate: b\n" + b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000)
        )
        with pytest.raises(ValidationError):
            checked("deep.eml", nested)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("order.pdf", "order.pdf"),
            ("Bestellung März.PDF", "Bestellung März.pdf"),
            ("order", "order.pdf"),
            ("..\\..\\windows\\order.pdf", "order.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            (".htaccess.pdf", "htaccess.pdf"),
            ("..pdf", "pdf.pdf"),
            (" . ", "file.pdf"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
            ("fdp\u202efdp.pdf", "fdpfdp.pdf"),
            ('"><img src=x>.pdf', "___img src=x_.pdf"),
            ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ],
    )
    def test_a_name_is_made_harmless(self, name: str, shown: str) -> None:
        assert harmless_name(name, PDF) == shown

    @given(st.text(max_size=300))
    def test_any_name_becomes_one_a_file_can_have(self, name: str) -> None:
        shown = harmless_name(name, TEXT)
        assert 3 < len(shown) <= 120
        assert shown.isprintable()
        assert not set(shown) & set('/\\<>:"|?*%;\r\n\0')
        assert not shown.startswith(".")


class Form(forms.Form):
    one = UploadField(required=False)
    many = UploadsField(required=False)


def sent(**names: Iterable[tuple[str, bytes]]) -> Form:
    sent = {
        field: [SimpleUploadedFile(name, content) for name, content in chosen]
        for field, chosen in names.items()
    }
    return Form({}, MultiValueDict(sent))


class TestFields:
    def test_the_cleaned_value_is_the_upload(self) -> None:
        form = sent(one=[("order.pdf", files.PDF)])
        assert form.is_valid()
        upload: Upload = form.cleaned_data["one"]
        assert (upload.name, upload.content_type, upload.size) == (
            "order.pdf",
            "application/pdf",
            len(files.PDF),
        )
        assert form.cleaned_data["many"] == []

    def test_several_are_checked_one_by_one_and_named(self) -> None:
        form = sent(many=[("order.pdf", files.PDF), ("page.html", files.REFUSED["page.html"])])
        assert not form.is_valid()
        assert form.errors["many"] == ["page.html: Web pages, drawings and scripts are not accepted."]
        assert len(sent(many=[("a.pdf", files.PDF), ("b.png", files.PNG)]).fields) == 2

    def test_too_many_at_once_are_refused(self) -> None:
        form = sent(many=[(f"{n}.pdf", files.PDF) for n in range(11)])
        assert form.errors["many"] == ["Choose at most 10 files at once."]

    def test_a_required_field_wants_a_file(self) -> None:
        for field in (UploadField(), UploadsField()):
            with pytest.raises(ValidationError):
                field.clean(None)

    def test_a_large_file_is_refused_before_it_is_read(self, settings: Any) -> None:
        settings.UPLOAD_LIMIT = 100
        file = SimpleUploadedFile("a.txt", b"a" * 101)
        file.file.read = None  # nobody may call it
        with pytest.raises(ValidationError, match="larger than 100"):
            UploadField().clean(file)
        assert UploadField().clean(SimpleUploadedFile("a.txt", b"a" * 100))

    def test_the_field_says_what_it_takes(self) -> None:
        form = Form()
        assert 'accept=".pdf,.docx' in str(form["one"])
        assert " multiple" in str(form["many"])
        assert form.fields["one"].help_text == uploads.limits_text()
