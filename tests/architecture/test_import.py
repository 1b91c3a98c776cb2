"""`import rocchio` is cheap: names are loaded when first used."""

from __future__ import annotations

import subprocess
import sys

import rocchio


def modules_after(code: str) -> set[str]:
    """Modules that a fresh interpreter has loaded after running `code`."""
    show = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    new = modules_after("import rocchio") - modules_after("")
    heavy = {"numpy", "pyarrow", "Stemmer", "typer", "rich", "ir_measures", "rocchio._native", "rocchio.engine"}
    assert "rocchio" in new
    assert not new & heavy


def test_frameworks_are_never_loaded_by_the_engine():
    frameworks = {"langchain_core", "haystack", "llama_index", "pyterrier", "pandas", "sklearn"}
    assert not frameworks & modules_after("import rocchio; [getattr(rocchio, name) for name in rocchio.__all__]")


def test_errors_can_be_caught_without_loading_the_engine():
    assert "numpy" not in modules_after("from rocchio.errors import RocchioError")


def test_the_parser_of_filters_waits_for_the_first_text():
    assert "lark" not in modules_after("import rocchio; rocchio.Collection; rocchio.field('year') > 1")
    assert "lark" in modules_after("from rocchio.filters import parse; parse('year > 1')")


def test_every_public_name_loads():
    for name in rocchio.__all__:
        assert getattr(rocchio, name) is not None
    assert set(rocchio.__all__) == set(dir(rocchio))
