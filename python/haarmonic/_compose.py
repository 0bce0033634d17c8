"""Layers as data, and the network file that they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

PLANE_GROUPS = ("C1", "C2", "C4", "D1", "D2", "D4")


@dataclass(frozen=True)
class Part:
    """A layer: its kind, and the keys of its table in a network file."""

    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    branches: tuple[tuple[Part, ...], ...] = ()


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts one after the other; `FanOut(2), parallel(a, b), FanInSum()` become one residual block."""
    done: list[Part] = []
    for part in parts:
        if part.kind == "identity":
            continue
        if part.kind == "fan-in-sum":
            if [p.kind for p in done[-2:]] != ["fan-out", "parallel"]:
                raise NotImplementedError(
                    "FanInSum: expected FanOut(2), parallel(branch, shortcut), FanInSum() side by side in one serial"
                )
            parallel = done.pop()
            done.pop()
            done.append(residual(parallel.branches))
        else:
            done.append(part)
    return tuple(done)


def residual(branches: Sequence[tuple[Part, ...]]) -> Part:
    """The sum of two branches, of which one may be empty: the unchanged features."""
    branch, shortcut = branches
    if not branch:
        branch, shortcut = shortcut, branch
    if not branch:
        raise NotImplementedError("residual: found two branches without layers, expected one branch with layers")
    return Part("residual", branches=(branch, shortcut))


def flattens_input(parts: Sequence[Part], shape: Sequence[int]) -> bool:
    """Whether the network is a perceptron on images that it flattens."""
    return bool(parts) and parts[0].kind == "flatten" and len(shape) > 1


def network_text(parts: Sequence[Part], shape: Sequence[int]) -> str:
    """The text of the network file of these layers on inputs of a shape without batch axis."""
    for name, hint in (("fan-out", "FanOut"), ("parallel", "parallel")):
        if any(part.kind == name for part in parts):
            raise NotImplementedError(
                f"{hint}: expected FanOut(2), parallel(branch, shortcut), FanInSum() side by side in one serial"
            )
    parts = list(parts)
    outputs = parts.pop() if parts and parts[-1].kind == "outputs" else None
    if flattens_input(parts, shape):
        parts, shape = parts[1:], (math.prod(shape),)
    if not parts:
        raise ValueError("network: found no layer with weights, expected at least one")
    parts[0] = _first(parts[0], shape)
    group = parts[0].keys.get("group")
    lines = _table("[input]", _input(parts[0], shape))
    if outputs is not None:
        lines += _table("[outputs]", outputs.keys)
    for part in parts:
        lines += _layer("layers", part, group)
    return "\n".join(lines) + "\n"


def _first(part: Part, shape: Sequence[int]) -> Part:
    """The first layer on images as a lifting."""
    if part.kind == "conv":
        return Part("lifting", {"group": "C1", **part.keys})
    if part.kind == "dense" and len(shape) == 3:
        return Part("lifting", {"group": "C1", "filter": [1, 1], **part.keys})
    return part


def _input(first: Part, shape: Sequence[int]) -> dict[str, Any]:
    """The table of the input space."""

    def expect(axes: int, form: str) -> None:
        if len(shape) != axes:
            found = ["n", *shape]
            raise ValueError(f"x1: expected shape {form}, found [{', '.join(map(str, found))}]")

    if first.kind != "lifting":
        expect(1, "[n, dimension]")
        return {"space": "vector", "dimension": shape[0]}
    if first.keys["group"] != "SO3":
        expect(3, "[n, height, width, channels]")
        return {"space": "plane", "height": shape[0], "width": shape[1], "channels": shape[2]}
    sampling = first.keys["sampling"]
    if sampling == "coefficients":
        expect(3, "[n, channels, L, 2 L - 1]")
        return {"space": "sphere", "bandlimit": shape[1], "sampling": sampling, "channels": shape[0]}
    expect(3, "[n, θ, φ, channels]")
    return {"space": "sphere", "bandlimit": (shape[1] + 1) // 2, "sampling": sampling, "channels": shape[2]}


def _layer(name: str, part: Part, group: str | None) -> list[str]:
    """The lines of a layer and of its branches."""
    if part.kind == "conv":
        if group != "C1":
            raise ValueError(
                "Conv: expected a network that begins with Conv; use GroupConv after Lifting, and Flatten or GlobalAvgPool "
                "before Dense"
            )
        part = replace(part, kind="group-convolution")
    keys = {key: value for key, value in part.keys.items() if key != "sampling"}
    lines = _table(f"[[{name}]]", {"kind": part.kind, **keys})
    for branch, parts in zip(("branch", "shortcut"), part.branches, strict=False):
        for inner in parts:
            lines += _layer(f"{name}.{branch}", inner, group)
    return lines


def _table(header: str, keys: dict[str, Any]) -> list[str]:
    return [header, *(f"{key} = {_value(value)}" for key, value in keys.items() if value is not None), ""]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
