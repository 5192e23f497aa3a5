"""Prints resample_values.json: what SciPy reads between and beyond the pixels of a picture, for every border.

    python resample_values.py > resample_values.json        # SciPy 1.17
"""
import json
import numpy as np
from scipy import ndimage

ROWS, COLUMNS, FILL = 4, 5, 2.5
# Inside, on the last row or column, on the middle between two pixels, just beyond the border, far beyond, several sides.
AT = [
    [1.25, 2.5], [2, 3], [0.5, 1.5], [2.75, 0.1], [1, 3.4], [2.2, 2], [3, 4], [3, 1.3], [0, 0], [1.6, 4],
    [-0.3, 2.2], [1.4, -0.4], [3.3, 1.2], [2.1, 4.4], [-1.2, 5.6], [7.3, 2.1], [1.7, -6.25], [-9.4, 13.6],
]

r, c = np.mgrid[:ROWS, :COLUMNS].astype(float)
picture = (7 * r + 5 * c + 3 * r * c) % 11


def read(mode, order):
    values = ndimage.map_coordinates(picture, np.array(AT).T, order=order, mode=mode, cval=FILL)
    return [round(float(v), 6) for v in values]


MODES = ["constant", "grid-constant", "nearest", "reflect", "wrap", "grid-wrap"]
print(json.dumps({
    "picture": [float(v) for v in picture.ravel()], "shape": [ROWS, COLUMNS], "fill": FILL, "at": AT,
    "borders": {mode: [read(mode, 0), read(mode, 1)] for mode in MODES},
}))
