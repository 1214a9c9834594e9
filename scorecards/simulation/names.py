"""Invented companies and people, by country. Every word is made up or common; no company is meant."""

import re
import unicodedata
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Country:
    """How companies and people of one country are called, and how its addresses end."""

    code: str
    top_level: str
    cities: tuple[str, ...]
    openings: tuple[str, ...]  # a company's invented stem is an opening and an ending
    endings: tuple[str, ...]
    trades: tuple[str, ...]  # what a partner does
    sectors: tuple[str, ...]  # what a customer does
    forms: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    long_names: tuple[str, ...] = ()  # with {city}: names that test a layout

    def stem(self, random: Random) -> str:
        return random.choice(self.openings) + random.choice(self.endings)

    def partner_name(self, random: Random) -> str:
        if self.long_names and random.random() < 0.06:
            return random.choice(self.long_names).format(city=random.choice(self.cities))
        return f"{self.stem(random)} {random.choice(self.trades)} {random.choice(self.forms)}"

    def customer_name(self, random: Random) -> str:
        return f"{self.stem(random)} {random.choice(self.sectors)} {random.choice(self.forms)}"

    def person(self, random: Random) -> tuple[str, str]:
        return random.choice(self.given), random.choice(self.family)


_GERMAN_OPENINGS = tuple(
    "Alpen Amsel Birken Brenn Buchen Dorn Eich Erlen Falken Feld Fichten Föhren Gams Greifen Hain Hasel "
    "Hirsch Hoch Immen Karst Kranich Krumm Linden Lerchen Marder Moos Otter Quell Reiher Rot Schilf Silber "
    "Stein Tannen Ulmen Wald Weiden Wiesen Winter Zirben".split()
)
_GERMAN_ENDINGS = tuple(
    "bach berg brunn burg eck feld fels grund hagen hall hof horn kamp klamm lohe mark quell rain ried "
    "see stätten steig tal tor wart wend werk".split()
)
_GERMAN_TRADES = (
    "Automation",
    "Systeme",
    "Robotik",
    "Fördertechnik",
    "Steuerungstechnik",
    "IT-Systemhaus",
    "Industrietechnik",
    "Anlagenbau",
    "Montagetechnik",
    "Software",
    "Elektrotechnik",
    "Prozesstechnik",
)
_GERMAN_SECTORS = (
    "Logistik",
    "Maschinenbau",
    "Lebensmittel",
    "Verpackungen",
    "Kunststofftechnik",
    "Metallwaren",
    "Holzindustrie",
    "Pharma",
    "Getränke",
    "Fahrzeugteile",
    "Papier",
    "Möbelwerke",
    "Medizintechnik",
    "Energie",
    "Versandhandel",
)
_GERMAN_GIVEN = tuple(
    "Anna Lena Clara Johanna Katharina Sophie Magdalena Theresa Eva Birgit Ulrike Sabine Lukas Felix Jakob "
    "Matthias Stefan Andreas Florian Tobias Markus Georg Benedikt Thomas Karl-Heinz Jörg Günther".split()
)
_GERMAN_FAMILY = tuple(
    "Gruber Huber Wagner Pichler Steiner Moser Mayer Hofer Leitner Berger Fuchs Eder Fischer Schmid Winkler "
    "Weber Schwarz Maier Schneider Reiter Lang Baumgartner Brunner Wimmer Egger Lechner Aigner Müllner "
    "Strasser Haas Freudenthaler Großschädl".split()
)
_FRENCH_OPENINGS = tuple(
    "Bel Beau Clair Haute Mont Val Roche Font Grand Vert Bois Pré Aigue Brise Cour Lune Marne Orme Pierre "
    "Rive Sable Tour Vigne Chêne".split()
)
_FRENCH_ENDINGS = tuple(
    "aval azur combe champ croix fort lac mare mont pré rive roc val vert ville voie".split()
)
_FRENCH_TRADES = (
    "Automatismes",
    "Robotique",
    "Intégration",
    "Informatique",
    "Systèmes",
    "Solutions Industrielles",
    "Conseil",
    "Manutention",
    "Technologies",
)
_FRENCH_SECTORS = (
    "Logistique",
    "Agroalimentaire",
    "Emballages",
    "Mécanique",
    "Cosmétiques",
    "Boissons",
    "Aéronautique",
    "Plasturgie",
    "Distribution",
    "Laboratoires",
    "Textiles",
)
_FRENCH_GIVEN = tuple(
    "Camille Chloé Élodie Juliette Margaux Hélène Françoise Amélie Antoine Bastien Étienne Guillaume Hugo "
    "Jérôme Laurent Mathieu Nicolas Sébastien Thibault Jean-Baptiste Marie-Laure".split()
)
_FRENCH_FAMILY = tuple(
    "Moreau Lefèvre Girard Roussel Fontaine Chevalier Mercier Blanchard Garnier Faure Lemoine Perrin Marchand "
    "Dufour Renaud Barbier Delorme Charpentier Vasseur Lachenal Montgolfière".split()
)
_ENGLISH_OPENINGS = tuple(
    "Alder Ash Birch Blue Bram Bright Cedar Clear Cold Copper Elder Fair Fern Flint Glen Gold Gray Green Hart "
    "Hazel High Iron Juniper Lark Maple Mill North Oak Quill Red River Sage Silver Stone Sun Thorn Wren".split()
)
_ENGLISH_ENDINGS = tuple(
    "bank bend bluff bridge brook cliff crest croft dale fall field ford gate grove haven hollow landing ley "
    "mere mont moor point ridge shore spring stead ton vale view water well wick wood".split()
)
_ENGLISH_TRADES = (
    "Systems",
    "Solutions",
    "Technologies",
    "Consulting",
    "Data Partners",
    "Cloud Services",
    "Integration",
    "Digital",
    "Managed Services",
    "Networks",
    "Automation",
    "Software Group",
)
_ENGLISH_SECTORS = (
    "Manufacturing",
    "Logistics",
    "Health",
    "Foods",
    "Insurance",
    "Credit Union",
    "Retail",
    "Energy",
    "Pharmaceuticals",
    "Packaging",
    "Freight",
    "Hospitality",
    "Education Trust",
    "Utilities",
    "Media",
)
_ENGLISH_GIVEN = tuple(
    "Abigail Amber Brooke Carmen Dana Elena Grace Hannah Imani Jasmine Keisha Laura Maya Nora Paige Aaron Ben "
    "Caleb Darius Diego Ethan Isaac Jamal Kevin Liam Marcus Noah Omar Raj Ryan Samuel Tyler Wei".split()
)
_ENGLISH_FAMILY = tuple(
    "Anderson Bennett Brooks Carter Collins Diaz Edwards Foster Garcia Hayes Hughes Jenkins Kim Lopez Mitchell "
    "Morgan Murphy Nguyen Ortiz Parker Patel Reed Rivera Russell Sanders Singh Sullivan Torres Walker Washington".split()
)
_NORDIC_OPENINGS = tuple(
    "Berg Björk Fjäll Gran Hav Is Lind Mid Nord Ros Sjö Sol Sten Strand Tall Vinter Ås".split()
)
_NORDIC_ENDINGS = tuple("backa borg by dal fors gård hamn holm lund mark ström sund vik ås".split())
_SPANISH_OPENINGS = tuple(
    "Agua Alta Bella Campo Clara Costa Fuente Monte Peña Rio Roca Sierra Torre Val Vega".split()
)
_SPANISH_ENDINGS = tuple("alta blanca clara dorada luna mar mora nova rosa seca sol verde viva".split())
_ITALIAN_OPENINGS = tuple(
    "Acqua Alto Bel Borgo Campo Colle Fonte Monte Pietra Ponte Rocca Selva Torre Val".split()
)
_ITALIAN_ENDINGS = tuple(
    "alba bruna chiara d'oro fiorita lunga marina nera nuova rossa salda verde viva".split()
)
_JAPANESE_OPENINGS = tuple(
    "Aki Asa Fuji Haru Hino Hoshi Ishi Kawa Kita Kuro Mizu Mori Naka Nishi Oka Saku Shima Sora Taka Toki "
    "Tsuki Umi Yama Yuki".split()
)
_JAPANESE_ENDINGS = tuple(
    "bashi da gawa hama hara kawa ki machi mine moto mura no saka saki sawa ta to ya zaka zuka".split()
)

