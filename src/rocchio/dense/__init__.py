"""Vector fields: how originals are written, opened and searched."""
