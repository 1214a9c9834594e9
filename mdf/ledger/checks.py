"""Every night all entries are summed again and compared with the balances; the result is kept and shown."""

from typing import Final

from django.db import connection, transaction

from mdf.funds.models import Fund
from mdf.ledger.models import Account, LedgerCheck
from portal.tenancy.models import Vendor

_KEPT = ", ".join(f"('{account.value}', balance.{account.value})" for account in Account)

# One statement, so that entries and balances are those of one moment.
_SQL: Final = f"""
with summed as (
    select coalesce(partner_id, 0) as partner, account, sum(amount) as total
    from mdf_entry where vendor_id = %(vendor)s and fund_id = %(fund)s
    group by 1, 2
),
kept as (
    select coalesce(balance.partner_id, 0) as partner, one.account, one.amount as total
    from mdf_balance balance
    cross join lateral (values {_KEPT}) one (account, amount)
    where balance.vendor_id = %(vendor)s and balance.fund_id = %(fund)s
)
select
    (select count(*) from mdf_posting where vendor_id = %(vendor)s and fund_id = %(fund)s),
    coalesce(sum(abs(coalesce(summed.total, 0) - coalesce(kept.total, 0))), 0)
from summed full join kept on summed.partner = kept.partner and summed.account = kept.account
"""  # noqa: S608  # names of our own columns


def ledger_check(*, vendor: Vendor) -> int:
    """Check every fund ever posted to; returns how many differ. Under the vendor's system scope."""
    differing = 0
    for fund in Fund.objects.filter(balances__isnull=False).distinct().order_by("pk"):
        differing += bool(fund_check(fund=fund).difference)
    return differing


@transaction.atomic
def fund_check(*, fund: Fund) -> LedgerCheck:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"vendor": fund.vendor_id, "fund": fund.pk})
        postings, difference = cursor.fetchone()
    kept: LedgerCheck = LedgerCheck.objects.create(fund=fund, postings=postings, difference=difference)
    return kept
