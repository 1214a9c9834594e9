"""The e-mails of proofs of sale."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    proof_missing=Email(
        subject="One thing is missing: proof of sale for {{ customer }}",
        heading="{{ customer }} is won: now its proof of sale",
        preview="Won for {{ amount }}, not counted yet",
        text=(
            (
                "{{ customer }} ({{ reference }}) is won for {{ amount }}. A win of this size counts "
                "once its proof of sale is accepted: an invoice, a purchase order or serial numbers."
            ),
        ),
        action="Hand it in",
    ),
)
