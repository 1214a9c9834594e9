"""Two match keys of a customer: what its name is without spelling, and which domain it registered.

Pure functions: no database, no network. The list of public suffixes is the one bundled with tldextract,
with the private section on, so that two shops hosted at the same provider are two customers.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

import tldextract
from anyascii import anyascii

from portal.text import INVISIBLE, ascii_domain

_FORMS = """
    inc incorporated corp corporation co company cos companies ltd limited llc llp lp plc pty pllc pc lllp
    private pvt pte bhd sdn berhad unlimited ulc
    ag gmbh mbh kg kgaa ohg ug gbr ev eg se sarl sagl gesmbh aktiengesellschaft gesellschaft
    nv bv vof cv bvba cvba naamloze vennootschap besloten
    sa sas sasu scs snc sca eurl spa srl srls sapa sl slu sau cia ltda lda sgps eireli sapi rl
    ab aps oy oyj asa aktiebolag aktieselskab osakeyhtio as ou uab sia ehf hf
    sro doo dd kft zrt nyrt rt bt sp zoo spolka akciova spolecnost ood eood jsc pjsc ojsc cjsc
    ooo oao zao pao tov sti ae epe
    kk kabushiki kaisha yk yugen gk goshi
"""
#: Legal forms, as they stand at the end of a name once points and spaces inside them are gone.
LEGAL_FORMS = frozenset(_FORMS.split())
#: Forms that Chinese, Japanese and Korean names carry at either end without a space.
_UNSPACED_FORMS = "株式会社|有限会社|合同会社|股份有限公司|有限公司|주식회사|유한회사"
_UNSPACED = re.compile(rf"^(?:{_UNSPACED_FORMS})\s*(?=\S)|(?<=\S)\s*(?:{_UNSPACED_FORMS})$")
#: Words that stand in front of a name and tell nothing.
_LEADING = frozenset({"the", "pt", "ooo", "oao", "zao", "pao", "tov", "jsc", "pjsc", "ojsc", "cjsc"})
_CONNECTIVES = frozenset({"and", "und", "et"})
#: Latin letters that have no decomposition into a base letter and a mark.
_PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
#: "O'Reilly", "L'Oréal" and "Macy's" are one word each; "Philips'Gloeilampen" are two.
_IN_WORD = re.compile(r"(?<=\b\w)['’`´](?=\w)|(?<=\w)['’`´](?=\w\b)")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NOT_WORD = re.compile(r"[\W_]+")
#: Points over and under Hebrew and Arabic letters, which most leave out.
_POINTS = re.compile("[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]+")
_NOT_LATIN = re.compile("[^a-z0-9 ]+")
_HOST_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
#: `.example` is reserved for made-up companies (RFC 2606), those of the demo among them.
_extract = tldextract.TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True, extra_suffixes=("example",)
)


def normalised_name(name: str) -> str:
    """The match key of a company's name: `"The Bücher & Söhne GmbH"` -> `"bucher sohne"`.

    Case, accents, punctuation, connectives ("and", "und", "et") and legal forms do not count. A name made
    of nothing else keeps its words ("Limited Company" is not ""); only a name without a single letter
    or digit gives "". At most 200 characters.
    """
    bare = _UNSPACED.sub("", _folded(_INVISIBLE.sub("", name).strip()))
    words = _words(_IN_WORD.sub("", bare))
    kept = _joined_initials([word for word in words if word not in _CONNECTIVES])
    return " ".join(_without_legal_form(kept) or kept or words)[:200].rstrip()


def registrable_domain(address: str) -> str:
    """The domain somebody registered, out of a web address, host name or e-mail address, in ASCII.

    `"https://shop.example.co.uk/a"`, `"sales@example.co.uk"` -> `"example.co.uk"`; `"münchen.de"` ->
    `"xn--mnchen-3ya.de"`. "" for what has none: an IP address, a bare suffix, a word.
    """
    parts = _parts(address)
    # "www" below a site builder's suffix is the builder's own front page and nobody's domain.
    if parts.is_private and parts.domain == "www":
        return ""
    return _proper(parts.top_domain_under_public_suffix)


def host_of(address: str) -> str:
    """The whole host of the address, in ASCII: `"https://Sites.example.com/a"` -> `"sites.example.com"`."""
    return _proper(_parts(address).fqdn)


def host_as_typed(address: str) -> str:
    """The host of a web or e-mail address as it was written, without "www."; anything else as it is.

    `"https://www.Münchner-Werke.de/kontakt"` -> `"Münchner-Werke.de"`.
    """
    if not re.search(r"[/:@?#]", address):
        return address
    return _parts(address).fqdn.removeprefix("www.") or address


def registrant(address: str) -> str:
    """What stands before the public suffix: `"shop.example.co.uk"` -> `"example"`."""
    return _proper(_parts(address).domain)


def _parts(address: str) -> tldextract.tldextract.ExtractResult:
    return _extract(_INVISIBLE.sub("", address).strip())


def _proper(host: str) -> str:
    """The host in ASCII; "" with an underscore or the like in it."""
    ascii_host = ascii_domain(host)
    return ascii_host if all(_HOST_LABEL.match(label) for label in ascii_host.split(".")) else ""


def _words(text: str) -> list[str]:
    """Letters, digits and, in the scripts that write vowels so, the marks on them."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text).split()
    return "".join(
        sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " "
        for sign in _POINTS.sub("", text)
    ).split()


@lru_cache(maxsize=65536)
def in_latin(text: str) -> str:
    """The text in small Latin letters and digits, other scripts transliterated: "газпром" -> "gazprom"."""
    return text if text.isascii() else _NOT_LATIN.sub("", anyascii(text).lower())


@lru_cache(maxsize=65536)
def _folded(name: str) -> str:
    """Lower case without Latin accents. Marks of other scripts are letters there and stay."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFKC", _LATIN_MARKS.sub("", decomposed)).translate(_PLAIN_LETTERS)


def _joined_initials(words: list[str]) -> list[str]:
    """ "S.p.A.", "S p A" and "SpA" are one word; so are the initials of "J. P. Morgan"."""
    joined: list[str] = []
    for are_initials, run in groupby(words, key=lambda word: len(word) == 1):
        together = list(run)
        joined += _without_glued_form("".join(together)) if are_initials else together
    return joined


def _without_glued_form(initials: str) -> list[str]:
    """ "K. L. M. N. V." is KLM, an N.V."""
    for length in (4, 3, 2):
        name, form = initials[:-length], initials[-length:]
        if len(name) > 1 and form in LEGAL_FORMS:
            return [name, form]
    return [initials]


def _without_legal_form(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while last > first and words[last - 1] in LEGAL_FORMS:
        last -= 1
    while first < last - 1 and words[first] in _LEADING:
        first += 1
    return words[first:last]
