"""How functions for a CUDA device are compiled: by numba-cuda, when a kernel is first launched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import cuda

Function = TypeVar("Function", bound=Callable[..., Any])


def device(function: Function) -> Function:
    """A function that kernels call; all of them end up inlined."""
    compiled: Function = cuda.jit(device=True)(function)
    return compiled


def kernel(function: Callable[..., None]) -> Any:
    """A function that is launched: kernel[blocks, threads, stream](...)."""
    return cuda.jit(function)
