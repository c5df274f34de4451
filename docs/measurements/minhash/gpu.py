"""Speed of MinHash signatures on a CUDA device, beside the bus, the derived bound and peers.

    python docs/measurements/minhash/gpu.py [--texts FILE.parquet --column NAME] [--gb 4] [-k 128]

Documents are repeated up to --gb, half of it in the device's memory at a time. Best of five, seconds of the
clock with the device waited for; compilation is outside. Checks first that the bits are the CPU's. Peers:
datasketch's gpu_mode (CuPy; one document a call) and cuDF's minhash, where they can be imported.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))
sys.path.insert(0, str(Path(__file__).parent))

from peers import texts as documents_of

from detectors.minhash.bands import Bands
from detectors.minhash.cuda import missing
from detectors.minhash.signatures import MinHash
from detectors.minhash.texts import Texts, texts_of

SETTINGS = (("words", 5), ("bytes", 8))
CUT = Bands(16, 8)


def best(run: Callable[[], Any], times: int = 5) -> float:
    """Least seconds of several runs, after one that is not counted."""
    run()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        took.append(time.perf_counter() - start)
    return min(took)


def repeated(texts: Texts, size: int) -> Texts:
    """The documents over and over, up to about `size` bytes."""
    times = max(1, size // texts.n_bytes)
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    lengths = np.tile(np.diff(texts.offsets), times)
    return Texts(np.tile(data, times), np.r_[0, np.cumsum(lengths)])


def machine() -> str:
    """Device, driver and host, as far as they tell."""
    query = [
        "nvidia-smi",
        "--query-gpu=name,driver_version,memory.total,clocks.max.sm",
        "--format=csv,noheader",
    ]
    try:
        devices = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        devices = "nvidia-smi does not answer"
    versions = ", ".join(f"{name} {_version(name)}" for name in ("numba", "numba-cuda", "numpy"))
    return f"{devices}; {platform.processor() or platform.machine()}, {os.cpu_count()} CPUs; {versions}"


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def bus(size: int) -> float:
    """Bytes a second from pinned memory to the device."""
    from numba import cuda

    source, target = cuda.pinned_array(size, np.uint8), cuda.device_array(size, np.uint8)
    source[:] = 1

    def copy() -> None:
        target.copy_to_device(source)
        cuda.synchronize()

    return size / best(copy)


def measure(texts: Texts, k: int) -> list[str]:
    """Rows of the table: every setting, resident and from the host, signatures and keys."""
    from numba import cuda

    half = repeated(texts, texts.n_bytes // 2) if texts.n_bytes > 1 << 30 else texts
    data, offsets = cuda.to_device(half.data), cuda.to_device(half.offsets)
    lines = []
    for shingle, n in SETTINGS:
        for scheme in ("fss", "oph", "kperm"):
            family = MinHash(k, shingle, n, scheme, device="cuda")
            sample = Texts(half.data, half.offsets[:2001])
            expected = MinHash(k, shingle, n, scheme, device="cpu").signatures(sample)
            found = family.signatures_of_arrays(data, offsets).copy_to_host()[:2000]
            if not (np.array_equal(found, expected) and np.array_equal(family.signatures(sample), expected)):
                raise SystemExit(f"{shingle} {n} {scheme}: the device's signatures are not the CPU's.")
            resident = best(lambda f=family: f.signatures_of_arrays(data, offsets))
            out = np.empty((len(texts), k), np.uint32)
            hosted = best(lambda f=family, o=out: f.signatures(texts, o), 3)
            keyed = best(lambda f=family: f.keys(texts, CUT), 3) if CUT.bands * CUT.rows <= k else np.nan
            gb = half.n_bytes / 1e9, texts.n_bytes / 1e9
            lines.append(
                f"| {shingle} {n} | {scheme} | {gb[0] / resident:,.1f} | {len(half) / resident / 1e6:,.2f} "
                f"| {gb[1] / hosted:,.1f} | {gb[1] / keyed:,.1f} |"
            )
    return lines


def datasketch_on_device(documents: list[str], k: int) -> float:
    """Documents a second of datasketch with gpu_mode="always" over word 5-grams."""
    from datasketch import MinHash as Theirs

    def sign() -> None:
        for text in documents:
            words = text.split()
            shingles = [" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))]
            signature = Theirs(num_perm=k, gpu_mode="always")
            signature.update_batch(shingles)

    return len(documents) / best(sign, 3)


def cudf_on_device(documents: list[str], k: int) -> float:
    """Documents a second of cuDF's minhash over 8 characters, text on the device."""
    import cudf

    column = cudf.Series(documents)
    a, b = (np.random.RandomState(i).randint(1, 1 << 32, k, dtype=np.uint32) for i in range(2))
    return len(documents) / best(lambda: column.str.minhash(0, a, b, 8), 3)


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = os.environ.get("AUDIT_TEST_DATA", "")
    parser.add_argument("--texts", default=f"{here}/outputs/alpaca_eval.parquet")
    parser.add_argument("--column", default="output")
    parser.add_argument("--gb", type=float, default=4.0)
    parser.add_argument("-k", type=int, default=128)
    arguments = parser.parse_args()
    if reason := missing():
        raise SystemExit(f"gpu.py measures on a CUDA device: {reason}. Without one: gpu_code.py.")
    if not Path(arguments.texts).is_file():
        parser.error(f"no such file: {arguments.texts}; give --texts FILE.parquet or set AUDIT_TEST_DATA.")
    column = documents_of(arguments.texts, arguments.column, 100_000)
    texts = repeated(texts_of(column), int(arguments.gb * 1e9))
    print(machine())
    print(f"\n{len(texts):,} documents, {texts.n_bytes / 1e9:.2f} GB, k = {arguments.k}")
    print(f"pinned memory to the device: {bus(256 << 20) / 1e9:.1f} GB/s\n")
    print(
        "| shingle | scheme | on the device, GB/s | million documents/s "
        "| from the host, GB/s | keys only, GB/s |"
    )
    print("|---|---|---:|---:|---:|---:|")
    print("\n".join(measure(texts, arguments.k)), flush=True)
    listed = column.slice(0, 20_000).to_pylist()
    for name, needs, rate in (
        ("datasketch, gpu_mode (word 5-grams)", "cupy", datasketch_on_device),
        ("cuDF minhash (8 characters)", "cudf", cudf_on_device),
    ):
        if find_spec(needs) is None:
            print(f"\n{name}: not measured ({needs} is not installed)")
            continue
        size = 500 if needs == "cupy" else len(listed)
        print(f"\n{name}: {rate(listed[:size], arguments.k):,.0f} documents/s")


if __name__ == "__main__":
    main()
