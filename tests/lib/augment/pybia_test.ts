import {
  applyPybia,
  augmentPybia,
  type ImageSet,
  type PybiaMove,
  type PybiaOptions,
  samplePybia,
} from "../../../lib/augment/pybia.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

/** The images of the programs below: `(7 * r + 5 * c + 3 * r * c + k * (r + 2 * c)) % 11`, float32. */
function image(side: number, k = 0): number[] {
  return Array.from({ length: side * side }, (_, i) => {
    const r = Math.floor(i / side), c = i % side;
    return (7 * r + 5 * c + 3 * r * c + k * (r + 2 * c)) % 11;
  });
}

function setOf(images: number[][]): ImageSet {
  const side = Math.sqrt(images[0].length);
  return { data: Float32Array.from(images.flat()), shape: [images.length, side, side, 1] };
}

const STILL: PybiaMove = {
  rows: 0,
  columns: 0,
  flipHorizontal: false,
  flipVertical: false,
  degrees: 0,
  zoom: 1,
};

/** Of pyBIA, where NaN stands for what is beyond an image that is too small. */
const N = NaN;

/*
Python 3.11, SciPy 1.11.4, OpenCV 4.8.1, keras-preprocessing 1.1.2 (which does not exchange the axes yet), functions of
pyBIA 1.3.3's data_augmentation:

x = image(9)[..., None]
x = ImageDataGenerator(fill_mode=fill).apply_transform(
    x, dict(tx=rows, ty=columns, flip_horizontal=fh, flip_vertical=fv))
x = scipy.ndimage.rotate(x, degrees, reshape=False, order=0, prefilter=True)[..., 0]
z = scipy.ndimage.zoom(x[None], (1, f, f), mode="nearest", order=0)[0]
print(data_augmentation.resize(z, size))
*/
const MOVED: [PybiaMove, NonNullable<PybiaOptions["fill"]>, size: number, expected: number[]][] = [
  [
    { rows: 2, columns: -1, flipHorizontal: true, flipVertical: false, degrees: 30, zoom: 1.25 },
    "nearest",
    5,
    [0, 2, 7, 0, 2, 8, 7, 9, 0, 10, 3, 2, 1, 2, 9, 3, 2, 6, 6, 4, 7, 3, 7, 0, 4],
  ],
  [
    { rows: -3, columns: 2, flipHorizontal: false, flipVertical: true, degrees: 200, zoom: 0.8 },
    "wrap",
    6,
    // deno-fmt-ignore
    [8, 4, 3, 10, 2, 0, 4, 2, 8, 3, 9, 0, 5, 8, 0, 3, 3, 3, 4, 3, 3, 3, 0, 8, 5, 1, 4, 9, 5, 0, 0, 10, 10, 0, 0, 0],
  ],
  [
    { rows: 1, columns: 4, flipHorizontal: true, flipVertical: true, degrees: 77, zoom: 1 },
    "reflect",
    4,
    [5, 10, 4, 9, 6, 8, 10, 1, 6, 8, 10, 1, 5, 10, 4, 1],
  ],
  [
    { ...STILL, zoom: 0.7 },
    "constant",
    8,
    // deno-fmt-ignore
    [0, 10, 4, 3, 8, 7, N, N, 3, 3, 3, 3, 3, 3, N, N, 10, 5, 8, 3, 6, 1, N, N, 2, 9, 7, 3, 1, 8, N, N,
     9, 0, 1, 3, 4, 6, N, N, 1, 4, 0, 3, 10, 2, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N],
  ],
  [
    { rows: -2, columns: -2, flipHorizontal: false, flipVertical: false, degrees: 90, zoom: 1.1 },
    "constant",
    7,
    // deno-fmt-ignore
    [9, 6, 3, 3, 0, 8, 5, 4, 9, 3, 3, 8, 2, 7, 10, 1, 3, 3, 5, 7, 9, 10, 1, 3, 3, 5, 7, 9,
     5, 4, 3, 3, 2, 1, 0, 0, 7, 3, 3, 10, 6, 2, 0, 0, 0, 0, 0, 0, 0],
  ],
];

for (const [move, fill, size, expected] of MOVED) {
  Deno.test(`applyPybia() as pyBIA moves by ${JSON.stringify(move)}, fill ${fill}, to the pixel`, () => {
    const { data, shape } = applyPybia(setOf([image(9)]), { moves: [move] }, {
      mode: "pybia",
      fill,
      imageSize: size,
    });
    assertEquals(shape, [1, size, size, 1]);
    assertEquals([...data], expected);
  });
}

