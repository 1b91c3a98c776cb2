"""Steps by name: the package offers those whose names are not taken by packages and field types."""

from __future__ import annotations

import rocchio
from rocchio.pipelines import named
from rocchio.pipelines.parse import STEPS

TAKEN = {"dense", "sparse"}
"""`rocchio.dense` is a package, `rocchio.sparse` a type of field."""


def test_every_step_has_a_function():
    assert set(STEPS) | {"gate"} == set(named.__all__)


def test_the_package_offers_every_step_whose_name_is_free():
    offered = {name for name in named.__all__ if name in rocchio.__all__ and name not in TAKEN}
    assert set(named.__all__) - TAKEN == offered
    for name in sorted(offered):
        assert getattr(rocchio, name) is getattr(named, name)
