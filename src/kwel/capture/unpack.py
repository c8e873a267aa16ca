"""Packed bytes in, unpacked bytes out, a piece at a time: memory stays bounded however far a stream expands.

gzip (RFC 1952) with several members, zstd (RFC 8878) and lz4 (LZ4 Frame Format 1.6) with several and with skippable
frames, xz and bzip2 with several streams. What was unpacked before the damage in a stream is delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.capture.sources import PIECE, FileSource, Source

if TYPE_CHECKING:
    from collections.abc import Callable

MAGICS = (
    (b"\x1f\x8b", "gz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bz2"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
"""First bytes and the suffix of the packings that are read. A zstd stream may also begin with a skippable frame."""

MAGIC = 6
"""Bytes that decide."""

WINDOW = 0x800_0000
"""Memory that a zstd or xz stream may ask for, 128 MiB: what ``zstd -d`` and ``xz -9`` use at most by default."""

ZSTD_PIECE = 512
"""zstd has no limit on what one call returns, and 4 bytes may stand for 128 KiB: so 16 MiB at most a call."""


def packing(head: bytes) -> str | None:
    """Return the suffix of the packing that *head* begins, or ``None``."""
    for magic, suffix in MAGICS:
        if head.startswith(magic):
            return suffix
    return "zst" if skippable(head) else None


def skippable(head: bytes) -> bool:
    """Return whether *head* begins a skippable frame, which zstd and lz4 share."""
    return head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50


def unpacked(file: FileSource) -> Source:
    """Return what *file* holds: itself, or an ``Unpacker`` where its first bytes say that it is packed."""
    suffix = packing(file.peek(MAGIC))
    return Unpacker(file, suffix) if suffix else file


def _codec(suffix: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """Return what makes a decoder of one stream, and what that raises when the stream is damaged.

    Its library is imported here: most captures are not packed.
    """
    if suffix == "gz":
        import zlib

        return lambda: zlib.decompressobj(wbits=31), (zlib.error,)
    if suffix == "xz":
        import lzma

        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW), (lzma.LZMAError, EOFError)
    if suffix == "bz2":
        import bz2

        return bz2.BZ2Decompressor, (OSError, EOFError)
    if suffix == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameDecompressor, (RuntimeError,)
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj, (zstandard.ZstdError,)


def _step_zlib(decoder: Any, data: bytes, limit: int) -> tuple[bytes, bytes]:
    out = decoder.decompress(data, limit)
    return out, decoder.unused_data if decoder.eof else decoder.unconsumed_tail


def _step_buffered(decoder: Any, data: bytes, limit: int) -> tuple[bytes, bytes]:
    out = decoder.decompress(data, limit)
    return out, decoder.unused_data or b""


def _step_zstd(decoder: Any, data: memoryview, limit: int) -> tuple[bytes, memoryview]:
    out = decoder.decompress(data[:ZSTD_PIECE])
    left = len(decoder.unused_data) if decoder.eof else 0
    return out, data[min(len(data), ZSTD_PIECE) - left :]


STEPS: dict[str, Callable[[Any, Any, int], tuple[bytes, Any]]] = {
    "gz": _step_zlib,
    "xz": _step_buffered,
    "bz2": _step_buffered,
    "lz4": _step_buffered,
    "zst": _step_zstd,
}
"""By suffix: a decoder, input and the most to return in; output and the input that is left out."""


class Unpacker(Source):
    """What a packed file holds."""

    def __init__(self, packed: FileSource, suffix: str) -> None:
        super().__init__()
        self.suffix = suffix
        self._step = STEPS[suffix]
        self._packed = packed
        self._new_decoder, self._damages = _codec(suffix)
        self._decoder = self._new_decoder()
        self._input: Any = b""
        self._output = memoryview(b"")
        self._raw = memoryview(bytearray(PIECE))
        self._over = False

    @property
    def unread(self) -> int:
        """Bytes on disk that were not unpacked; 0 where nobody knows."""
        return self._packed.unread + len(self._input)

    def _read(self, view: memoryview) -> int:
        if not self._output and not self._over:
            try:
                self._output = memoryview(self._unpack(len(view)))
            except self._damages as error:
                self._end(f"the {self.suffix} packing is damaged before byte {self._packed.consumed} ({error})")
        count = min(len(view), len(self._output))
        view[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def _unpack(self, limit: int) -> bytes:
        """Return some unpacked bytes; none only at the end."""
        while not self._over:
            if self._decoder.eof:
                self._next_stream()
                continue
            hungry = getattr(self._decoder, "needs_input", True)
            given = len(self._input) or not hungry or self._refill()
            out, self._input = self._step(self._decoder, self._input, limit)
            if out:
                return out
            if not given and not self._decoder.eof:
                self._end(f"the {self.suffix} packing is cut off at byte {self._packed.consumed}; copy the file again")
        return b""

    def _refill(self) -> int:
        self._packed.settle()
        count = self._packed.readinto(self._raw)
        self._input = memoryview(bytes(self._raw[:count]))
        return count

    def _next_stream(self) -> None:
        """Begin the stream that follows the one that ended; zeros between and after them are padding."""
        rest = bytes(self._input).lstrip(b"\0")
        while len(rest) < MAGIC and self._refill():
            rest = (rest + bytes(self._input)).lstrip(b"\0")
        self._input = memoryview(rest)
        if packing(rest[:MAGIC]) == self.suffix or (self.suffix == "lz4" and skippable(rest[:MAGIC])):
            self._decoder = self._new_decoder()
        elif rest:
            self._end(f"what follows the {self.suffix} packing is not {self.suffix}: {self.unread} bytes were not read")
        else:
            self._end(None)

    def _end(self, problem: str | None) -> None:
        self._over = True
        self.problem = self._packed.problem or problem
