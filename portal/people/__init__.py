"""People, their memberships and the invitations that bring them in."""
