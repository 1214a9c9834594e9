"""The badge as a picture in the vendor's colour, and with a credential inside. No queries."""

from typing import Final
from xml.sax.saxutils import escape

import qrcode
from openbadgeslib.baking import ITXT_KEYWORD_OB3, SVG_ELEMENT_OB3, SVG_NS_OB3, bake_png, bake_svg

from enablement.badges import typesetting
from portal.templatetags.ui import on_colour

_SIZE: Final = 600
#: Letters in a line of the name, and lines.
_WIDE, _LINES = 15, 3


def badge_svg(*, name: str, vendor: str, colour: str) -> str:
    """A hexagon with the vendor's initial, the certification's name and the vendor's name."""
    ink = on_colour(colour)
    lines = _wrapped(name)
    top = 362 - 22 * (len(lines) - 1)
    words = "".join(
        f'<text x="300" y="{top + 46 * place}" font-size="38" font-weight="600">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIZE}" height="{_SIZE}" viewBox="0 0 600 600" '
        f'role="img"><title>{escape(f"Badge {name}, {vendor}")}</title>'
        f'<path fill="{colour}" d="M300 18 544 159v282L300 582 56 441V159z"/>'
        f'<path fill="none" stroke="{ink}" stroke-opacity=".55" stroke-width="5" '
        'd="M300 52 514.500 176v248L300 548 85.500 424V176z"/>'
        f'<g fill="{ink}" text-anchor="middle" font-family="Inter, system-ui, sans-serif">'
        f'<text x="300" y="250" font-size="130" font-weight="600">{escape(vendor[:1].upper())}</text>'
        f"{words}"
        f'<text x="300" y="466" font-size="22">{escape(_cut(vendor, 22))}</text></g></svg>'
    )


def _wrapped(name: str) -> list[str]:
    """At most three lines; what is left over is cut."""
    lines = [""]
    for word in name.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= _WIDE or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    shown = [_cut(line, _WIDE + 3) for line in lines[:_LINES]]
    if len(lines) > _LINES:
        shown[-1] = f"{shown[-1].rstrip('…')}…"
    return shown


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def badge_png(svg: str) -> bytes:
    return typesetting.png(svg, _SIZE, _SIZE)


def baked_png(svg: str, token: str) -> bytes:
    """The picture with the VC-JWT in it, as Open Badges 3.0 says (section 5.3)."""
    return bake_png(badge_png(svg), token, keyword=ITXT_KEYWORD_OB3)


def baked_svg(svg: str, token: str) -> bytes:
    return bake_svg(svg.encode(), token, element=SVG_ELEMENT_OB3, namespace=SVG_NS_OB3)


def qr_svg(address: str) -> str:
    """A QR code, black on nothing, one unit per module."""
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(address)
    rows = code.get_matrix()
    size = len(rows)
    dots = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{dots}"/></svg>'
