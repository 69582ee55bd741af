"""Benchmarks: each compares us with a reference in the same run, since machines differ and are noisy.

A module here with a function ``run()`` that yields :class:`Entry` is a benchmark; ``make bench`` runs
them all, ``make bench ARGS=transform`` one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One measured figure.

    ``ratio`` is against ``reference`` (None where the figure stands alone); the benchmark's own docstring
    says which of the two is above the line.
    """

    name: str
    value: float
    unit: str
    reference: str | None = None
    ratio: float | None = None
