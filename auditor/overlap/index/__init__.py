"""A teacher's corpus kept as signatures and keys, so that a second audit does not hash it again."""
