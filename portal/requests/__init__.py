"""What somebody asks and a role decides against a clock: one model, one life, one queue for all kinds."""
