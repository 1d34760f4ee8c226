"""Content codings (RFC 9110 section 8.4) undone in small pieces, so that a bomb costs little memory.

Each stage is pushed compressed bytes and yields decompressed pieces; stages chain, and the output of each is
capped. urllib3's own decoders are not used: they accept a stream that ends early.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

MAX_CODINGS = 3
"""No honest server applies more."""

# What servers say of a document that they did not compress: a charset, how it was carried or stored, or what
# a client would say that takes anything.
_NO_CODING = re.compile(
    r"|\*|identity|none|binary|[78]bit|(aws-)?chunked|utf-?8|us-ascii|iso-8859-\d+|windows-125\d",
    re.IGNORECASE,
)
_GZIP_MAGIC = b"\x1f"
_ZSTD_MAGIC = tuple(
    bytes([first]) for first in (0x28, *range(0x50, 0x60))
)  # of a frame, and of skippable ones
_PIECE = 256 * 1024
# zstandard takes no limit of output, and 4 bytes can stand for a block of 128 KiB: fed in slices of 64 bytes,
# a call yields 2 MiB at the most.
_ZSTD_SLICE = 64
_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659
# A compressed form can be longer than what it stands for, but not by much.
_SLACK = 64 * 1024


class InflateError(Exception):
    """The bytes are not what their Content-Encoding says; the message completes "The document …"."""


class OversizeError(Exception):
    """More came out than the cap allows: `size` bytes by then, and it may be more."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Stage(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes decompress to, in small pieces."""

    @property
    def complete(self) -> bool:
        """Whether the stream may end here."""


class _Gzip:
    """RFC 1952: one member, or several in a row."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._trailing = False

    @property
    def complete(self) -> bool:
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._trailing:
            if self._member.eof:
                if not data.startswith(
                    _GZIP_MAGIC
                ):  # padding after the last member is ignored, as browsers do
                    self._trailing = True
                    return
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            yield from _pieces(self._member, data)
            data = self._member.unused_data


class _Deflate:
    """What goes by that name: zlib's format (RFC 1950), or by an old misunderstanding bare RFC 1951."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:  # noqa: PLR2004 - the length of zlib's header
                return
            data, self._head = self._head, b""
            wrapped = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        if not self._stream.eof:
            yield from _pieces(self._stream, data)


def _pieces(stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    while True:
        piece = stream.decompress(data, _PIECE)
        yield piece
        data = stream.unconsumed_tail
        if not data and len(piece) < _PIECE:  # a full piece may have left output behind, without input
            return


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def complete(self) -> bool:
        return bool(self._stream.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        while piece := self._stream.process(data, output_buffer_limit=_PIECE):
            yield piece
            data = b""  # until nothing comes: output may be left behind although all input was taken


class _Zstd:
    """RFC 8878: one frame, or several in a row."""

    def __init__(self) -> None:
        self._trailing = False
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._decompressor.decompressobj()

    @property
    def complete(self) -> bool:
        return self._frame.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest and not self._trailing:
                if self._frame.eof:
                    self._trailing = not rest.startswith(_ZSTD_MAGIC)
                    if self._trailing:
                        return
                    self._frame = self._decompressor.decompressobj()
                yield self._frame.decompress(rest)
                rest = self._frame.unused_data


_STAGES: dict[str, Callable[[], _Stage]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}


class Inflater:
    """Undoes the codings of one document. `cap` is the most bytes that may come out of it, at any stage.

    Raises InflateError when there is a coding that is not known, or too many.
    """

    def __init__(self, content_encoding: str | None, cap: int) -> None:
        names = [name.partition(";")[0].strip().lower() for name in (content_encoding or "").split(",")]
        codings = [name for name in names if not _NO_CODING.fullmatch(name)]
        if len(codings) > MAX_CODINGS:
            raise InflateError(f"was compressed {len(codings)} times over, which nobody needs")
        unknown = next((name for name in codings if name not in _STAGES), None)
        if unknown is not None:
            raise InflateError(f"is compressed in a way that is not understood ({unknown[:40]!r})")
        self._codings = codings
        self._stages = [_STAGES[name]() for name in reversed(codings)]
        # The last number is the document itself; before it come the compressed forms it passes through.
        self._caps = [cap + _SLACK] * len(self._stages) + [cap]
        self._came = [0] * len(self._caps)

    @property
    def is_identity(self) -> bool:
        """Whether the document comes as it is."""
        return not self._stages

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of the document; raises InflateError, or OversizeError once there are too many."""
        try:
            yield from self._push(data, 0)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            codings = ", ".join(self._codings)
            raise InflateError(
                f"is not compressed as its Content-Encoding ({codings}) says: {error}"
            ) from error

    def finish(self) -> None:
        """Check that the document is whole; raises InflateError when its compressed form ends early."""
        if not all(stage.complete for stage in self._stages):
            raise InflateError(f"ends in the middle of its compressed form ({', '.join(self._codings)})")

    def _push(self, data: bytes, depth: int) -> Iterator[bytes]:
        self._came[depth] += len(data)
        if self._came[depth] > self._caps[depth]:
            raise OversizeError(self._came[depth])
        if depth == len(self._stages):
            yield data
            return
        for piece in self._stages[depth].feed(data):
            yield from self._push(piece, depth + 1)
