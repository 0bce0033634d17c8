"""Every docstring of the part for the sphere has an example that runs."""

from __future__ import annotations

import doctest
from types import ModuleType
from typing import Any

import pytest

import haarmonic
from haarmonic import coupling, healpix, layouts, vector_fields, wigner

CLASSES = ["BestRotation", "CoefficientRotation", "RotationMatcher", "Sht", "So3"]
FUNCTIONS = [
    "best_rotation",
    "correlate",
    "evaluate",
    "gaussian_beam",
    "point_shells",
    "rotate_coefficients",
    "sph_harm",
    "sph_harm_all",
    "wigner_D",
    "wigner_d",
]


def documented() -> dict[str, Any]:
    """The public functions, classes and methods that take arguments, by name."""
    found: dict[str, Any] = {}

    def add(module: ModuleType, names: list[str]) -> None:
        for name in names:
            found[f"{module.__name__}.{name}"] = getattr(module, name)

    add(haarmonic, CLASSES + FUNCTIONS)
    add(layouts, layouts.__all__)
    add(healpix, [name for name in healpix.__all__ if name != "UNSEEN"])
    for module in (coupling, vector_fields, wigner):
        add(module, module.__all__)
    classes = [getattr(haarmonic, name) for name in CLASSES]
    classes += [one for name in coupling.__all__ if isinstance(one := getattr(coupling, name), type)]
    for one in classes:
        for method in vars(one):
            if not method.startswith("_") and callable(one.__dict__[method]):
                found[f"{one.__module__}.{one.__name__}.{method}"] = getattr(one, method)
    return found


@pytest.mark.parametrize("name", sorted(documented()))
def test_example_runs(name: str) -> None:
    text = documented()[name].__doc__
    assert text, f"{name} has no docstring"
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    pointed_elsewhere = "example is at" in text or name == "haarmonic.RotationMatcher.best_rotation"
    assert examples.examples or pointed_elsewhere, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    runner.run(examples, out=output.append)
    assert runner.failures == 0, "".join(output)
