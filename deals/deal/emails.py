"""The e-mails of registrations."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    deal_approved=Email(
        subject="Approved: {{ customer }} is yours until {{ until }}",
        heading="{{ customer }} is yours until {{ until }}",
        preview="Protected for {{ days }} days, until {{ until }}.",
        text=(
            (
                "{{ by }} has approved your registration of {{ customer }} ({{ reference }}). It is "
                "protected for {{ days }} days, until {{ until }}."
            ),
        ),
        action="Open {{ reference }}",
    ),
    deal_escalated=Email(
        subject="Overdue: {{ customer }} of {{ partner }} still waits for {{ waits_for }}",
        heading="The decision on {{ customer }} is overdue",
        preview="It was due {{ due }}",
        text=(
            (
                "{{ customer }} ({{ reference }}) of {{ partner }}, {{ amount }}, was due {{ due }} "
                "and is not decided. It waits for {{ waits_for }}."
            ),
            "Nothing is approved by itself. You can decide it in their place.",
        ),
        action="Open {{ reference }}",
    ),
    deal_noted_by_partner=Email(
        subject="{{ by }} wrote about {{ customer }}",
        preview="{{ text|truncatewords:16 }}",
        text=("{{ by }} of {{ partner }} wrote about {{ customer }} ({{ reference }}):",),
        quote="{{ text }}",
        action="Read and answer",
    ),
    deal_noted_by_vendor=Email(
        subject="{{ by }} wrote about {{ customer }}",
        preview="{{ text|truncatewords:16 }}",
        text=("{{ by }} wrote about {{ customer }} ({{ reference }}):",),
        quote="{{ text }}",
        action="Read and answer",
    ),
    deal_rejected=Email(
        subject="Rejected: {{ customer }}",
        heading="{{ customer }} was rejected",
        preview="{{ reason|truncatewords:16 }}",
        text=("{{ by }} has rejected your registration of {{ customer }} ({{ reference }}):",),
        quote="{{ reason }}",
        action="Open {{ reference }}",
    ),
    deal_reminder=Email(
        subject="Due {{ due }}: {{ customer }} of {{ partner }} waits for you",
        heading="{{ customer }} of {{ partner }} waits for you",
        preview="Your decision is due {{ due }}",
        text=(
            (
                "{{ customer }} ({{ reference }}), {{ amount }}, still waits for your decision. It "
                "is due {{ due }}."
            ),
        ),
        action="Decide {{ reference }}",
    ),
    deal_returned=Email(
        subject="A question about {{ customer }}",
        preview="{{ reason|truncatewords:16 }}",
        text=("{{ by }} needs to know more about {{ customer }} ({{ reference }}) before deciding:",),
        quote="{{ reason }}",
        after=("The clock waits for you.",),
        action="Answer and submit again",
    ),
    deal_submitted=Email(
        subject=(
            "{{ partner }} {% if again %}answered: {% else %}registered {% endif %}{{ customer }}, "
            "{{ amount }}"
        ),
        heading="{{ partner }} {% if again %}answered{% else %}registered{% endif %} {{ customer }}",
        preview="{{ amount }}{% if due %}, decision due {{ due }}{% endif %}",
        text=(
            (
                "{{ by }} {% if again %}has answered your question about{% else %}has "
                "registered{% endif %} {{ customer }} ({{ reference }})."
            ),
        ),
        facts=(
            ("Amount", "{{ amount }}"),
            ("Decision due", "{{ due }}"),
        ),
        action="Review {{ reference }}",
    ),
    deal_withdrawn=Email(
        subject="Withdrawn: {{ customer }} of {{ partner }}",
        heading="{{ customer }} was withdrawn",
        preview="{{ partner }} withdrew it{% if reason %}: {{ reason|truncatewords:16 }}{% endif %}",
        text=(
            (
                "{{ by }} of {{ partner }} withdrew {{ customer }} ({{ reference }}, "
                '{{ amount }}).{% if was == "approved" %} Its protection has ended.{% else %} '
                "There is nothing left to decide.{% endif %}"
            ),
        ),
        quote="{{ reason }}",
        action="See the registration",
    ),
    deal_your_turn=Email(
        subject="Your approval: {{ customer }} of {{ partner }}, {{ amount }}",
        heading="{{ customer }} of {{ partner }} needs your approval",
        preview="{{ amount }}, due {{ due }}",
        text=("{{ by }} has approved {{ customer }} ({{ reference }}). Now it needs your approval.",),
        facts=(
            ("Amount", "{{ amount }}"),
            ("Due", "{{ due }}"),
            ("Why you", "Because {{ reason }}"),
        ),
        action="Review {{ reference }}",
    ),
    deal_handed_over=Email(
        subject="Yours now: {{ what }} of {{ customer }}",
        preview="{{ former }} does not look after it any more.",
        text=(
            "{{ former }} does not look after this any more. The {{ what }} of {{ customer }} "
            "({{ reference }}{% if partner %}, {{ partner }}{% endif %}) is with you now.",
        ),
        action="Open {{ reference }}",
    ),
)
