"""Copies of a model in disguise, for `descent.py`: rounded, noisy, permuted, negated, rotated, slimmed.

The tests of them stand in `descent.py`. Leaves out trained models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from detectors.descent_units import Mlp
from detectors.types import Float32

Change = Callable[[list[Mlp], Float32, np.random.Generator], tuple[list[Mlp], Float32]]


def changes() -> Iterator[tuple[str, Change]]:
    """The copies, by name."""

    def each(change: Callable[[Float32], Float32]) -> Change:
        return lambda net, table, _: (
            [Mlp(change(x.up), change(x.gate)) for x in net if x.gate is not None],
            table,
        )

    def noise(size: float) -> Change:
        def add(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
            def to(w: Float32) -> Float32:
                return w + np.float32(size * w.std()) * draw.standard_normal(w.shape, dtype=np.float32)

            return [Mlp(to(x.up), to(x.gate)) for x in net if x.gate is not None], to(table)

        return add

    def bits(count: int) -> Callable[[Float32], Float32]:
        top = 2 ** (count - 1) - 1

        def rounded(w: Float32) -> Float32:
            scale = np.abs(w).max(axis=1, keepdims=True) / top
            return np.rint(w / scale) * scale

        return rounded

    def permuted(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
        orders = [draw.permutation(len(x.up)) for x in net]
        return [
            Mlp(x.up[o], x.gate[o]) for x, o in zip(net, orders, strict=True) if x.gate is not None
        ], table

    def merged(net: list[Mlp], table: Float32, _: np.random.Generator) -> tuple[list[Mlp], Float32]:
        pairs = zip(net, net[1:] + net[:1], strict=True)  # another layer of the model is the stranger
        return [
            Mlp(x.up + y.up, x.gate + y.gate) for x, y in pairs if x.gate is not None and y.gate is not None
        ], table

    def negated(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
        return [Mlp(x.up * draw.choice(np.float32([-1, 1]), (len(x.up), 1)), x.gate) for x in net], table

    def rotated(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
        turn = np.linalg.qr(draw.normal(size=(table.shape[1],) * 2))[0].astype(np.float32)
        return [Mlp(x.up @ turn, x.gate @ turn) for x in net if x.gate is not None], table @ turn

    def slimmed(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
        units, width = (np.sort(draw.permutation(n)[: n // 2]) for n in net[0].up.shape)
        cut = np.ix_(units, width)
        return [Mlp(x.up[cut], x.gate[cut]) for x in net if x.gate is not None], table[:, width]

    def together(*steps: Change) -> Change:
        def run(net: list[Mlp], table: Float32, draw: np.random.Generator) -> tuple[list[Mlp], Float32]:
            for step in steps:
                net, table = step(net, table, draw)
            return net, table

        return run

    yield "float16", each(lambda w: w.astype(np.float16).astype(np.float32))
    yield "8 bits a row", each(bits(8))
    yield "4 bits a row", each(bits(4))
    for size in (0.1, 1, 3, 5, 8):
        yield f"noise {size} x sd", noise(size)
    yield "averaged with a stranger", merged
    yield "units permuted", permuted
    yield "... and noise 3 x sd", together(noise(3), permuted)
    yield "units permuted and negated", together(permuted, negated)
    yield "... and noise 3 x sd", together(noise(3), permuted, negated)
    yield "basis rotated", rotated
    yield "rotated, permuted", together(rotated, permuted)
    yield "rotated, permuted, negated", together(rotated, permuted, negated)
    yield "half of the units and of the width", slimmed
    yield "... permuted", together(slimmed, permuted)
    yield "layers 1 and 3 dropped", lambda net, table, _: (net[::2], table)
