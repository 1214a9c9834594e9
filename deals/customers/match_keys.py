"""Two match keys of a customer: what its name is without spelling, and which domain it registered.

Pure functions: no database, no network. The list of public suffixes is the one bundled with tldextract,
with the private section on, so that two shops hosted at the same provider are two customers.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

import idna
import tldextract

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
_NOT_WORD = re.compile(r"[\W_]+")
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
    bare = _UNSPACED.sub("", _folded(name.strip()))
    words = _joined_initials(_NOT_WORD.sub(" ", _IN_WORD.sub("", bare)).split())
    kept = [word for word in words if word not in _CONNECTIVES]
    return " ".join(_without_legal_form(kept) or kept or words)[:200].rstrip()


def registrable_domain(address: str) -> str:
    """The domain somebody registered, out of a web address, host name or e-mail address, in ASCII.

    `"https://shop.example.co.uk/a"`, `"sales@example.co.uk"` -> `"example.co.uk"`; `"münchen.de"` ->
    `"xn--mnchen-3ya.de"`. "" for what has none: an IP address, a bare suffix, a word.
    """
    host = _extract(address.strip()).top_domain_under_public_suffix
    try:
        ascii_host = idna.encode(host, uts46=True).decode() if host else ""
    except (idna.IDNAError, UnicodeError):
        ascii_host = host.lower()  # an underscore or the like; judged below
    labels = ascii_host.split(".")
    return ascii_host if all(_HOST_LABEL.match(label) for label in labels) else ""


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
