"""Vector fields: how originals are written, opened and searched, with or without an index."""
