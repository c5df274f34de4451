"""Machine operations numba does not offer, a line of LLVM each: unaligned loads, masks of bytes, bit counts.

For the CPU kernels. Nothing is checked: `at` must leave room for what is read. On a CUDA device loads must
be aligned, so its kernels have loads of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from detectors.minhash.texts import Bytes


def _load(bits: int) -> Any:
    def load(typing: Any, data: Any, at: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            buffer = context.make_array(signature.args[0])(context, builder, arguments[0])
            address = builder.gep(buffer.data, [arguments[1]])
            loaded = builder.load(builder.bitcast(address, ir.IntType(bits).as_pointer()))
            loaded.align = 1
            return loaded

        return (types.uint32 if bits == 32 else types.uint64)(data, at), code

    return intrinsic(load)


def _mask_above() -> Any:
    """64 bytes compared at once; LLVM makes of it what the machine has (AVX-512, AVX2, NEON)."""
    bytes64 = ir.VectorType(ir.IntType(8), 64)

    def mask(typing: Any, data: Any, at: Any, bound: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            buffer = context.make_array(signature.args[0])(context, builder, arguments[0])
            address = builder.gep(buffer.data, [arguments[1]])
            block = builder.load(builder.bitcast(address, bytes64.as_pointer()))
            block.align = 1
            bounds = ir.Constant(bytes64, [bound.literal_value] * 64)
            return builder.bitcast(builder.icmp_unsigned(">", block, bounds), ir.IntType(64))

        if not isinstance(bound, types.IntegerLiteral):
            return None
        return types.uint64(data, at, bound), code

    return intrinsic(prefer_literal=True)(mask)


def _count(instruction: str, *flags: int) -> Any:
    def count(typing: Any, mask: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            constants = [ir.Constant(ir.IntType(1), flag) for flag in flags]
            return getattr(builder, instruction)(arguments[0], *constants)

        return types.int64(mask), code

    return intrinsic(count)


load32: Callable[[Bytes, int], np.uint32] = _load(32)
"""load32(data, at): four bytes from `at` on, little-endian."""
load64: Callable[[Bytes, int], np.uint64] = _load(64)
"""load64(data, at): eight bytes."""
mask_above: Callable[[Bytes, int, int], np.uint64] = _mask_above()
"""mask_above(data, at, bound): which of the 64 bytes from `at` on exceed the literal `bound`."""
lowest_bit: Callable[[np.uint64], int] = _count("cttz", 0)
"""Position of the lowest set bit; 64 when there is none."""
set_bits: Callable[[np.uint64], int] = _count("ctpop")
"""How many bits are set."""
