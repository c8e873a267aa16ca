"""One padded block in, its SHA-1 out, compiled: FIPS 180-4 section 6.1.2.

Community ids are made of it (see ``community``): it tells flows apart and protects nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import hardware, helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATE = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
H0, H1, H2, H3, H4 = (np.uint32(word) for word in STATE)
K0, K1, K2, K3 = (np.uint32(word) for word in (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6))
WORDS = 80
"""Words that the array of a block must have: the message schedule."""


@helper
def rotate(word: np.uint32, by: int) -> np.uint32:
    """Rotate 32 bits to the left."""
    return np.uint32((word << np.uint32(by)) | (word >> np.uint32(32 - by)))


@hardware("sha", "kwel.export.sha1_silicon.sha1_block")
def sha1_block(words: NDArray[np.uint32]) -> int:
    """Leave the digest of one padded block, which stands in words 0 to 15, in words 0 to 4."""
    for i in range(16, WORDS):
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1)
    a, b, c, d, e = H0, H1, H2, H3, H4
    for i in range(20):
        a, b, c, d, e = np.uint32(rotate(a, 5) + ((b & c) | (~b & d)) + e + K0 + words[i]), a, rotate(b, 30), c, d
    for i in range(20, 40):
        a, b, c, d, e = np.uint32(rotate(a, 5) + (b ^ c ^ d) + e + K1 + words[i]), a, rotate(b, 30), c, d
    for i in range(40, 60):
        a, b, c, d, e = np.uint32(rotate(a, 5) + ((b & (c | d)) | (c & d)) + e + K2 + words[i]), a, rotate(b, 30), c, d
    for i in range(60, WORDS):
        a, b, c, d, e = np.uint32(rotate(a, 5) + (b ^ c ^ d) + e + K3 + words[i]), a, rotate(b, 30), c, d
    words[0], words[1], words[2] = np.uint32(a + H0), np.uint32(b + H1), np.uint32(c + H2)
    words[3], words[4] = np.uint32(d + H3), np.uint32(e + H4)
    return 0
