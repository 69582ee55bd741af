"""Bits, bases, distributions and other mathematics. https://trino.io/docs/current/functions/math.html"""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

from localaws.athena.pyfunctions.registry import Refused, function, invalid


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@function("BIGINT", "BIGINT", "BIGINT", returns="BIGINT")
def shift_left(value: int, by: int, bits: int) -> int:
    return 0 if by >= bits or by < 0 else _signed(value << by, bits)


@function("BIGINT", "BIGINT", "BIGINT", returns="BIGINT")
def shift_right(value: int, by: int, bits: int) -> int:
    """Without regard to the sign."""
    return 0 if by >= bits or by < 0 else _signed((value & ((1 << bits) - 1)) >> by, bits)


@function("BIGINT", "BIGINT", returns="BIGINT")
def shift_right_arithmetic(value: int, by: int) -> int:
    return value >> by if 0 <= by < 64 else (-1 if value < 0 else 0)


@function("BIGINT", "BIGINT", returns="BIGINT")
def bit_count(value: int, bits: int) -> int:
    if not 1 < bits <= 64:
        raise invalid(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise invalid(
            f"Number must be representable with the bits specified. {value} cannot be represented with "
            f"{bits} bits"
        )
    return (value & ((1 << bits) - 1)).bit_count()


@function("VARCHAR", "BIGINT", returns="BIGINT")
def from_base(value: str, radix: int) -> int:
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    try:
        if "_" in value or value != value.strip():
            raise ValueError
        found = int(value, radix)
    except ValueError:
        raise invalid(f"Not a valid base-{radix} number: {value}") from None
    if not -(2**63) <= found < 2**63:
        raise invalid(f"Not a valid base-{radix} number: {value}")
    return found


@function("BIGINT", "BIGINT", returns="VARCHAR")
def to_base(value: int, radix: int) -> str:
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"-{digits}" if value < 0 else digits


@function("DOUBLE", "DOUBLE[]", returns="BIGINT")
def bucket_of(value: float, bins: list[float]) -> int:
    """The bin of ``width_bucket(x, bins)``."""
    if not bins:
        raise invalid("Bins cannot be an empty array")
    if math.isnan(value):
        raise invalid("Operand cannot be NaN")
    low, high = 0, len(bins)
    while low < high:
        if bins[low] > bins[high - 1]:
            raise invalid("Bin values are not sorted in ascending order")
        middle = (low + high) // 2
        if value < bins[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@function("DOUBLE", "DOUBLE", "DOUBLE", returns="DOUBLE")
def normal_cdf(mean: float, deviation: float, value: float) -> float:
    if deviation <= 0:
        raise invalid("standardDeviation must be > 0")
    return 0.5 * math.erfc(-(value - mean) / (deviation * math.sqrt(2)))


@function("DOUBLE", "DOUBLE", "DOUBLE", returns="DOUBLE")
def inverse_normal_cdf(mean: float, deviation: float, p: float) -> float:
    if not 0 < p < 1:
        raise invalid("p must be 0 > p > 1")
    if deviation <= 0:
        raise invalid("sd must be > 0")
    return NormalDist(mean, deviation).inv_cdf(p)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x in (0.0, 1.0):
        return x
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, 500):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + top * d)
            c = 1 + top / c
            total *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front * total / a


@function("DOUBLE", "DOUBLE", "DOUBLE", returns="DOUBLE")
def beta_cdf(a: float, b: float, value: float) -> float:
    if not 0 <= value <= 1:
        raise invalid("value must be in the interval [0, 1]")
    if a <= 0:
        raise invalid("a must be > 0")
    if b <= 0:
        raise invalid("b must be > 0")
    return _incomplete_beta(value, a, b)


@function("DOUBLE", "DOUBLE", returns="DOUBLE")
def t_pdf(value: float, freedom: float) -> float:
    if freedom <= 0:
        raise invalid("df must be greater than 0")
    front = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    return front / math.sqrt(freedom * math.pi) * (1 + value**2 / freedom) ** (-(freedom + 1) / 2)


@function("DOUBLE", "DOUBLE", returns="DOUBLE")
def t_cdf(value: float, freedom: float) -> float:
    if freedom <= 0:
        raise invalid("df must be greater than 0")
    half = _incomplete_beta(freedom / (freedom + value**2), freedom / 2, 0.5) / 2
    return 1 - half if value > 0 else half


@function("BIGINT", "BIGINT", "DOUBLE", "BIGINT", returns="DOUBLE")
def wilson(successes: int, trials: int, z: float, side: int) -> float:
    """A bound of the Wilson score interval; `side` is -1 for the lower one."""
    if successes < 0:
        raise invalid("number of successes must not be negative")
    if trials <= 0:
        raise invalid("number of trials must be positive")
    if successes > trials:
        raise invalid("number of successes must not be larger than number of trials")
    if z < 0:
        raise invalid("z-score must not be negative")
    n, p = trials, successes / trials
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle + side * half) / (1 + z * z / n)


