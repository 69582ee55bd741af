"""The level colours: one palette everywhere, told apart by every kind of colour sight."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from logloom.dashboard import palette

STYLE = Path(palette.__file__).parent / "assets" / "style.css"

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_levels_differ_to_every_eye(sight):
    matrix = np.array(SIGHTS[sight])
    seen = {level: lab(matrix @ linear(colour)) for level, colour in palette.LEVEL_COLOURS.items()}
    distances = {
        pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(seen, 2)
    }
    assert min(distances.values()) > 17, min(distances, key=distances.get)


def test_every_level_has_its_colour():
    assert tuple(palette.LEVEL_COLOURS) == palette.LEVELS


def test_style_sheet_has_the_same_colours():
    found = dict(re.findall(r"\.level-(\w+)\s*\{\s*--level: (#\w+);", STYLE.read_text(encoding="utf-8")))
    assert {name.upper(): colour.upper() for name, colour in found.items()} == dict(palette.LEVEL_COLOURS)


def test_palette_cannot_be_changed():
    with pytest.raises(TypeError):
        palette.LEVEL_COLOURS["INFO"] = "#000000"
