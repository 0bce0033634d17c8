"""Tuples of the results that were asked for, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Chosen(tuple[Any, ...]):
    """Fields of a result, in the order in which they were asked for: a named tuple, as in neural-tangents.

    The other fields of the result, such as error estimates, are attributes too.

    Examples
    --------
    >>> from haarmonic import KernelMatrices
    >>> chosen = Chosen(("ntk", "nngp"), KernelMatrices([[1.0]], [[2.0]], 1e-7, 1e-6))
    >>> ntk, nngp = chosen
    >>> ntk, chosen.nngp_error
    ([[2.0]], 1e-07)
    """

    _fields: tuple[str, ...]
    _source: Any

    def __new__(cls, fields: Sequence[str], source: Any) -> Chosen:
        """Take the fields of a result."""
        made = super().__new__(cls, (getattr(source, name) for name in fields))
        made._fields = tuple(fields)
        made._source = source
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._source, name)

    def _asdict(self) -> dict[str, Any]:
        """The fields by their names."""
        return dict(zip(self._fields, self, strict=True))

    def __reduce__(self) -> tuple[type[Chosen], tuple[tuple[str, ...], Any]]:
        return Chosen, (self._fields, self._source)

    def __repr__(self) -> str:
        return f"Chosen({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"


def names(get: str | Sequence[str] | None, known: Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
    """The names that `get` asks for, checked."""
    if get is None:
        return tuple(default)
    wanted = (get,) if isinstance(get, str) else tuple(get)
    for name in wanted:
        if name not in known:
            raise ValueError(f"get: found {name!r}, expected one of {', '.join(known)}")
    if not wanted:
        raise ValueError("get: found no name, expected at least one")
    return wanted