@function("DOUBLE", "DOUBLE", "DOUBLE", "DOUBLE", returns="DOUBLE")
def great_circle(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """Kilometres between two points, on a sphere of 6371.01 km (Vincenty's formula)."""
    for latitude in (latitude1, latitude2):
        if not -90 <= latitude <= 90:
            raise invalid("Latitude must be between -90 and 90")
    for longitude in (longitude1, longitude2):
        if not -180 <= longitude <= 180:
            raise invalid("Longitude must be between -180 and 180")
    one, two = math.radians(latitude1), math.radians(latitude2)
    delta = math.radians(longitude1) - math.radians(longitude2)
    sin1, cos1, sin2, cos2 = math.sin(one), math.cos(one), math.sin(two), math.cos(two)
    t1, t2 = cos2 * math.sin(delta), cos1 * sin2 - sin1 * cos2 * math.cos(delta)
    return math.atan2(math.sqrt(t1 * t1 + t2 * t2), sin1 * sin2 + cos1 * cos2 * math.cos(delta)) * 6371.01


@function("BIGINT", "BIGINT", returns="BIGINT[][]")
def combinations(size: int, count: int) -> list[list[int]]:
    """The places, from 1, of each choice of so many items, in Trino's order."""
    if count < 0:
        raise invalid("combination size must not be negative")
    if count > 5:
        raise invalid("combination size must not exceed 5")
    found = sorted(itertools.combinations(range(1, size + 1), count), key=lambda c: c[::-1])
    if len(found) > 100_000:
        raise invalid("combinations exceed max size")
    return [list(c) for c in found]


@function("BIGINT[][]", returns="BIGINT[]")
def sorted_places(comparisons: list[list[int]]) -> list[int]:
    """The order that a comparator's answers for all pairs mean; equals stay as they stand."""
    import functools

    if any(c not in (-1, 0, 1) for row in comparisons for c in row):
        raise invalid("Lambda comparator must return either -1, 0, or 1")
    order = functools.cmp_to_key(lambda a, b: comparisons[a][b])
    return [i + 1 for i in sorted(range(len(comparisons)), key=order)]


@function("BIGINT", "DOUBLE[]", "DOUBLE[]", returns="STRUCT(k DOUBLE, v DOUBLE)[]")
def numeric_histogram(buckets: int, values: list[float], weights: list[float]) -> list[dict]:
    """Ben-Haim and Tom-Tov's histogram: the closest neighbours are merged until few enough are left."""
    if buckets < 2:
        raise invalid("numeric_histogram bucket count must be greater than one")
    totals: dict[float, float] = {}
    for value, weight in zip(values, weights, strict=True):
        if value is not None and weight is not None:
            totals[value] = totals.get(value, 0.0) + weight
    found = sorted(totals.items())
    while len(found) > buckets:
        at = min(range(len(found) - 1), key=lambda i: found[i + 1][0] - found[i][0])
        (a, m), (b, n) = found[at], found[at + 1]
        found[at : at + 2] = [((a * m + b * n) / (m + n), m + n)]
    return [{"k": k, "v": v} for k, v in found]


_SIZES = {u: 1024**i for i, u in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))}


@function("VARCHAR", returns="HUGEINT")
def data_size(value: str) -> int:
    """Bytes of ``2.3MB``."""
    import re
    from decimal import Decimal

    match = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]+)", value)
    if match is None or match[2] not in _SIZES:
        raise invalid(f"Invalid data size: '{value}'")
    found = int(Decimal(match[1]) * _SIZES[match[2]])
    if found >= 10**38:
        raise Refused("NUMERIC_VALUE_OUT_OF_RANGE", f"Value out of range: '{value}' ('{found}B')")
    return found


_DURATIONS = {
    "ns": 1e-6,
    "us": 1e-3,
    "ms": 1.0,
    "s": 1e3,
    "m": 6e4,
    "h": 3.6e6,
    "d": 8.64e7,
}


@function("VARCHAR", returns="BIGINT")
def duration(value: str) -> int:
    """Milliseconds of ``42.8ms``, ``3.81 d``, ``5m``."""
    import re

    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", value)
    if match is None:
        raise invalid(f"duration is not a valid data duration string: {value}")
    if match[2] not in _DURATIONS:
        raise invalid(f"Unknown time unit: {match[2]}")
    return math.floor(float(match[1]) * _DURATIONS[match[2]] + 0.5)


@function("VARCHAR", returns="VARCHAR")
def ip_address(value: str) -> str:
    """An address as Trino writes it; IPv4 in IPv6 is IPv4."""
    import ipaddress

    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        raise Refused("INVALID_CAST_ARGUMENT", f"Cannot cast value to IPADDRESS: {value}") from None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


@function("VARCHAR", returns="VARCHAR")
def ip_order(value: str) -> str:
    """A text that sorts as the address does: its 16 bytes, IPv4 within IPv6."""
    import ipaddress

    found = ipaddress.ip_address(value)
    return f"{int(found) + (0xFFFF << 32 if found.version == 4 else 0):032x}"


@function("VARCHAR", "VARCHAR", returns="BOOLEAN")
def network_contains(network: str, address: str) -> bool:
    import ipaddress

    try:
        block = ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise invalid(f"Invalid CIDR: {network}") from None
    if "/" not in network:
        raise invalid(f"Invalid CIDR: {network}")
    return ipaddress.ip_address(address) in block


@function("VARCHAR", returns="VARCHAR")
def uuid_text(value: str) -> str:
    import re

    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise Refused("INVALID_CAST_ARGUMENT", f"Cannot cast value to UUID: {value}")
    return value.lower()
