"""What people are told: in the portal, by e-mail, in a digest."""
