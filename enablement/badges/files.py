"""The five files of a certificate."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class BadgeFile:
    key: str
    label: str
    hint: str
    media_type: str
    ending: str


FILES: Final = (
    BadgeFile("pdf", "PDF certificate", "A4, to print or to attach", "application/pdf", "pdf"),
    BadgeFile(
        "png", "Open Badge as picture", "PNG with the credential inside, for a wallet or a profile",
        "image/png", "png",
    ),
    BadgeFile("svg", "Open Badge as SVG", "The same, sharp in print", "image/svg+xml", "svg"),
    BadgeFile(
        "jwt", "Credential, signed (VC-JWT)", "Open Badges 3.0, for wallets and checkers",
        "application/vc+jwt", "jwt",
    ),
    BadgeFile(
        "proof", "Credential with data proof", "Open Badges 3.0, JSON, eddsa-rdfc-2022",
        "application/vc", "json",
    ),
)  # fmt: skip
