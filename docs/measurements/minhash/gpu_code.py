"""What the CUDA kernels compile to, without a device: registers and instructions of their loops.

    python docs/measurements/minhash/gpu_code.py [--arch 90] [--loops]

Needs numba-cuda with its compilers and the assembler: pip install 'distill-audit[gpu]' nvidia-cuda-nvcc
nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm. Says what was compiled, not what was run: an instruction count
bounds a rate from above, `gpu.py` measures it. Rates are of an H100 SXM (132 multiprocessors, 1.755 GHz).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

ISSUED = 132 * 4 * 32 * 1.755e9
"""Instructions of single threads that the device can issue in a second."""
MULTIPLIED = ISSUED / 2
"""Of those, 32-bit multiply-adds (64 a clock and multiprocessor, the vendor's figure)."""


def tools() -> str:
    """The folder of ptxas and cuobjdump."""
    found = find_spec("nvidia")
    for place in found.submodule_search_locations or () if found else ():
        for assembler in Path(place).glob("*/bin/ptxas"):
            if (assembler.parent / "cuobjdump").exists():
                return str(assembler.parent)
    raise SystemExit(
        "gpu_code.py needs ptxas and cuobjdump: pip install nvidia-cuda-nvcc nvidia-cuda-cuobjdump "
        "nvidia-cuda-nvdisasm"
    )


def assembled(kernel: Any, signature: Any, arch: int, bin: str) -> tuple[str, list[tuple[int, str]]]:
    """What the assembler says of registers, and the instructions by address."""
    from numba import cuda

    text, _ = cuda.compile_ptx(kernel.py_func, signature, cc=(arch // 10, arch % 10))
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "a.ptx", Path(folder) / "a.cubin"
        source.write_text(text)
        command = [f"{bin}/ptxas", f"-arch=sm_{arch}", "-v", str(source), "-o", str(binary)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        command = [f"{bin}/cuobjdump", "-sass", str(binary)]
        environment = os.environ | {"PATH": f"{bin}:{os.environ.get('PATH', '')}"}
        listing = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    found = re.findall(r"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?);", listing, re.M)
    spilled = re.search(r"(\d+) bytes spill stores", said)
    used = re.search(r"Used (\d+) registers", said)
    memory = re.search(r"(\d+) bytes smem", said)
    words = (
        f"{used[1] if used else '?'} registers, {spilled[1] if spilled else '?'} bytes spilled, "
        f"{memory[1] if memory else 0} bytes of shared memory"
    )
    return words, [(int(address, 16), instruction.strip()) for address, instruction in found]


def loops(code: list[tuple[int, str]]) -> list[Counter[str]]:
    """Instructions of the innermost loops, by kind, in the order of the code."""
    jumps = [(int(m[1], 16), at) for at, line in code if (m := re.search(r"BRA.*?(0x[0-9a-f]+)$", line))]
    back = [(to, at) for to, at in jumps if to < at]
    inner = [a for a in back if not any(b != a and b[0] >= a[0] and b[1] <= a[1] for b in back)]
    kinds = ((at, re.sub(r"^@!?U?P\d+ ", "", line).split()[0].split(".")[0]) for at, line in code)
    listed = list(kinds)
    return [Counter(kind for at, kind in listed if low <= at <= high) for low, high in sorted(inner)]


def main() -> None:
    """Print a line a kernel."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arch", type=int, default=90)
    parser.add_argument("-k", type=int, default=128)
    parser.add_argument("--loops", action="store_true", help="every innermost loop")
    arguments = parser.parse_args()
    if find_spec("numba_cuda") is None:
        raise SystemExit("gpu_code.py needs numba-cuda: pip install 'distill-audit[gpu]'")
    bin = tools()
    from numba import types
    from numba.cuda import dispatcher

    from detectors.minhash.cuda_kernels import Setting, kernels
    from detectors.minhash.signatures import KINDS, SCHEMES

    # Device functions ask the device what to compile for; there is none.
    capability = (arguments.arch // 10, arguments.arch % 10)
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)
    row, rows, numbers = types.uint32[::1], types.uint32[:, ::1], types.int64[::1]
    signatures = {
        "documents": (row, numbers, types.int64, types.int64, row, row, rows, numbers),
        "pieces": (row, numbers, numbers, numbers, numbers, row, row, types.int64, rows, rows),
        "merge": (rows, rows),
        "settle": (rows, numbers, rows),
    }
    for kind, n in (("words", 5), ("bytes", 8), ("characters", 8)):
        for scheme in SCHEMES:
            made = kernels(Setting(KINDS[kind], n, SCHEMES[scheme], arguments.k))
            for name, signature in signatures.items():
                said, code = assembled(getattr(made, name), types.void(*signature), arguments.arch, bin)
                print(f"{kind} {n} {scheme} {name}: {said}, {len(code)} instructions", flush=True)
                found = loops(code)
                for loop in found if arguments.loops else ():
                    print(f"    {loop.total()}: {dict(loop.most_common())}")
                if (kind, name) == ("bytes", "documents"):
                    print("    " + bound(scheme, found, arguments.k))


def bound(scheme: str, found: list[Counter[str]], k: int) -> str:
    """The rate of byte n-grams that the instructions allow, were nothing else in the way."""
    hashed = next(loop for loop in found if loop["STS"] == 4)  # four positions are stored
    if scheme != "kperm":
        lowered = min((loop for loop in found if loop["ATOMS"]), key=Counter.total)  # the first round's
        each = hashed.total() / 4 + lowered.total()
        return f"{each:.1f} instructions a shingle: {ISSUED / each / 1e12:.2f}e12 shingles/s at most"
    permuted = max(found, key=lambda loop: loop["VIMNMX3"] + loop["VIMNMX"])
    pairs = 4 * permuted["LDS"]  # four permutations of every hash that is read
    each = hashed.total() / 4 + k * permuted.total() / pairs
    products = hashed["IMAD"] / 4 + k * permuted["IMAD"] / pairs
    rate = min(ISSUED / each, MULTIPLIED / products)
    return (
        f"{permuted.total() / pairs:.2f} instructions, {permuted['IMAD'] / pairs:.2f} multiply-adds a pair: "
        f"{rate / 1e9:.0f}e9 shingles/s at most"
    )


if __name__ == "__main__":
    main()
