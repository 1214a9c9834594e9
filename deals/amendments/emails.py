"""The e-mail of changes that needed no approval."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    deal_amended=Email(
        subject="{{ partner }} changed {{ customer }}",
        preview="It did not need an approval.",
        text=("{{ by }} of {{ partner }} changed {{ customer }} ({{ reference }}). It needed no approval.",),
        action="See the change",
    ),
)
