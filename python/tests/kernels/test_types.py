"""The types of the package, and of the examples that use it, are complete."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).parents[2]
EXAMPLES = ["images_c4_against_cnn.py", "molecules.py"]


@pytest.mark.parametrize("what", [["-p", "haarmonic"], *[[f"examples/{name}"] for name in EXAMPLES]], ids=" ".join)
def test_mypy_accepts(what: list[str]) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml", *what]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
