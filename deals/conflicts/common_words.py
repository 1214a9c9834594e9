"""Words that many companies share, in the languages of those who sell to each other, as normalised.

A small list on purpose: what is common in one vendor's own market is counted among its customers (see
`deals.conflicts.candidates`). Spellings near a listed word and compounds that end in one count as listed.
"""

from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

_TRADE = """
    group gruppe groupe grupo gruppo groep holding holdings company companies compagnie corporation enterprise
    enterprises unternehmen firma firm associates partners partner brothers bros sons sohne fils
    international internationale internacional internazionale intl global world worldwide universal general
    national federal united royal koninklijke public first new
    service services solution solutions losungen system systems systeme sistemas technology technologies
    technologie technik tech tecnologia engineering ingenieure industry industries industrie industrial ind
    manufacturing mfg product products produkte production produktion works werk werke plant fabrik fabriek
    fabrica usine maatschappij gesellschaft association verein society societe foundation stiftung
    chemical chemicals chemie electronic electronics electric electrical elektronik elektro software hardware
    data digital computer computing network networks communication communications telecom telekom media
    entertainment film consulting consultants beratung advisory management verwaltung marketing trading trade
    handel handels comercial commerciale vertrieb sales distribution distributors logistics logistik
    transport transports transporte shipping energy energie power oil gas water environmental
    bank banking banque banco insurance versicherung versicherungen assurance assurances finance financial
    capital investment investments invest fund trust leasing property real estate immobilien immobilier
    bau construction construcciones building development research institute institut college school schule
    university universitat universite universidad univ academy hospital hospitals clinic klinik klinikum
    medical health healthcare pharma pharmaceutical pharmaceuticals food foods beverages getranke
    auto automotive automobile motor motors machine machines maschinen maschinenbau tools equipment components
    material materials metal metals metall metallbau steel stahl plastics paper packaging textile textiles
    fashion design security studio studios lab labs laboratory laboratories center centre centro centrum
    zentrum agency agentur airline airlines air hotel hotels restaurant store stores shop shops market markt
    retail supply supplies supplier accessories online outlet
    city stadt stadtwerke gemeinde sparkasse volksbank raiffeisenbank county state department dept ministry
    council authority administration government
    intellectual patent standards laboratoires travaux
    east west north south nord sud ost central pacific
"""
_PLACES = """
    europe european euro europa asia asian africa america americas american emea apac austria osterreich
    germany deutschland deutsche deutscher german france francaise italy italia spain espana espanola
    netherlands nederland nederlandse holland belgium belgique uk britain british england ireland scotland
    switzerland schweiz suisse svizzera sweden sverige norway norge denmark danmark finland suomi poland
    polska czech hungary romania greece turkey turkiye russia china chinese japan nippon korea india
    singapore australia canada canadian mexico mexicana brasil brazil argentina chile usa us nl de at ch
    fr it es be gb ie
"""
_LINKS = """
    of for the de la le les du des der die das den dem del della di da do dos du van von vom zu zum zur im in
    am an at auf by et e y i te und and op
"""
#: What a company is or does.
TRADE: Final = frozenset(_TRADE.split())
#: Where it is.
PLACES: Final = frozenset(_PLACES.split())
#: What only ties the other words together.
LINKS: Final = frozenset(_LINKS.split())
#: How near to a listed word a misspelling of it is, and how long a listed word must be to be misspelt so.
_MISSPELT: Final = 0.85
_LONG: Final = [word for word in sorted(TRADE) if len(word) >= 7]
#: The shortest listed word that may end a compound: "Büromaschinen", "Patentverwaltung".
_TAIL: Final = 7


@lru_cache(maxsize=65536)
def is_trade(word: str) -> bool:
    """Whether the word says what many companies are: listed, near to a listed one, or ending in one."""
    if word in TRADE:
        return True
    if len(word) < _TAIL:
        return False
    if any(word.endswith(listed) for listed in _LONG):
        return True
    near = process.extractOne(word, _LONG, scorer=OSA.normalized_similarity, score_cutoff=_MISSPELT)
    return near is not None
