"""Line charts as SVG: no script, and colours by class, so that a page's own style makes them light or dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 42
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction.

    Attributes:
        title: What it shows, with the unit.
        high: Where it ends; it begins at 0.
        ticks: Values and how they are written.
    """

    title: str
    high: float
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or bars that stand on the axis.

    Attributes:
        name: For the legend.
        style: The class that colours it.
        points: In the values of the axes.
        bar: The width of a bar, or None for a line.
    """

    name: str
    style: str
    points: Sequence[Point]
    bar: float | None = None


def linear(title: str, highest: float) -> Axis:
    """Return an axis of round numbers that reaches ``highest``."""
    step = _round_step(highest / 5) if highest > 0 else 0.2
    count = max(1, math.ceil(highest / step - 1e-9))
    return Axis(title, step * count, [(step * n, f"{step * n:.10g}") for n in range(count + 1)])


def chart(label: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """Return the SVG; ``label`` says what it is to those who cannot see it."""
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">',
        *_grid(x, y),
        *(_drawn(line, x, y) for line in lines if line.points),
        "</svg>",
    ]
    return "\n".join([_legend(lines), *parts])


def _round_step(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``least``."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def _x(value: float, axis: Axis) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(value, axis.high) / axis.high


def _y(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, axis.high) / axis.high


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value, text in y.ticks:
        at = _y(value, y)
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>'
    for value, text in x.ticks:
        at = _x(value, x)
        yield f'<path class="grid" d="M{at:.1f} {TOP}V{bottom}"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{escape(text)}</text>'
    middle = (LEFT + right) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle" class="title">{escape(x.title)}</text>'
    yield f'<text transform="translate(14 {(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle" class="title">'
    yield f"{escape(y.title)}</text>"


def _drawn(line: Line, x: Axis, y: Axis) -> str:
    if line.bar is None:
        path = "L".join(f"{_x(a, x):.1f} {_y(b, y):.1f}" for a, b in line.points)
        # A single point is drawn as well: a line of no length, with round ends.
        return f'<path class="line {line.style}" d="M{path}{"h0" if len(line.points) == 1 else ""}"/>'
    width = max(1.0, (_x(line.bar, x) - LEFT) * 0.9)
    base = _y(0, y)
    bars = (f"M{_x(a, x):.1f} {base:.1f}V{_y(b, y):.1f}h{width:.1f}V{base:.1f}z" for a, b in line.points)
    return f'<path class="bar {line.style}" d="{"".join(bars)}"/>'


def _legend(lines: Sequence[Line]) -> str:
    shown = "".join(f'<li class="{line.style}">{escape(line.name)}</li>' for line in lines if line.points)
    return f'<ul class="legend">{shown}</ul>'