COUNTRIES = {
    country.code: country
    for country in (
        Country(
            "AT",
            "at",
            ("Wien", "Graz", "Linz", "Salzburg", "Innsbruck", "Klagenfurt", "Wels", "St. Pölten", "Dornbirn"),
            _GERMAN_OPENINGS,
            _GERMAN_ENDINGS,
            _GERMAN_TRADES,
            _GERMAN_SECTORS,
            ("GmbH", "GmbH", "GmbH & Co KG", "AG"),
            _GERMAN_GIVEN,
            _GERMAN_FAMILY,
            ("Österreichische Gesellschaft für Handhabungs- und Fördertechnik {city} m.b.H.",),
        ),
        Country(
            "DE",
            "de",
            ("Hamburg", "München", "Stuttgart", "Leipzig", "Nürnberg", "Bielefeld", "Mönchengladbach", "Ulm"),
            _GERMAN_OPENINGS,
            _GERMAN_ENDINGS,
            _GERMAN_TRADES,
            _GERMAN_SECTORS,
            ("GmbH", "GmbH", "GmbH & Co. KG", "AG", "KG"),
            _GERMAN_GIVEN,
            _GERMAN_FAMILY,
            (
                "Gesellschaft für Lagerautomatisierung und Materialflusssteuerung {city} mbH & Co. KG",
                "Vereinigte Werkstätten für Steuerungs- und Antriebstechnik {city} GmbH",
            ),
        ),
        Country(
            "CH",
            "ch",
            ("Zürich", "Basel", "Bern", "Winterthur", "St. Gallen", "Luzern"),
            _GERMAN_OPENINGS,
            _GERMAN_ENDINGS,
            _GERMAN_TRADES,
            _GERMAN_SECTORS,
            ("AG", "AG", "GmbH"),
            _GERMAN_GIVEN,
            _GERMAN_FAMILY,
        ),
        Country(
            "FR",
            "fr",
            ("Lyon", "Nantes", "Toulouse", "Lille", "Strasbourg", "Grenoble", "Bordeaux", "Rennes"),
            _FRENCH_OPENINGS,
            _FRENCH_ENDINGS,
            _FRENCH_TRADES,
            _FRENCH_SECTORS,
            ("SAS", "SARL", "SA"),
            _FRENCH_GIVEN,
            _FRENCH_FAMILY,
            (
                "Société Méridionale d'Intégration Robotique et de Services Associés de {city} SAS",
                "Compagnie Générale des Automatismes et Convoyeurs de {city} SA",
            ),
        ),
        Country(
            "BE",
            "be",
            ("Bruxelles", "Liège", "Gent", "Antwerpen", "Namur"),
            _FRENCH_OPENINGS,
            _FRENCH_ENDINGS,
            _FRENCH_TRADES,
            _FRENCH_SECTORS,
            ("SRL", "SA", "BV"),
            _FRENCH_GIVEN,
            _FRENCH_FAMILY,
        ),
        Country(
            "GB",
            "co.uk",
            ("Leeds", "Bristol", "Glasgow", "Sheffield", "Cardiff", "Reading", "Norwich"),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            _ENGLISH_TRADES,
            _ENGLISH_SECTORS,
            ("Ltd", "Ltd", "plc", "LLP"),
            _ENGLISH_GIVEN,
            _ENGLISH_FAMILY,
        ),
        Country(
            "IE",
            "ie",
            ("Dublin", "Cork", "Galway", "Limerick"),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            _ENGLISH_TRADES,
            _ENGLISH_SECTORS,
            ("Ltd", "DAC"),
            _ENGLISH_GIVEN,
            _ENGLISH_FAMILY,
        ),
        Country(
            "SE",
            "se",
            ("Göteborg", "Malmö", "Västerås", "Linköping", "Örebro"),
            _NORDIC_OPENINGS,
            _NORDIC_ENDINGS,
            ("Automation", "System", "Robotik", "Teknik", "Konsult"),
            ("Livsmedel", "Logistik", "Papper", "Verkstad", "Energi", "Möbler"),
            ("AB",),
            tuple(
                "Astrid Ebba Elsa Freja Ingrid Linnéa Maja Axel Björn Erik Gustav Lars Nils Oskar Åke".split()
            ),
            tuple(
                "Andersson Bergström Dahlgren Ekholm Forsberg Hedlund Lindqvist Nyström Sjöberg Åkesson".split()
            ),
        ),
        Country(
            "DK",
            "dk",
            ("Aarhus", "Odense", "København", "Aalborg"),
            _NORDIC_OPENINGS,
            _NORDIC_ENDINGS,
            ("Automation", "Systemer", "Robotteknik", "Teknik"),
            ("Fødevarer", "Logistik", "Medico", "Møbler", "Energi"),
            ("A/S", "ApS"),
            tuple(
                "Anne Camilla Freja Ida Karen Mette Sofie Anders Frederik Henrik Jens Mikkel Søren".split()
            ),
            tuple(
                "Andersen Christensen Hansen Jensen Kjær Larsen Møller Nielsen Østergaard Rasmussen".split()
            ),
        ),
        Country(
            "ES",
            "es",
            ("Valencia", "Zaragoza", "Bilbao", "Sevilla", "Vigo"),
            _SPANISH_OPENINGS,
            _SPANISH_ENDINGS,
            ("Automatización", "Robótica", "Sistemas", "Ingeniería", "Integradores"),
            ("Alimentación", "Logística", "Cerámica", "Envases", "Bodegas"),
            ("S.L.", "S.A."),
            tuple("Alba Carmen Inés Lucía Marta Nuria Álvaro Diego Íñigo Javier Pablo Sergio".split()),
            tuple("Álvarez Castillo Domínguez Gil Herrero Iglesias Muñoz Núñez Ortega Peña Vidal".split()),
        ),
        Country(
            "IT",
            "it",
            ("Torino", "Bologna", "Verona", "Brescia", "Bari"),
            _ITALIAN_OPENINGS,
            _ITALIAN_ENDINGS,
            ("Automazione", "Robotica", "Sistemi", "Impianti", "Informatica"),
            ("Alimentari", "Logistica", "Ceramiche", "Imballaggi", "Meccanica"),
            ("S.r.l.", "S.p.A."),
            tuple(
                "Alessia Chiara Elisa Giulia Martina Paola Andrea Davide Luca Matteo Paolo Stefano".split()
            ),
            tuple("Bianchi Colombo Conti Esposito Ferrari Greco Marino Ricci Romano Villa".split()),
        ),
        Country(
            "US",
            "com",
            ("Austin", "Denver", "Columbus", "Portland", "Raleigh", "Tampa", "Omaha", "Pittsburgh", "Boise"),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            _ENGLISH_TRADES,
            _ENGLISH_SECTORS,
            ("Inc.", "LLC", "LLC", "Corp."),
            _ENGLISH_GIVEN,
            _ENGLISH_FAMILY,
            ("Greater {city} Association of Independent Technology Service Providers, Inc.",),
        ),
        Country(
            "CA",
            "ca",
            ("Toronto", "Calgary", "Ottawa", "Halifax", "Winnipeg"),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            _ENGLISH_TRADES,
            _ENGLISH_SECTORS,
            ("Inc.", "Ltd."),
            _ENGLISH_GIVEN,
            _ENGLISH_FAMILY,
        ),
        Country(
            "MX",
            "com.mx",
            ("Monterrey", "Guadalajara", "Puebla", "Querétaro"),
            _SPANISH_OPENINGS,
            _SPANISH_ENDINGS,
            ("Sistemas", "Soluciones", "Consultores", "Tecnologías", "Redes"),
            ("Alimentos", "Autopartes", "Comercial", "Logística", "Seguros"),
            ("S.A. de C.V.", "S. de R.L."),
            tuple("Daniela Fernanda Mariana Regina Ximena Alejandro Emiliano Jorge Rodrigo Santiago".split()),
            tuple("Cervantes Flores Guzmán Hernández Mendoza Ramírez Rosales Salazar Treviño Zúñiga".split()),
        ),
        Country(
            "JP",
            "co.jp",
            (
                "Tokyo",
                "Yokohama",
                "Osaka",
                "Nagoya",
                "Kobe",
                "Kyoto",
                "Fukuoka",
                "Sapporo",
                "Sendai",
                "Hamamatsu",
            ),
            _JAPANESE_OPENINGS,
            _JAPANESE_ENDINGS,
            ("Keisoku", "Systems", "Denki", "Kogyo", "Shokai", "Technos", "Seimitsu", "Solutions"),
            ("Seiyaku", "Kagaku", "Shokuhin", "Jidosha Buhin", "Denshi", "Butsuryu", "Zairyo", "Iryo"),
            ("K.K.", "K.K.", "Co., Ltd.", "G.K."),
            tuple(
                "Aiko Emi Haruka Keiko Mai Naoko Sakura Yumi Akira Daisuke Hiroshi Kenji Makoto Ryo Takeshi".split()
            ),
            tuple(
                "Abe Fujita Hayashi Inoue Kimura Kobayashi Matsumoto Mori Nakamura Ogawa Sasaki Shimizu Ueda Yamada".split()
            ),
        ),
        Country(
            "SG",
            "com.sg",
            ("Singapore",),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            ("Instruments", "Systems", "Technologies", "Automation"),
            ("Biotech", "Semiconductors", "Marine", "Logistics", "Foods"),
            ("Pte Ltd",),
            tuple("Hui Ling Jia Min Mei Xin Nurul Priya Siti Arjun Jun Wei Kumar Wei Jie Zhi Hao".split()),
            tuple("Chan Goh Lee Lim Ng Nair Ong Rahman Tan Teo Wong".split()),
        ),
        Country(
            "AU",
            "com.au",
            ("Melbourne", "Brisbane", "Perth", "Adelaide", "Newcastle"),
            _ENGLISH_OPENINGS,
            _ENGLISH_ENDINGS,
            ("Instruments", "Systems", "Scientific", "Automation"),
            ("Mining Services", "Foods", "Water", "Energy", "Laboratories"),
            ("Pty Ltd",),
            _ENGLISH_GIVEN,
            _ENGLISH_FAMILY,
        ),
    )
}

_LEGAL_FORMS = {
    word.lower() for country in COUNTRIES.values() for form in country.forms for word in form.split()
}


def ascii_slug(text: str) -> str:
    """ "Großschädl & Söhne" -> "grossschaedl-soehne": what the field does with umlauts in addresses."""
    for letter, spelled in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("æ", "ae")):
        text = text.replace(letter, spelled).replace(letter.upper(), spelled.capitalize())
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def web_name(company: str) -> str:
    """The company's name as it would stand in an address: at most three words, no legal form."""
    words = [word for word in company.split() if word.lower() not in _LEGAL_FORMS]
    return ascii_slug(" ".join(words[:3]))


class Unique:
    """Hands out names once; a name that is taken gets a word, then a number, appended."""

    def __init__(self, taken: set[str] | None = None) -> None:
        self._taken = set(taken or ())

    def take(self, name: str, separator: str = "-") -> str:
        candidate, number = name, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}{separator}{number}"
        self._taken.add(candidate)
        return candidate
