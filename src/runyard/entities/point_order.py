"""Which of two points of a series comes later: MLflow's rule, made total for values that do not compare."""

from __future__ import annotations

import math
import struct

_DOUBLE = struct.Struct("<d")
_INT64 = struct.Struct("<q")


def value_rank(value: float) -> int:
    """Where a value stands among all: -inf < … < -0.0 < 0.0 < NaN < the smallest above zero < … < inf."""
    if math.isnan(value):
        return 1
    bits: int = _INT64.unpack(_DOUBLE.pack(value))[0]
    if bits < 0:
        return bits ^ 0x7FFF_FFFF_FFFF_FFFF
    return bits + (bits > 0)
