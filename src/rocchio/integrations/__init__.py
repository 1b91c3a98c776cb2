"""Frameworks that can use a collection: one module each, which needs the framework; `rocchio` never imports them."""