Deno.test("applyPybia() as pyBIA doubles an image where it means to skew it", () => {
  // np.random.uniform gives .05, -.1, .15, -.05 in turn: data_augmentation.random_skew(image(6), max_angle=10)
  // deno-fmt-ignore
  const expected = [
    1.33301, 2.57715, 3.5, 4.26562, 5.08594, 5.85156, 2.87109, 5.55078, 5.375, 4.5, 3.5625, 2.6875,
    2.69531, 5.21094, 4.97656, 4.07422, 3.10742, 2.20508, 1.81641, 3.51172, 3.62891, 3.3418, 3.03418, 2.74707,
    2.12402, 4.10645, 3.875, 3.10938, 2.96582, 3.25293, 3.66211, 7.08008, 5.75, 3.34375, 2.89258, 3.79492,
  ];
  const draws = { moves: [STILL], skews: [{ x: 0.05, y: -0.1, angleX: 0.15, angleY: -0.05 }] };
  assertClose(applyPybia(setOf([image(6)]), draws, { mode: "pybia" }).data, expected, 1e-5);
});

/** np.random.randint gives 3, choice [2, 0, 3]: image_blending(np.stack([image(3, k) for k in range(4)]), …, 3) */
const BLENDED = {
  mean: [0, 1.16667, 1.41667, 3, 1.5, 0.916667, 2.33333, 0.916667, 2.25],
  max: [0, 3, 3.33333, 3.33333, 3.33333, 1.66667, 3, 1.33333, 3.33333],
  min: [0, 0, 0, 2.33333, 0.666667, 0, 1, 0, 1],
};
for (const how of ["mean", "max", "min"] as const) {
  const pool = setOf([0, 1, 2, 3].map((k) => image(3, k)));
  const draws = { moves: Array(4).fill(STILL), blends: [{ images: [2, 0, 3], how: [how] }] };
  Deno.test(`applyPybia() blends by ${how}: as pyBIA by halves and darkened, rightly each alike`, () => {
    assertClose(applyPybia(pool, draws, { mode: "pybia" }).data, BLENDED[how], 1e-5);
    const [a, b, c] = [2, 0, 3].map((k) => image(3, k));
    const right = a.map((value, i) =>
      how === "mean" ? (value + b[i] + c[i]) / 3 : Math[how](value, b[i], c[i])
    );
    const { data, origins } = applyPybia(pool, draws);
    assertClose(data, right, 1e-6);
    assertEquals(origins, [[2, 0, 3]]);
  });
}

Deno.test("applyPybia() cuts out circles whose radius is maskSize, in both modes", () => {
  // np.random.randint gives 2, 5, 4, 3 in turn: data_augmentation.random_cutout(image(8) + 1, mask_size=2, num_masks=2)
  // deno-fmt-ignore
  const expected = [
    1, 6, 11, 5, 10, 0, 9, 3, 8, 5, 2, 10, 0, 0, 0, 9, 4, 4, 4, 0, 0, 0, 0, 0, 11, 3, 0, 0, 0, 0, 0, 10,
    7, 0, 0, 0, 0, 0, 10, 5, 3, 1, 0, 0, 0, 4, 2, 11, 10, 11, 1, 0, 3, 4, 5, 6, 6, 10, 3, 7, 11, 4, 8, 1,
  ];
  const set = setOf([image(8).map((value) => value + 1)]);
  const draws = { moves: [STILL], masks: [{ rows: [2, 4], columns: [5, 3] }] };
  for (const mode of ["pybia", "correct"] as const) {
    assertEquals([...applyPybia(set, draws, { mode, maskSize: 2, numMasks: 2 }).data], expected, mode);
  }
});

