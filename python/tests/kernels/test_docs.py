"""Every example in a docstring, and in the pages for people, runs."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import haarmonic
from haarmonic import _haarmonic, metrics, predict, stax

MODULES = [module.name for module in pkgutil.iter_modules(haarmonic.__path__) if module.name != "_haarmonic"]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    if name == "sklearn":
        pytest.importorskip("sklearn")
    module = importlib.import_module(f"haarmonic.{name}")
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


@pytest.mark.parametrize("module", [stax, predict, metrics], ids=lambda module: module.__name__)
def test_every_function_has_an_example(module: ModuleType) -> None:
    for name in module.__all__:
        documentation = getattr(module, name).__doc__ or ""
        assert ">>> " in documentation or name == "Layer", name


def examples(thing: object, name: str) -> list[doctest.DocTest]:
    """The examples of a function or class of the native module, and of its methods."""
    parts = [(thing, name)]
    if isinstance(thing, type):
        parts += [(getattr(thing, method), f"{name}.{method}") for method in dir(thing) if not method.startswith("_")]
    parser = doctest.DocTestParser()
    return [parser.get_doctest(part.__doc__ or "", {}, title, None, 0) for part, title in parts]


@pytest.mark.parametrize("name", [name for name in dir(_haarmonic) if not name.startswith("_")])
def test_native_docstrings(name: str) -> None:
    thing = getattr(_haarmonic, name)
    assert thing.__doc__, f"{name} has no docstring"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in examples(thing, name):
        runner.run(example)
    assert runner.summarize().failed == 0


ROOT = Path(__file__).parents[3]
PAGES = ["python/README.md", "docs/python.md", "docs/coming-from-healpy.md", "docs/distillation.md"]
OPTIONAL = ["dask", "jax", "joblib", "sklearn", "torch"]


@pytest.mark.parametrize("page", PAGES)
def test_pages(page: str) -> None:
    """The examples of a page run one after the other."""
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        needed = [module for module in OPTIONAL if re.search(rf"(from|import) (haarmonic\.)?{module}", code)]
        if all(importlib.util.find_spec(module) for module in needed):
            exec(compile(code, page, "exec"), names)
