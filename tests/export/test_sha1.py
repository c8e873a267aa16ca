"""SHA-1 without the processor's instructions for it; ``test_flows_csv`` holds the compiled one against hashlib."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwel.export.sha1 import WORDS, sha1_block


@given(st.binary(max_size=55))
def test_one_block_has_the_digest_that_hashlib_gives_it(message: bytes) -> None:
    padded = message + b"\x80" + bytes(55 - len(message)) + (8 * len(message)).to_bytes(8, "big")
    words = np.zeros(WORDS, np.uint32)
    words[:16] = np.frombuffer(padded, ">u4")
    with np.errstate(over="ignore"):
        sha1_block(words)

    assert words[:5].astype(">u4").tobytes() == hashlib.sha1(message).digest()