/*
Python 3.11, SciPy 1.17.1: the place in the image of every pixel of the crop, back through the steps.

mid = 4; top = 2; r, c = np.mgrid[:4, :4].astype(float); y = r + top - mid; x = c + top - mid
S = np.linalg.inv([[1, np.tan(.1)], [np.tan(-.06), 1]]); x, y = S[0, 0]*x + S[0, 1]*y, S[1, 0]*x + S[1, 1]*y
x, y = x / .81, y / .81
t = np.deg2rad(33.3); x, y = np.cos(t)*x - np.sin(t)*y, np.sin(t)*x + np.cos(t)*y
x = -x
print(scipy.ndimage.map_coordinates(image(9), [y + mid + 3, x + mid - 2], order=order, mode=fill))
*/
const INNER = [
  5.43168,
  3.6944,
  1.80587,
  NaN,
  5.13315,
  6.01565,
  7.75273,
  6.68432,
  3.42435,
  2.29666,
  2,
  8.19372,
];
const RIGHT = {
  constant: [[...INNER, 3.73322, 8.22018, 1.07, 0], 0, [7, 1, 2, 0, 7, 9, 10, 5, 2, 1, 2, 8, 3, 10, 0, 0]],
  nearest: [
    [...INNER, 3.73322, 8.22018, 1.07, 4.8342],
    7.73441,
    [7, 1, 2, 9, 7, 9, 10, 5, 2, 1, 2, 8, 3, 10, 0, 4],
  ],
  reflect: [
    [...INNER, 3.73322, 8.22018, 1.07, 4.8342],
    7.73441,
    [7, 1, 2, 9, 7, 9, 10, 5, 2, 1, 2, 8, 3, 10, 0, 4],
  ],
  wrap: [
    [...INNER, 3.73322, 8.22018, 1.07, 3.87324],
    6.11517,
    [7, 1, 2, 5, 7, 9, 10, 5, 2, 1, 2, 8, 3, 10, 0, 1],
  ],
} as const;
for (const fill of ["constant", "nearest", "reflect", "wrap"] as const) {
  Deno.test(`applyPybia() rightly is ndimage's resampling at orders 1 and 0, fill ${fill}`, () => {
    const move = {
      rows: 3,
      columns: -2,
      flipHorizontal: true,
      flipVertical: false,
      degrees: 33.3,
      zoom: 0.81,
    };
    const draws = { moves: [move], skews: [{ x: 0, y: 0, angleX: 0.1, angleY: -0.06 }] };
    const [linear, corner, nearest] = RIGHT[fill], expected = [...linear];
    expected[3] = corner;
    const options = { fill, imageSize: 4 };
    assertClose(applyPybia(setOf([image(9)]), draws, options).data, expected, 1e-5);
    assertEquals([...applyPybia(setOf([image(9)]), draws, { ...options, order: 0 }).data], [...nearest]);
  });
}

Deno.test("both modes agree where pyBIA has no fault: odd crops, no zoom, turns that nothing comes in by", () => {
  const set = setOf([image(15)]);
  for (const degrees of [0, 17, 90, 143, 180, 271]) {
    const draws = { moves: [{ ...STILL, rows: 1, columns: -2, flipVertical: true, degrees }] };
    const options = { imageSize: 7, order: 0, fill: "nearest" } as const;
    assertEquals(
      applyPybia(set, draws, options).data,
      applyPybia(set, draws, { ...options, mode: "pybia" }).data,
      `${degrees} degrees`,
    );
  }
});

/** The document's augmentation of lenses. */
const DOCUMENT: PybiaOptions = {
  batch: 25,
  widthShift: 10,
  heightShift: 10,
  vertical: true,
  horizontal: true,
  rotation: true,
  zoomRange: [0.9, 1.1],
  imageSize: 67,
  maskSize: 5,
  numMasks: 5,
};

Deno.test("augmentPybia() makes the document's 500 images of 20 lenses, all bands alike, by one seed", () => {
  const one = Float32Array.from({ length: 20 * 100 * 100 }, (_, i) => (i * 7919) % 1013);
  const data = Float32Array.from({ length: one.length * 3 }, (_, i) => one[Math.floor(i / 3)] * (1 + i % 3));
  for (const mode of ["correct", "pybia"] as const) {
    const make = () => augmentPybia({ data, shape: [20, 100, 100, 3] }, { ...DOCUMENT, mode }, createRng(7));
    const { data: made, shape, origins } = make();
    assertEquals(shape, [500, 67, 67, 3]);
    assertEquals(origins.length, 500);
    assertEquals([origins[24], origins[25], origins[499]], [[0], [1], [19]]);
    for (let i = 0; i < made.length; i += 3) {
      if (made[i] === made[i] && Math.abs(made[i + 2] - 3 * made[i]) > 1e-2) throw new Error("bands differ");
    }
    assertEquals(make().data, made);
    const zeros = made.filter((value) => value === 0).length / made.length;
    assert(zeros > 0.04 && zeros < 0.12, `${zeros} of the pixels are 0`); // 5 circles of 81 of 4489 pixels, at most 9 %
  }
});

