"""What cities are called in other languages, as normalised: `"wien"` -> `"vienna"`.

Capitals and other seats of a time zone come from CLDR, in many languages; the rest is listed here, where
English and the local name differ and companies carry the city in their names.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from babel import Locale

from deals.customers.match_keys import in_latin, normalised_name

_LANGUAGES: Final = (
    "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "nb", "nl", "pl",
    "pt", "ro", "ru", "sk", "sl", "sq", "sv", "tr", "uk",
)  # fmt: skip
#: English name: other names.
_OTHERS = """
    aachen: aix la chapelle, aken
    antwerp: antwerpen, anvers, amberes
    barcelona: barcelone
    basel: bale, basilea, basle
    bern: berne, berna
    beijing: peking, pekin, pechino
    bologna: bolonia
    bordeaux: burdeos
    bratislava: pressburg, pozsony
    bruges: brugge, brujas
    brno: brunn
    cairo: kairo, le caire, el cairo
    cologne: koln, colonia, keulen, kolin
    cracow: krakow, krakau, cracovie, cracovia, krakov
    damascus: damaskus, damas
    dresden: dresde, dresda, drazdany
    dunkirk: dunkerque
    florence: firenze, florenz, florencia
    frankfurt: francfort, francoforte
    freiburg: fribourg
    geneva: geneve, genf, ginevra, ginebra
    genoa: genova, genua, genes
    ghent: gent, gand
    gdansk: danzig
    gothenburg: goteborg
    graz: stajerski gradec
    hague: den haag, s gravenhage, la haye, gravenhage
    hamburg: hambourg, hamburgo, amburgo
    hanover: hannover, hanovre
    innsbruck: innsbruk
    jerusalem: yerushalayim, al quds
    klagenfurt: celovec
    krems: kremza
    leipzig: lipsko, lipsk
    liege: luttich, luik, lieja
    lille: rijsel, ryssel
    linz: linec
    lisbon: lisboa, lissabon, lisbonne, lisbona
    lodz: lodsch
    london: londres, londra, londen, londyn
    lucerne: luzern, lucerna
    lviv: lvov, lemberg, lwow
    lyon: lyons, lione
    mainz: mayence, maguncia, magonza
    malmo: malmoe
    maribor: marburg an der drau
    marseille: marseilles, marsella, marsiglia
    mexico city: ciudad de mexico, mexiko stadt, mexico df
    milan: milano, mailand, mediolan
    moscow: moskva, moskau, moscou, mosca, moskou
    munich: munchen, monaco di baviera, mnichov, monachium
    naples: napoli, neapel, napoles
    nice: nizza, niza
    nuremberg: nurnberg, norimberga, norymberga, norimberk
    oporto: porto
    ostrava: ostrau
    padua: padova
    pilsen: plzen
    poznan: posen
    prague: praha, prag, praga
    regensburg: ratisbon, ratisbonne, ratisbona
    rome: roma, rom
    salzburg: salcburk, salisburgo
    st petersburg: st peterburg, leningrad
    zaragoza: saragossa
    seville: sevilla, siviglia
    shanghai: changhai, schanghai
    strasbourg: strassburg, estrasburgo, strasburgo
    stuttgart: stoccarda
    szczecin: stettin
    thessaloniki: saloniki, salonica, salonicco
    trento: trient
    trieste: triest, trst
    trier: treves, treviri
    turin: torino
    tokyo: tokio
    venice: venezia, venedig, venise, venecia, benatky
    vienna: wien, vienne, viena, viden, becs, dunaj, bec, wieden, wenen
    warsaw: warszawa, warschau, varsovie, varsavia, varsovia
    wroclaw: breslau
    zagreb: agram
    zurich: zuerich, zurigo
"""


#: Beside those of Europe.
_ZONES: Final = tuple(
    f"{part}/{city}"
    for part, cities_there in (
        ("Africa", "Algiers Cairo Johannesburg Tripoli Tunis"),
        ("America", "Bogota Havana Lima Montevideo New_York Panama"),
        ("Asia", "Baghdad Bangkok Beirut Damascus Dubai Hong_Kong Jakarta Jerusalem Calcutta Manila"),
        ("Asia", "Seoul Shanghai Singapore Taipei Tbilisi Tehran Tokyo Yerevan"),
    )
    for city in cities_there.split()
)


@lru_cache(maxsize=1)
def cities() -> dict[str, str]:
    """{other name: English name}, both as normalised and in Latin letters; some are of several words."""
    names = {other: english for other, english in _from_cldr() if other != english}
    for line in filter(None, map(str.strip, _OTHERS.splitlines())):
        english, _, others = line.partition(": ")
        names |= dict.fromkeys(others.split(", "), english)
    return {other: english for other, english in names.items() if english not in names}


def _from_cldr() -> Iterator[tuple[str, str]]:
    english = {key: _city(Locale("en"), key) for key in Locale("de").time_zones if _counts(key)}
    for language in _LANGUAGES:
        for key, name in english.items():
            other = _city(Locale(language), key)
            if len(other) > 2 and " " not in other:
                yield other, name


def _counts(zone: Any) -> bool:
    return str(zone).startswith("Europe/") or zone in _ZONES


def _city(locale: Locale, zone: Any) -> str:
    named = locale.time_zones.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
    return normalised_name(in_latin(normalised_name(named)))
