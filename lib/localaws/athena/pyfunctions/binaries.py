"""Hashes and encodings of bytes. https://trino.io/docs/current/functions/binary.html"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import zlib

from localaws.athena.pyfunctions.registry import function, invalid

_MASK = (1 << 64) - 1


@function("BLOB", returns="BIGINT")
def crc32(value: bytes) -> int:
    return zlib.crc32(value)


@function("BLOB", returns="BLOB")
def sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()


@function("VARCHAR", "BLOB", "BLOB", returns="BLOB")
def hmac_of(name: str, value: bytes, key: bytes) -> bytes:
    return hmac.new(key, value, name).digest()


@function("BLOB", returns="VARCHAR")
def to_base32(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii")


@function("VARCHAR", returns="BLOB")
def from_base32(value: str) -> bytes:
    try:
        return base64.b32decode(value + "=" * (-len(value) % 8))
    except binascii.Error as error:
        raise invalid(f"Invalid input: {value}") from error


@function("VARCHAR", "BOOLEAN", returns="BLOB")
def from_base64(value: str, url: bool) -> bytes:
    """Base 64 of either alphabet; padding may be missing."""
    bare = value.rstrip("=")
    alphabet = b"-_" if url else b"+/"
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=alphabet, validate=True)
    except (binascii.Error, ValueError) as error:
        bad = next((c for c in bare if not (c.isascii() and (c.isalnum() or c.encode() in alphabet))), None)
        shown = (
            f"Illegal base64 character {ord(bad):x}"
            if bad
            else "Input byte array has wrong 4-byte ending unit"
        )
        raise invalid(shown) from error


@function("VARCHAR", returns="BLOB")
def from_hex(value: str) -> bytes:
    if len(value) % 2:
        raise invalid("invalid input length " + str(len(value)))
    try:
        return bytes.fromhex(value) if " " not in value else bytes.fromhex("x")
    except ValueError:
        bad = next(c for c in value if c not in "0123456789abcdefABCDEF")
        raise invalid(f"invalid hex character: {bad}") from None


@function("BIGINT", "BIGINT", returns="BLOB")
def big_endian(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big", signed=True)


@function("BLOB", "BIGINT", returns="BIGINT")
def from_big_endian(value: bytes, size: int) -> int:
    if len(value) != size:
        raise invalid(f"expected {size}-byte input, but got instead: {len(value)}")
    return int.from_bytes(value, "big", signed=True)


@function("DOUBLE", "BIGINT", returns="BLOB")
def ieee754(value: float, size: int) -> bytes:
    return struct.pack(">d" if size == 8 else ">f", value)


@function("BLOB", "BIGINT", returns="DOUBLE")
def from_ieee754(value: bytes, size: int) -> float:
    if len(value) != size:
        raise invalid(f"Input floating-point value must be exactly {size} bytes long")
    return struct.unpack(">d" if size == 8 else ">f", value)[0]


def _rotate(value: int, by: int, bits: int = 64) -> int:
    mask = (1 << bits) - 1
    return ((value << by) | (value >> (bits - by))) & mask


_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _round(state: int, lane: int) -> int:
    return (_rotate((state + lane * _P2) & _MASK, 31) * _P1) & _MASK


@function("BLOB", returns="BLOB")
def xxhash64(value: bytes) -> bytes:
    """XXH64 with seed 0, big-endian. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md"""
    size, at = len(value), 0
    if size >= 32:
        states = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= size:
            lanes = struct.unpack_from("<4Q", value, at)
            states = [_round(s, lane) for s, lane in zip(states, lanes, strict=True)]
            at += 32
        hashed = sum(_rotate(s, by) for s, by in zip(states, (1, 7, 12, 18), strict=True)) & _MASK
        for state in states:
            hashed = ((hashed ^ _round(0, state)) * _P1 + _P4) & _MASK
    else:
        hashed = _P5
    hashed = (hashed + size) & _MASK
    while at + 8 <= size:
        (lane,) = struct.unpack_from("<Q", value, at)
        hashed = (_rotate(hashed ^ _round(0, lane), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= size:
        (lane,) = struct.unpack_from("<I", value, at)
        hashed = (_rotate(hashed ^ (lane * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in value[at:]:
        hashed = (_rotate(hashed ^ (byte * _P5 & _MASK), 11) * _P1) & _MASK
    hashed = ((hashed ^ (hashed >> 33)) * _P2) & _MASK
    hashed = ((hashed ^ (hashed >> 29)) * _P3) & _MASK
    return (hashed ^ (hashed >> 32)).to_bytes(8, "big")


_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)


@function("BLOB", returns="BLOB")
def murmur3(value: bytes) -> bytes:
    """MurmurHash3 x64 of 128 bits with seed 0, both halves little-endian as Trino writes them."""
    size, one, two, at = len(value), 0, 0, 0
    while at + 16 <= size:
        a, b = struct.unpack_from("<2Q", value, at)
        one ^= (_rotate(a * _C1 & _MASK, 31) * _C2) & _MASK
        one = ((_rotate(one, 27) + two) * 5 + 0x52DCE729) & _MASK
        two ^= (_rotate(b * _C2 & _MASK, 33) * _C1) & _MASK
        two = ((_rotate(two, 31) + one) * 5 + 0x38495AB5) & _MASK
        at += 16
    tail = value[at:]
    if len(tail) > 8:
        two ^= (_rotate(int.from_bytes(tail[8:], "little") * _C2 & _MASK, 33) * _C1) & _MASK
    if tail:
        one ^= (_rotate(int.from_bytes(tail[:8], "little") * _C1 & _MASK, 31) * _C2) & _MASK
    one, two = one ^ size, two ^ size
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    one, two = _mixed(one), _mixed(two)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    return one.to_bytes(8, "little") + two.to_bytes(8, "little")
