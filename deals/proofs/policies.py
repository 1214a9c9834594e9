"""When a win needs a proof, and what makes two serial numbers the same. Pure."""

import re
import unicodedata

from deals.special_prices.models import BigDealTerms


def needs_proof(terms: BigDealTerms, won_amount_vendor: int) -> bool:
    return terms.proof_from is not None and won_amount_vendor >= terms.proof_from


def serial_key(text: str) -> str:
    """What two spellings of one serial number have in common: "ab-12 34" and "AB1234"."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper()
