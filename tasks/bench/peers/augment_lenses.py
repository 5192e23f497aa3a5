"""The Python side of tasks/bench/augment.ts: pyBIA's steps, and albumentations. One JSON object a line in, one out."""
import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import json
import sys
import time

import albumentations
import cv2
import numpy as np
from scipy import ndimage

cv2.setNumThreads(1)
LENSES = np.random.default_rng(0).normal(size=(20, 100, 100, 3)).astype("f4")
COPIES, SIZE, RADIUS, MASKS = 25, 67, 5, 5


def pybia():
    """Each copy band by band: shift, flips, turn, zoom, crop, circles, as pyBIA 1.3.3 calls SciPy for them."""
    rng, out = np.random.default_rng(1), []
    for lens in LENSES:
        for _ in range(COPIES):
            rows, columns = rng.integers(-9, 10, 2)
            across, down = rng.random(2) < 0.5
            degrees, factor = rng.integers(0, 361), rng.uniform(0.9, 1.1)
            middles = rng.integers(RADIUS, SIZE - RADIUS, (MASKS, 2))
            bands = []
            for band in range(3):
                x = lens[:, :, band]
                x = ndimage.affine_transform(x, np.eye(2), (rows, columns), order=1, mode="nearest")
                x = x[:, ::-1] if across else x
                x = x[::-1] if down else x
                x = ndimage.rotate(x, degrees, reshape=False, order=0)
                x = ndimage.zoom(x, factor, order=0, mode="nearest")
                first = len(x) // 2 - SIZE // 2
                x = x[first : first + SIZE, first : first + SIZE].copy()
                for row, column in middles:
                    r, c = np.ogrid[-row : SIZE - row, -column : SIZE - column]
                    x[r * r + c * c <= RADIUS * RADIUS] = 0
                bands.append(x)
            out.append(np.stack(bands, -1))
    return np.array(out)


TRANSFORM = albumentations.Compose([
    albumentations.Affine(
        translate_px=dict(x=(-10, 10), y=(-10, 10)),
        rotate=(-180, 180),
        scale=(0.9, 1.1),
        interpolation=cv2.INTER_LINEAR,
        border_mode=cv2.BORDER_REPLICATE,
        p=1,
    ),
    albumentations.HorizontalFlip(p=0.5),
    albumentations.VerticalFlip(p=0.5),
    albumentations.CenterCrop(SIZE, SIZE, p=1),
])


def with_albumentations():
    return np.array([TRANSFORM(image=lens)["image"] for lens in LENSES for _ in range(COPIES)])


for line in sys.stdin:
    way = json.loads(line)["way"]
    start = time.perf_counter()
    made = pybia() if way == "pybia" else with_albumentations()
    seconds = time.perf_counter() - start
    assert made.shape == (500, SIZE, SIZE, 3), made.shape
    print(json.dumps(dict(seconds=seconds)), flush=True)