Deno.test("samplePybia() draws by each mode's laws", () => {
  const shape = [20, 100, 100, 3], options = { ...DOCUMENT, batch: 500, widthShift: 2, heightShift: 3 };
  const right = samplePybia(shape, options, createRng(1)).moves;
  const pybia = samplePybia(shape, { ...options, mode: "pybia" }, createRng(1)).moves;
  const shares = (moves: readonly PybiaMove[], axis: "rows" | "columns") => {
    const counts: Record<number, number> = {};
    for (const move of moves) counts[move[axis]] = (counts[move[axis]] ?? 0) + 1 / moves.length;
    return counts;
  };
  const near = (actual: Record<number, number>, expected: Record<number, number>) => {
    assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort());
    for (const key in expected) {
      assert(Math.abs(actual[key] - expected[key]) < 0.02, `${key}: ${actual[key]}`); // 5 σ
    }
  };
  const even = (most: number) =>
    Object.fromEntries(Array.from({ length: 2 * most + 1 }, (_, i) => [i - most, 1 / (2 * most + 1)]));
  near(shares(right, "rows"), even(3));
  near(shares(right, "columns"), even(2));
  near(shares(pybia, "rows"), { "-1": 0.25, 0: 0.5, 1: 0.25 }); // the width, by Keras' exchange
  near(shares(pybia, "columns"), { "-2": 1 / 6, "-1": 1 / 6, 0: 1 / 3, 1: 1 / 6, 2: 1 / 6 });
  assert(pybia.every(({ degrees }) => Number.isInteger(degrees) && degrees >= 0 && degrees <= 360));
  assert(right.some(({ degrees }) => !Number.isInteger(degrees)));
  for (const moves of [right, pybia]) {
    assert(moves.every(({ zoom }) => zoom >= 0.9 && zoom < 1.1));
    assertClose(moves.filter((move) => move.flipVertical).length / moves.length, 0.5, 0.05);
    assertClose(moves.filter((move) => move.flipHorizontal).length / moves.length, 0.5, 0.05);
  }
  const blended = samplePybia([4, 9, 9, 2], { blendMultiplier: 250.3, numImagesToBlend: 3 }, createRng(2))
    .blends!;
  assertEquals(blended.length, 1001);
  assert(blended.every(({ images }) => new Set(images).size === images.length));
  assertClose(blended.filter(({ images }) => images.length === 2).length / 1001, 0.5, 0.16);
});

Deno.test("augmentPybia() gives the images back with batch 0, and keeps sets without bands", () => {
  const set = { data: Float32Array.from(image(4)), shape: [1, 4, 4] };
  assertEquals(augmentPybia(set, { batch: 0 }, createRng(1)), {
    data: set.data,
    shape: [1, 4, 4],
    origins: [[0]],
  });
  assertEquals(augmentPybia(set, { batch: 2, rotation: true }, createRng(1)).shape, [2, 4, 4]);
});

Deno.test("augmentPybia() says in one line what does not fit", () => {
  const set = setOf([image(9), image(9, 1)]);
  const refuses = (options: PybiaOptions, message: string, images = set) =>
    assertThrows(() => augmentPybia(images, options, createRng(1)), RangeError, message);
  refuses({ imageSize: 10 }, "imageSize must fit images of 9 × 9: got 10");
  refuses({ maskSize: 2 }, "maskSize and numMasks must come together: got maskSize alone");
  refuses({ maskSize: 5, numMasks: 1 }, "maskSize, a radius, must be less than half of 9 × 9 pixels: got 5");
  refuses(
    { maskSize: 4, numMasks: 2 },
    "2 circles of radius 4 must not cover more than an image: got 9 × 9 pixels",
  );
  refuses({ blendMultiplier: 1, numImagesToBlend: 3 }, "3 different copies are blended: got 2 to blend");
  refuses({ blendMultiplier: 1 }, "2 different copies are blended: got 1 to blend", setOf([image(9)]));
  refuses({ blendMultiplier: 0.5 }, "blendMultiplier must be 0 or at least 1: got 0.5");
  refuses({ mode: "pybia", zoomRange: [0.9, 1.1] }, "imageSize must bring them back");
  refuses({ widthShift: 1.5 }, "widthShift must be a whole number from 0: got 1.5");
  refuses({ zoomRange: [1.1, 0.9] }, "zoomRange must be two positive numbers going upwards");
  refuses({ skewAngle: 60 }, "skewAngle must be from 0 to less than 45 degrees: got 60");
  refuses({}, "there must be some: got an empty set", { data: new Float32Array(0), shape: [0, 9, 9, 1] });
  const bad = { data: Float32Array.of(1, NaN, Infinity, 2), shape: [1, 2, 2, 1] };
  refuses({}, "their pixels must be finite: got 2 of 4 that are not", bad);
  assertEquals([...augmentPybia(bad, { nonFinite: 0 }, createRng(1)).data], [1, 0, 0, 2]);
});
