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
#: One word in several spellings, shortened or in other languages; the first is the one that is compared.
_SAME = """
    st: saint sankt sainte ste sint snt
    sons: son sohn sohne fils hijo hijos figlio figli filho filhos zoon zonen zn sonner soner synove synowie
        syn
    brothers: brother bros gebruder gebrueder gebr gebroeders frere freres fratelli flli hermanos hnos
        irmaos braca braci bracia brodrene broderna
    group: groups grp gruppe groupe grupo gruppo groep grupa gruppa gruppen koncern konzern
    holding: holdings hldg hldgs
    international: intl internatl internationale internacional internazionale mezinarodni internasjonal
    national: natl nationale nacional nazionale
    general: gen
    american: amer
    manufacturing: mfg mfr mfrs manufacture manufacturer manufacturers
    industries: industry ind inds industrie industria industrial industriale industriel industrielle
    engineering: engrg engineers ingenieure ingenieria ingegneria ingenierie
    technology: technologies tech technologie technologien tecnologia tecnologias tecnologie teknologi
        teknoloji
    systems: system systeme systemes sistema sistemas sistemi sistemy sys
    solutions: solution solutns losungen soluciones soluzioni solucoes
    services: service svc svcs servicios servizi servicos dienste dienstleistungen
    products: product prod prods produkte produits productos prodotti
    associates: assoc assocs associate
    association: assn verein
    consulting: consultants consultancy consult beratung conseil
    management: mgmt mgt
    marketing: mktg
    development: dev devel
    construction: constr construcciones costruzioni construcoes
    building: bldg
    distribution: distrib distributor distributors distributing distribuidora distribuzione
    transport: transports transporte trasporti
    laboratories: lab labs laboratory laboratoire laboratoires laboratorio laboratorios laboratorium
    university: univ uni universitat universitaet universite universidad universidade universita universitet
        universiteit uniwersytet univerzita universitesi universitatea yliopisto universitetet
    institute: inst institut instituto istituto instytut institutet
    college: coll
    hospital: hosp hospitals krankenhaus hopital spital ospedale ziekenhuis sygehus sykehus sjukhus szpital
        nemocnice
    centre: center ctr cntr zentrum centro centrum centar
    department: dept
    government: govt
    bank: banque banco banca banka bankasi bankas pankki
    insurance: ins versicherung versicherungen assurance assurances assicurazioni seguros verzekeringen
        forsikring forsakring
    energy: energie energia energija energi
    electric: elec electrical elektro elettrica electrica electrique
    electronics: electronic elektronik electronique electronica elettronica
    chemicals: chemical chem chemie chimie chimica quimica
    pharmaceuticals: pharma pharmaceutical pharm pharmazeutika
    telecommunications: telecommunication telecom telecoms telekom telco telecomunicaciones
    foods: food
    motors: motor
    hotels: hotel
    airlines: airline
    medical: med medizin medico medicale
    works: werk werke
    partners: partner
    machinery: mach maschinen
    equipment: equip equipt
    materials: material matls
    supplies: supply sply
    first: 1st
    second: 2nd
    third: 3rd
"""
#: Words of trade inside Chinese, Japanese and Korean names, which are written without spaces.
_ASIAN_WORDS = """
    group: 集团 集團 グループ 그룹
    holding: 控股 ホールディングス 홀딩스 지주
    company: 公司 会社 회사
    technology: 技术 技術 科技 テクノロジー 테크놀로지
    electronics: 电子 電子 전자 エレクトロニクス
    electric: 电气 電気 電器 电器 전기
    industries: 工业 工業 산업 実業 实业
    heavy: 重工 重工業 중공업
    motors: 汽车 汽車 自動車 자동차
    bank: 银行 銀行 은행
    insurance: 保险 保険 保險 보험
    chemicals: 化学 化學 화학
    steel: 钢铁 製鉄 鋼鉄 제철
    telecommunications: 通信 通讯 電信 电信 통신
    securities: 证券 証券 증권
    pharmaceuticals: 制药 製薬 제약 薬品 药业
    construction: 建设 建設 건설
    university: 大学 大學 대학교 대학
    hospital: 医院 病院 병원
    trading: 贸易 商事 貿易 상사 무역
    manufacturing: 制造 製造 製作所 제조
    international: 国际 國際 国際 국제
    insurance: 生命
    china: 中国 中國 중국
    japan: 日本 일본
    korea: 韩国 韓国 한국
    beijing: 北京
    shanghai: 上海
    shenzhen: 深圳
    tokyo: 東京 东京
    osaka: 大阪
    seoul: 서울
"""
_NUMBERS = """
    0: zero null 1: one eins 2: two zwei deux dos 3: three drei trois tres 4: four vier quatre cuatro
    quattro 5: five funf cinq cinco cinque 6: six sechs seis sei 7: seven sieben sept siete sette 8: eight
    acht huit ocho otto 9: nine neun nueve nove 10: ten zehn dix diez dieci 11: eleven elf 12: twelve zwolf
    13: thirteen 14: fourteen 15: fifteen 16: sixteen 17: seventeen 18: eighteen 19: nineteen 20: twenty 30:
    thirty 40: forty 50: fifty 60: sixty 70: seventy 80: eighty 90: ninety 100: hundred hundert cent
"""
#: Of what a company does: with one of them on one side only, "Siemens" and "Siemens Energy" are two.
_FIELDS = """
    energy power gas mining nuclear solar wind water bank banking insurance finance financial capital
    leasing securities life motors automotive automobile mobility rail aerospace aviation defence defense
    marine shipping cargo airlines air aircraft electric chemicals steel metals metal plastics paper cement
    glass
    textiles foods beverages tobacco pharmaceuticals medical health healthcare healthineers dental hospital
    clinic travel tourism media entertainment film music games gaming publishing
    television broadcasting telecommunications mobile wireless lighting semiconductors semiconductor real
    estate property immobilien construction university college school institute foundation stiftung fashion
    sports toys retail agriculture logistics heavy cars trucks tires tyres
"""


def _groups(text: str) -> dict[str, str]:
    """{word: the one it is written as}"""
    groups: dict[str, str] = {}
    meant = ""
    for word in text.split():
        if word.endswith(":"):
            meant = word[:-1]
        else:
            groups[word] = meant
    return groups


SAME: Final = _groups(_SAME)
ASIAN: Final = {word: f" {meant} " for word, meant in _groups(_ASIAN_WORDS).items()}
#: The same for what is several words: Italian "F.lli".
PHRASES: Final = {"f lli": "brothers"}
NUMBERS: Final = _groups(_NUMBERS)
FIELDS: Final = frozenset(_FIELDS.split())
#: What a company is or does.
TRADE: Final = frozenset({*_TRADE.split(), *SAME.values()} - {"st"} | FIELDS - {"healthineers"})
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
