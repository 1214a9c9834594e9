"""How shared credit is told. Pure functions over rows already read."""

from typing import Final

from deals.deal.presenters import LOOKS as DEAL_LOOKS
from deals.shared_credit.models import CoSell, CoSellStage, CreditLine
from portal.ui.formatting import format_percent
from portal.ui.widgets import Look

LOOKS: Final[dict[str, Look]] = {
    CoSellStage.PROPOSED: ("neutral", "Proposed", "hourglass"),
    CoSellStage.OFFERED: ("neutral", "Asked", "send"),
    CoSellStage.AGREED: ("ok", "Shared", "heart-handshake"),
    CoSellStage.DECLINED: ("bad", "Declined", "ban"),
    CoSellStage.WITHDRAWN: ("neutral", "Taken back", "arrow-back"),
    CoSellStage.LAPSED: ("neutral", "Lapsed", "clock-off"),
    CoSellStage.ENDED: ("neutral", "Ended", "link-off"),
}


def share_text(points: int) -> str:
    """30% and 12.5%: no decimals that say nothing."""
    return format_percent(points / 10_000, 0 if points % 100 == 0 else 2)


def current(rows: list[CoSell]) -> CoSell | None:
    """The one in force; `rows` are all of a deal."""
    return next((row for row in rows if row.stage == CoSellStage.AGREED), None)


def undecided(rows: list[CoSell]) -> CoSell | None:
    return next((row for row in rows if row.is_undecided), None)


def finding(rows: list[CoSell]) -> str:
    """What the page's heading and the deal's page say."""
    here, asked = current(rows), undecided(rows)
    if here:
        return f"shared with {here.named}, {share_text(here.share)}"
    if asked and asked.stage == CoSellStage.OFFERED:
        return f"{asked.named} is asked to share it"
    if asked:
        return f"sharing it with {asked.named} is proposed"
    return "all credit is with one partner"


def share_look(line: CreditLine) -> Look:
    """Of a part of another partner's deal."""
    if line.is_offer:
        return "watch", "Waits for your answer", "hourglass"
    if line.ended_at:
        return "neutral", "Ended", "link-off"
    return DEAL_LOOKS.get(line.status, ("neutral", line.get_status_display()))


def shares_headline(lines: list[CreditLine]) -> str:
    offers = sum(line.is_offer for line in lines)
    if offers:
        return f"{offers} shared deal{'s wait' if offers > 1 else ' waits'} for an answer"
    running = sum(line.ended_at is None for line in lines)
    if not running:
        return "No deal is shared at the moment"
    return f"{running} deal{'s are' if running > 1 else ' is'} shared by another partner"
