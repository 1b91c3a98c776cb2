"""Predicates: which documents may be found. Values, their text and Python forms, columns and masks."""

from rocchio.filters.expression import FieldExpression, field
from rocchio.filters.parse import parse
from rocchio.filters.predicate import Predicate, as_predicate
from rocchio.filters.typed import typed

__all__ = ["FieldExpression", "Predicate", "as_predicate", "field", "parse", "typed"]
