"""Small whole files of every accepted kind, and of many that are not."""

from collections.abc import Mapping
from email.message import EmailMessage
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

_TYPES: Final = "application/vnd.openxmlformats-officedocument."


def packed(entries: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def office(main: str, **more: bytes) -> bytes:
    """`main`: how its content types call the main part, for example "wordprocessingml.document.main+xml"."""
    types = f'<Types><Override ContentType="{_TYPES}{main}"/></Types>'.encode()
    return packed({"[Content_Types].xml": types, "main.xml": b"<a/>", **more})


def mail(name: str = "", content: bytes = b"", **headers: str) -> bytes:
    message = EmailMessage()
    for header, value in {
        "From": "a@example.com",
        "Date": "Sat, 1 Nov 2026 10:00:00 +0000",
        **headers,
    }.items():
        message[header] = value
    message.set_content("We want to go on with Alpine.")
    message.add_alternative("<html><body>We want to go on with Alpine.</body></html>", subtype="html")
    if name:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


PDF: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
VTT: Final = b"WEBVTT\n\n00:00.000 --> 00:04.000\nCharge when the floor is quiet.\n"
PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\0\0\0\0\0IEND\xaeB`\x82"
JPEG: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"
JPEG_OF_A_PHONE: Final = b"\xff\xd8\xff\xe1\0\x10Exif\0\0" + b"\0" * 20 + b"\xff\xd9" + b"\0film" * 900
WEBP: Final = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 24
WORD: Final = office("wordprocessingml.document.main+xml")
EXCEL: Final = office("spreadsheetml.sheet.main+xml")
POWERPOINT: Final = office("presentationml.presentation.main+xml")
TEXT: Final = "Kundenwunsch: weiter mit Alpine. Grüße\n".encode()

#: {name: (content, content type)}
ACCEPTED: Final = {
    "order.pdf": (PDF, "application/pdf"),
    "scan.PNG": (PNG, "image/png"),
    "scan.jpg": (JPEG, "image/jpeg"),
    "photo.jpeg": (JPEG_OF_A_PHONE, "image/jpeg"),
    "scan.webp": (WEBP, "image/webp"),
    "letter.docx": (WORD, f"{_TYPES}wordprocessingml.document"),
    "prices.xlsx": (EXCEL, f"{_TYPES}spreadsheetml.sheet"),
    "pitch.pptx": (POWERPOINT, f"{_TYPES}presentationml.presentation"),
    "note.txt": (TEXT, "text/plain"),
    "windows.txt": ("Grüße".encode("cp1252"), "text/plain"),
    "utf16.txt": ("Grüße".encode("utf-16"), "text/plain"),
    "rows.csv": (b"serial,product\nA-1,Atlas\n", "text/csv"),
    "film.vtt": (VTT, "text/vtt"),
    "preference.eml": (mail("order.pdf", PDF, Subject="Our choice"), "message/rfc822"),
    "no extension": (PDF, "application/pdf"),
    "2. Angebot": (TEXT, "text/plain"),
}

_BOMB: Final = office("wordprocessingml.document.main+xml", **{"a.xml": b"0" * 40_000_000})

#: {name: content}
REFUSED: Final = {
    "page.html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "page.txt": b"\n\n<html><body onload=alert(1)>",
    "page.csv": b"a,b\n<script>alert(1)</script>,2\n",
    "utf16.txt": "<script>alert(1)</script>".encode("utf-16"),
    "page.pdf": b"<!DOCTYPE html><html>%PDF-1.7 %%EOF</html>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "drawing.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "drawing.txt": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "program.exe": b"MZ\x90\0\3\0\0\0" + b"\0" * 200,
    "program.pdf": b"MZ\x90\0\3\0\0\0" + b"\0" * 200,
    "program.txt": b"\x7fELF\2\1\1\0" + b"\0" * 60,
    "run.sh": b"#!/bin/sh\nrm -rf ~\n",
    "run.txt": b"#!/bin/sh\nrm -rf ~\n",
    "run.bat": b"@echo off\r\ndel *\r\n",
    "run.js": b"fetch('/');",
    "script.php": b"<?php system($_GET['c']);",
    "picture.pdf": PNG,
    "order.png": PDF,
    "order.pdf.exe": PDF,
    "half.pdf": PDF[:20],
    "half.png": PNG[:20],
    "archive.zip": packed({"a.txt": b"a"}),
    "archive.docx": packed({"a.txt": b"a"}),
    "broken.docx": WORD[:60],
    "sheet.docx": EXCEL,
    "macro.docx": office("wordprocessingml.document.main+xml", **{"word/vbaProject.bin": b"x"}),
    "program.xlsx": office("spreadsheetml.sheet.main+xml", **{"xl/run.exe": b"MZ"}),
    "macro.docm": office("wordprocessingml.document.macroEnabled.main+xml"),
    "bomb.docx": _BOMB,
    "music.mp3": b"ID3\3\0\0\0\0\0" + b"\0" * 50,
    "packed.gz": b"\x1f\x8b\x08\0" + b"\0" * 30,
    "nul.txt": b"text\0text",
    "empty.txt": b"",
    "mail.eml": b"no mail at all",
    "page.eml": b"<html>From: a Date: b</html>",
    "virus.eml": mail("setup.exe", b"MZ\x90\0" + b"\0" * 50),
    "disguised.eml": mail("order.pdf", b"MZ\x90\0" + b"\0" * 50),
    "deep.eml": mail() + b"boundary=" * 60,
}
