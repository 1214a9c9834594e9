"""How a proof of sale is told. Pure functions over rows already read."""

from typing import Final

from deals.deal.models import Deal
from deals.proofs.models import Proof
from portal.requests.models import RequestStatus
from portal.ui.formatting import format_date
from portal.ui.widgets import Look

LOOKS: Final[dict[str, Look]] = {
    "": ("watch", "Missing", "alert-triangle"),
    RequestStatus.OPEN: ("neutral", "Handed in", "hourglass"),
    RequestStatus.GRANTED: ("ok", "Accepted", "circle-check"),
    RequestStatus.REFUSED: ("bad", "Refused", "ban"),
    RequestStatus.WITHDRAWN: ("neutral", "Taken back", "arrow-back"),
    RequestStatus.LAPSED: ("neutral", "Lapsed", "clock-off"),
}


def finding(deal: Deal, latest: Proof | None) -> str:
    """What the page's heading and the deal's page say."""
    if not deal.proof_needed:
        return "no proof of sale is needed"
    if deal.proof_accepted_at:
        return f"the win counts, its proof was accepted on {format_date(deal.proof_accepted_at, 'year')}"
    if latest is None:
        return "the win does not count yet, its proof of sale is missing"
    if latest.is_open:
        return "the win does not count yet, its proof is being looked at"
    return "the win does not count, its proof was refused"


def look(latest: Proof | None) -> Look:
    return LOOKS[latest.status if latest else ""]
