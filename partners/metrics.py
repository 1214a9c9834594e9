"""What a partner is measured by follows its tier, and beside whom its tier and region."""

from portal.metrics.declarations import regroups

regroups("partners.joined", "partners.tier_changed", "partners.changed")
