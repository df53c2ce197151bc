"""One dataclass a room, each field with its unit, default and reason. Values only: reading files is for others."""
