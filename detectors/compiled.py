"""How kernels are compiled: by numba, when first called, kept on disk where it finds a place for that.

numba keeps a compiled kernel by the date of its own file: after an edit in a file that others inline from,
delete `__pycache__/*.nb*` beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(*relaxed: str) -> Callable[[Function], Function]:
    """Compile without the interpreter's lock, so that threads can share the work.

    `contract` allows fused multiply-add everywhere; `reassoc` and `nsz` are given where a sum may be split
    into lanes, which is what lets LLVM vectorise it. Never nnan or ninf: masked logits are infinite.
    """

    def decorate(function: Function) -> Function:
        options: dict[str, Any] = {"nogil": True, "fastmath": {"contract", *relaxed}}
        try:
            compiled: Function = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to write to
            compiled = numba.njit(**options)(function)
        return compiled

    return decorate
