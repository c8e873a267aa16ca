"""A string and a width in, as much of the string as fits out: text in a drawing does not wrap.

The advance widths are those of Barlow Semi Condensed 600 in thousandths of the type size, as the font's ``hmtx``
table has them (html/fonts); its lighter weight is a little narrower.
"""

from __future__ import annotations

from kwel.report.text import visible

# fmt: off
_ASCII = (
    200, 302, 315, 642, 501, 802, 635, 153, 298, 298, 380, 465, 232, 364, 242, 417,  # space to /
    509, 313, 488, 478, 522, 478, 479, 440, 484, 480, 304, 266, 465, 465, 465, 456,  # 0 to ?
    789, 552, 542, 533, 545, 513, 489, 537, 557, 243, 512, 549, 493, 627, 588, 544,  # @ to O
    526, 521, 537, 513, 516, 557, 540, 771, 538, 528, 480, 366, 417, 366, 439, 457,  # P to _
    213, 478, 498, 477, 498, 484, 333, 490, 491, 235, 231, 478, 219, 747, 491, 490,  # ` to o
    502, 502, 342, 446, 328, 489, 460, 677, 466, 446, 412, 334, 180, 334, 501,       # p to ~
)
# fmt: on
_FIRST = 0x20
_LATIN, _WIDE = 620, 1100
"""Accented letters, and what another font of the reader's machine must draw."""


def width(text: str, size: float) -> float:
    """Return how wide *text* is at a type size."""
    return sum(map(_advance, text)) * size / 1000


def _advance(character: str) -> int:
    code = ord(character)
    if _FIRST <= code < _FIRST + len(_ASCII):
        return _ASCII[code - _FIRST]
    return _LATIN if code < 0x250 else _WIDE


def fit(text: str, size: float, room: float, head: float = 0.4) -> str:
    """Return *text*, with its middle left out where it is wider than *room*.

    The end of a host name says more than its beginning, so the head keeps the smaller part; of prose it keeps all.

    >>> fit("plantstore01.blob.core.example.net", 14, 130)
    'plantst….example.net'
    """
    text = visible(text)
    if width(text, size) <= room:
        return text
    room -= _advance("…") * size / 1000
    first = _longest(text, size, room * head)
    last = _longest(text[::-1], size, room - width(text[:first], size)) if head < 1 else 0
    return f"{text[:first]}…{text[len(text) - last :]}"


def _longest(text: str, size: float, room: float) -> int:
    used = 0.0
    for count, character in enumerate(text):
        used += _advance(character) * size / 1000
        if used > room:
            return count
    return len(text)
