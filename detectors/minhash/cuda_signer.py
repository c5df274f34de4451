"""Launches of the kernels for one family of signatures: short documents, long ones, band keys.

Everything is put on a stream and not waited for. Leaves out how text gets to the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda

from detectors.minhash.arithmetic import EMPTY
from detectors.minhash.cuda_kernels import Setting, band_keys, kernels
from detectors.minhash.schemes import FSS, ROUNDS
from detectors.minhash.signatures import KINDS, SCHEMES, permutations
from detectors.minhash.texts import Positions

if TYPE_CHECKING:
    from detectors.minhash.bands import Bands
    from detectors.minhash.signatures import MinHash


@dataclass(frozen=True)
class Long:
    """Documents too long for one block, cut into pieces.

    Attributes
    ----------
    whose : (n_long,) int64, their numbers. begins, ends : (n_long,) int64, bytes of the device's buffer.
    slots, starts : (n_pieces,) int64, which of them a piece is of, and where in it the piece begins.
    """

    whose: Positions
    begins: Positions
    ends: Positions
    slots: Positions
    starts: Positions

    @staticmethod
    def of(offsets: Positions, shift: int, setting: Setting) -> Long | None:
        """The long ones among documents with these offsets, whose byte 0 is byte `shift` of the buffer."""
        whose = np.flatnonzero(np.diff(offsets) > setting.longest)
        if not len(whose):
            return None
        begins, ends = offsets[whose] + shift, offsets[whose + 1] + shift
        # Pieces are cut where the loads of four are, so the first bytes of a load count too.
        counts = -(-((begins & 3) + ends - begins) // setting.piece)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return Long(whose, begins, ends, np.repeat(np.arange(len(whose)), counts), within * setting.piece)


class Signer:
    """One family on the current device.

    Parameters
    ----------
    setting : what the kernels are compiled for, if not what the family says (tests take small blocks).
    """

    def __init__(self, family: MinHash, setting: Setting | None = None) -> None:
        kind, scheme = KINDS[family.shingle], SCHEMES[family.scheme]
        self.setting = setting or Setting(kind, family.n, scheme, family.k)
        self.kernels = kernels(self.setting)
        a, b = permutations(family.k, family.seed)
        self.a, self.b = cuda.to_device(a), cuda.to_device(b)

    def sign(self, data: Any, shift: int, n_bytes: int, offsets: Any, out: Any, status: Any, on: Any) -> None:
        """Signatures of all but the long documents; arrays as `Kernels.documents` has them."""
        if len(out):
            launch = self.kernels.documents[len(out), self.setting.threads, on]
            launch(data, offsets, shift, n_bytes, self.a, self.b, out, status)

    def sign_long(self, data: Any, long: Long, out: Any, on: Any) -> list[Any]:
        """Signatures of the long documents; returns memory to hold until the stream is through."""
        n, threads = len(long.whose), self.setting.threads
        rows, fresh = (cuda.to_device(np.full((n, self.setting.k), EMPTY, np.uint32), on) for _ in range(2))
        begins, ends = cuda.to_device(long.begins, on), cuda.to_device(long.ends, on)
        slots, starts = cuda.to_device(long.slots, on), cuda.to_device(long.starts, on)
        whose = cuda.to_device(long.whose, on)
        for turn in range(ROUNDS + 1 if self.setting.scheme == FSS else 1):
            self.kernels.pieces[len(long.slots), threads, on](
                data, begins, ends, slots, starts, self.a, self.b, turn, rows, fresh
            )
            self.kernels.merge[n, threads, on](rows, fresh)
        self.kernels.settle[n, threads, on](rows, whose, out)
        return [rows, fresh, begins, ends, slots, starts, whose]

    def keys(self, signatures: Any, bands: Bands, out: Any, on: Any) -> None:
        """`Bands.keys` of signatures on the device into out, (n_documents, bands) uint64."""
        if len(out):
            blocks = -(-len(out) * bands.bands // self.setting.threads)
            band_keys[blocks, self.setting.threads, on](signatures, bands.rows, out)
