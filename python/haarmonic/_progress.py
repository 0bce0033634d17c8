"""Progress bars."""

from __future__ import annotations

import sys
import time
from typing import Any

_SHOWN_AFTER = 1.0
"""Work that is done sooner, in seconds, shows no bar."""


class Bar:
    """A bar on the standard error output: that of tqdm where it is installed, otherwise one line of text."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Show how many pairs are done, of how many."""
        if self._bar is None:
            if time.monotonic() - self._begin < _SHOWN_AFTER or done == total:
                return
            self._bar = _make(total)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()


def _make(total: int) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Line(total)
    return tqdm(total=total, unit="pair", unit_scale=True)


class _Line:
    """What `Bar` uses of a bar of tqdm."""

    def __init__(self, total: int) -> None:
        self.n = 0
        self._total = total

    def update(self, pairs: int) -> None:
        self.n += pairs
        print(f"\r{100 * self.n // self._total} % of {self._total} pairs", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(file=sys.stderr)
