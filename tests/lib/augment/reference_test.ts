/** Every step against an independent calculation: SciPy's, or one that a reader can do by eye. */
import {
  type AlignedArrays,
  applyDraws,
  type AugmentationStep,
  type DrawArrays,
  parseAugmentation,
  sampleDraws,
} from "../../../lib/augment/mod.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

/** `(7 * r + 5 * c + 3 * r * c) % 11` */
const FIVE = Float32Array.from({ length: 25 }, (_, i) => {
  const r = Math.floor(i / 5), c = i % 5;
  return (7 * r + 5 * c + 3 * r * c) % 11;
});

const drawn = (values: Record<string, number | number[]>): DrawArrays =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const data = Float32Array.from([value].flat());
      return [name, { data, shape: Array.isArray(value) ? [1, value.length] : [1] }];
    }),
  );

function applied(steps: AugmentationStep[], values: Record<string, number | number[]>): Float32Array {
  const arrays = { image: { array: { data: FIVE, shape: [1, 5, 5, 1] }, role: "image" } } as const;
  return applyDraws(steps, drawn(values), arrays).image.array.data as Float32Array;
}

/*
Python 3.11, SciPy 1.17.1; x is the image, mid = 2; r, c = np.mgrid[:5, :5].astype(float); X, Y = c - mid, r - mid:

t = np.deg2rad(33); xi, yi = np.cos(t)*X - np.sin(t)*Y, np.sin(t)*X + np.cos(t)*Y
rotate: ndimage.map_coordinates(x, [yi + mid, xi + mid], order=order, mode=mode, cval=2)
shift:  ndimage.shift(x, (.25, -1.5), order=1, mode="grid-constant")
zoom:   ndimage.map_coordinates(x, [Y/1.5 + mid, X/1.5 + mid], order=1, mode="grid-constant")
shear:  ndimage.map_coordinates(x, [Y + mid, X - .5*Y + mid], order=1, mode="grid-constant")
skew:   a, b = np.tan(np.deg2rad(10)), np.tan(np.deg2rad(-20)); S = np.linalg.inv([[1, a], [b, 1]])
        ndimage.map_coordinates(x, [S[1, 0]*X + S[1, 1]*Y + mid, S[0, 0]*X + S[0, 1]*Y + mid], order=1, mode="grid-constant")
blur:   ndimage.gaussian_filter(x, .7, mode=mode, truncate=4)
*/
const MODES = {
  constant: "grid-constant",
  nearest: "nearest",
  reflect: "reflect",
  wrap: "grid-wrap",
} as const;
// deno-fmt-ignore
const TURNED = {
  constant: [
    3.18083, 7.05429, 5.82923, 6.53777, 2.64511, 4.34093, 4.43024, 4.97684, 4.42607, 2.19309, 5.63753, 3.28104, 3,
    5.4596, 2.89221, 3.55793, 3.60761, 3.30702, 5.74707, 3.09466, 3.19408, 8.92146, 1.85547, 4.72023, 2.48069,
  ],
  nearest: [
    7.05968, 8.49635, 5.82923, 6.53777, 4.76419, 4.34093, 4.43024, 4.97684, 4.42607, 2.24818, 5.63753, 3.28104, 3,
    5.4596, 2.89221, 4.00243, 3.60761, 3.30702, 5.74707, 3.09466, 7.11644, 8.92146, 1.85547, 5.49635, 4.05968,
  ],
  reflect: [
    7.05968, 8.49635, 5.82923, 6.53777, 4.76419, 4.34093, 4.43024, 4.97684, 4.42607, 2.24818, 5.63753, 3.28104, 3,
    5.4596, 2.89221, 4.00243, 3.60761, 3.30702, 5.74707, 3.09466, 7.11644, 8.92146, 1.85547, 5.49635, 4.05968,
  ],
  wrap: [
    4.30901, 7.88604, 5.82923, 6.53777, 5.21501, 4.34093, 4.43024, 4.97684, 4.42607, 2.80448, 5.63753, 3.28104, 3,
    5.4596, 2.89221, 3.9468, 3.60761, 3.30702, 5.74707, 3.09466, 2.60824, 8.92146, 1.85547, 6.21793, 5.90872,
  ],
};
const TURNED_NEAREST = {
  constant: [2, 10, 4, 6, 2, 5, 1, 9, 3, 3, 7, 4, 3, 8, 0, 3, 3, 2, 5, 2, 2, 10, 1, 7, 2],
  nearest: [5, 10, 4, 6, 6, 5, 1, 9, 3, 3, 7, 4, 3, 8, 0, 3, 3, 2, 5, 2, 10, 10, 1, 7, 2],
  reflect: [5, 10, 4, 6, 6, 5, 1, 9, 3, 3, 7, 4, 3, 8, 0, 3, 3, 2, 5, 2, 10, 10, 1, 7, 2],
  wrap: [1, 10, 4, 6, 7, 5, 1, 9, 3, 3, 7, 4, 3, 8, 0, 3, 3, 2, 5, 2, 0, 10, 1, 7, 4],
};
// deno-fmt-ignore
const BLURRED = {
  constant: [
    1.65335, 3.66869, 5.07032, 4.93581, 4.55243, 3.5209, 3.95169, 4.15002, 5.70806, 4.7496, 3.64315, 3.47817, 3.54642,
    4.30173, 2.87988, 4.79743, 3.76763, 4.47139, 4.73743, 2.53322, 3.39157, 2.7691, 3.75687, 3.59117, 3.24066,
  ],
  nearest: [
    2.21054, 4.74585, 6.71271, 6.35633, 7.64358, 4.54299, 4.04502, 4.22452, 5.82614, 6.09243, 4.77461, 3.52955, 3.54764,
    4.3324, 3.54866, 6.48333, 3.87343, 4.51785, 4.80155, 3.09708, 5.6466, 3.53593, 4.77706, 4.56214, 5.68083,
  ],
  reflect: [
    2.29215, 4.7376, 6.67139, 6.35927, 7.59859, 4.53637, 4.04493, 4.22427, 5.8262, 6.09904, 4.75275, 3.52942, 3.54764,
    4.33253, 3.56937, 6.4289, 3.87316, 4.51786, 4.80182, 3.12866, 5.62463, 3.54594, 4.77945, 4.57437, 5.6037,
  ],
  wrap: [
    4.16618, 4.45729, 6.09277, 5.886, 6.21591, 4.84551, 4.04103, 4.19653, 5.7951, 5.81405, 4.33227, 3.50884, 3.54764,
    4.3531, 3.98985, 5.35765, 3.83887, 4.5456, 4.87111, 4.17576, 5.039, 3.88566, 5.35807, 4.98823, 5.69798,
  ],
};
for (const fill of ["constant", "nearest", "reflect", "wrap"] as const) {
  Deno.test(`rotate with fill ${fill} is ndimage's mode ${MODES[fill]}, linear and nearest`, () => {
    const step = { op: "rotate", degrees: 90, fill, value: 2 } as const, draws = { "0.degrees": 33 };
    assertClose(applied([step], draws), TURNED[fill], 1e-5);
    assertEquals([...applied([{ ...step, interpolation: "nearest" }], draws)], TURNED_NEAREST[fill]);
  });

  Deno.test(`blur with fill ${fill} is ndimage's gaussian_filter`, () => {
    assertClose(applied([{ op: "blur", sigma: 0.7, fill }], { "0.sigma": 0.7 }), BLURRED[fill], 1e-5);
  });
}

Deno.test("shift, zoom, shear and skew are ndimage's", () => {
  const moved: [AugmentationStep, Record<string, number>, number[]][] = [
    // deno-fmt-ignore
    [{ op: "shift", most: 2, whole: false }, { "0.rows": 0.25, "0.columns": -1.5 }, [
      5.625, 5.25, 4.875, 3.375, 0, 3.75, 5.5, 7.25, 3.375, 0, 2.875, 3.5, 4.125, 1.875, 0, 3.375, 5.625, 3.75, 0.375,
      0, 3.875, 5, 4.75, 3, 0,
    ]],
    // deno-fmt-ignore
    [{ op: "zoom", range: [1, 2] }, { "0.magnification": 1.5 }, [
      4.44444, 4.22222, 4, 6.22222, 7.22222, 4.33333, 3, 1.66667, 5.22222, 6.33333, 3, 3, 3, 3, 3, 4.11111, 3, 4.33333,
      5.66667, 4.55556, 4, 3, 5.66667, 5.88889, 4.88889,
    ]],
    // deno-fmt-ignore
    [{ op: "shear", most: 1 }, { "0.tangent": 0.5 }, [
      5, 10, 4, 9, 0, 5.5, 2.5, 5, 7.5, 3, 3, 3, 3, 3, 3, 5, 6, 3.5, 6.5, 4, 0, 6, 1, 7, 2,
    ]],
    // deno-fmt-ignore
    [{ op: "skew", degrees: 30 }, { "0.across": 10, "0.down": -20 }, [
      0.986661, 5.41783, 7.48573, 6.66528, 5.19789, 3.20358, 4.11305, 2.36622, 6.39708, 3.59715, 5.48865, 3.28014, 3,
      4.64822, 1.60792, 4.57366, 2.90622, 4.41228, 6.14106, 4.78021, 7.2756, 3.19426, 4.89036, 3.08204, 2.3086,
    ]],
  ];
  for (const [step, draws, expected] of moved) assertClose(applied([step], draws), expected, 1e-5, step.op);
  assertEquals(
    applied([{ op: "zoom", most: 0.5 }], { "0.view": 2 / 3 }).map((value) => Math.round(value * 1e4)),
    applied([{ op: "zoom", range: [1, 2] }], { "0.magnification": 1.5 }).map((value) =>
      Math.round(value * 1e4)
    ),
    "a view of 2/3 is a magnification of 1.5",
  );
});

Deno.test("motions in a row and a crop are one resampling, and points go where their pixels go", () => {
  /*
  xi, yi = (c[:3, :3] + 1 - mid)/.8, (r[:3, :3] + 1 - mid)/.8
  xi, yi = np.cos(t)*xi - np.sin(t)*yi, np.sin(t)*xi + np.cos(t)*yi
  xi, yi = xi - 2, yi - 1; xi = -xi
  ndimage.map_coordinates(x, [yi + mid, xi + mid], order=1, mode="reflect")
  The point at row 1, column 3: p = [-(3 - mid), 1 - mid] + [2, 1]; p = [[cos t, sin t], [-sin t, cos t]] @ p * .8 + mid - 1
  */
  const steps: AugmentationStep[] = [
    { op: "flip", horizontal: true },
    { op: "shift", most: 2, fill: "reflect" },
    { op: "rotate", degrees: 90, fill: "reflect" },
    { op: "zoom", range: [0.5, 2], fill: "reflect" },
    { op: "centerCrop", size: 3 },
  ];
  const draws = drawn({
    "0.horizontal": 1,
    "1.rows": 1,
    "1.columns": 2,
    "2.degrees": 33,
    "3.magnification": 0.8,
  });
  const arrays: AlignedArrays = {
    image: { array: { data: FIVE, shape: [1, 5, 5, 1] }, role: "image" },
    points: { array: { data: Float32Array.of(1, 3), shape: [1, 1, 2] }, role: "points" },
    inSpace: { array: { data: Float32Array.of(7, 1, 3), shape: [1, 1, 3] }, role: "points" },
  };
  const { image, points, inSpace } = applyDraws(steps, draws, arrays);
  assertEquals(image.array.shape, [1, 3, 3, 1]);
  assertClose(
    image.array.data,
    [9, 5.59601, 5.08102, 7.92414, 6, 4.79177, 6.28083, 2.85499, 2.95648],
    1e-5,
  );
  assertClose(points.array.data, [0.5642888, 1.6709365], 1e-6);
  assertClose(inSpace.array.data, [7, 0.5642888, 1.6709365], 1e-6);
});

const NINE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

Deno.test("flips exchange pixels of any type: each way, and all in turn", () => {
  const flipped = (draws: Record<string, number>) => {
    const all = { "0.horizontal": 0, "0.vertical": 0, "0.transpose": 0, ...draws };
    const arrays = { image: { array: { data: NINE, shape: [1, 3, 3, 1] }, role: "image" } } as const;
    const step = { op: "flip", horizontal: true, vertical: true, transpose: true } as const;
    return applyDraws([step], drawn(all), arrays).image.array.data;
  };
  assertEquals(flipped({}), NINE);
  assertEquals(flipped({ "0.horizontal": 1 }), Uint8Array.of(3, 2, 1, 6, 5, 4, 9, 8, 7));
  assertEquals(flipped({ "0.vertical": 1 }), Uint8Array.of(7, 8, 9, 4, 5, 6, 1, 2, 3));
  assertEquals(flipped({ "0.transpose": 1 }), Uint8Array.of(1, 4, 7, 2, 5, 8, 3, 6, 9));
  assertEquals(flipped({ "0.horizontal": 1, "0.transpose": 1 }), Uint8Array.of(3, 6, 9, 2, 5, 8, 1, 4, 7));
});

Deno.test("a mask follows its image: labels of a turned picture are those of the nearest pixel", () => {
  const image = Float32Array.from(FIVE), label = Int32Array.from(FIVE, (value) => value > 4 ? 1 : 0);
  const arrays: AlignedArrays = {
    image: { array: { data: image, shape: [1, 5, 5, 1] }, role: "image" },
    mask: { array: { data: label, shape: [1, 5, 5] }, role: "mask" },
  };
  const step = { op: "rotate", degrees: 90, fill: "nearest" } as const;
  const { mask } = applyDraws([step], drawn({ "0.degrees": 33 }), arrays);
  assertEquals([...mask.array.data], TURNED_NEAREST.nearest.map((value) => value > 4 ? 1 : 0));
  const filled = applyDraws([{ ...step, fill: "constant", value: 2 }], drawn({ "0.degrees": 33 }), arrays);
  assertEquals(filled.mask.array.data[0], 0); // outside there is no label, whatever the image's fill
});

Deno.test("all frames of a volume and all its bands move by one draw", () => {
  const volume = Float32Array.from({ length: 100 }, (_, i) => {
    const frame = Math.floor(i / 50), pixel = Math.floor(i % 50 / 2), band = i % 2;
    return FIVE[pixel] + 100 * frame + 20 * band;
  });
  const arrays = { volume: { array: { data: volume, shape: [1, 2, 5, 5, 2] }, role: "image" } } as const;
  const step = { op: "rotate", degrees: 90, fill: "nearest" } as const;
  const { data } = applyDraws([step], drawn({ "0.degrees": 33 }), arrays).volume.array;
  for (const [frame, band] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    const plane = TURNED.nearest.map((_, pixel) => data[frame * 50 + pixel * 2 + band]);
    assertClose(plane, TURNED.nearest.map((value) => value + 100 * frame + 20 * band), 1e-5);
  }
});

Deno.test("cut-outs blot squares out, cut by the border, and whole circles", () => {
  const square = applied([{ op: "cutout", shape: "square", size: 2, value: -1 }], {
    "0.rows": [0.4],
    "0.columns": [2],
  });
  const expected = Float32Array.from(FIVE);
  expected[1] = expected[2] = -1; // the middle at 0.4, 2: rows −0.6 to 1.4, columns 1 to 3
  assertEquals(square, expected);
  const circle = applied([{ op: "cutout", shape: "circle", radius: 1 }], { "0.rows": [3], "0.columns": [1] });
  const cross = Float32Array.from(FIVE);
  for (const pixel of [11, 15, 16, 17, 21]) cross[pixel] = 0;
  assertEquals(circle, cross);
});

Deno.test("gain, noise and channel dropout are what they say", () => {
  assertEquals(
    applied([{ op: "gain", factor: [1, 3], offset: 1, pedestal: 3 }], { "0.factor": 2, "0.offset": 1 }),
    FIVE.map((value) => 3 + (value - 3) * 2 + 1),
  );
  const noise = { data: Float32Array.from({ length: 25 }, (_, i) => i - 12), shape: [1, 5, 5, 1] };
  const image = { array: { data: FIVE, shape: [1, 5, 5, 1] }, role: "image" } as const;
  const noisy = applyDraws([{ op: "noise", law: "gaussian", sigma: [0, 1] }], {
    ...drawn({ "0.sigma": 0.5 }),
    "0.normal:image": noise,
  }, { image });
  assertEquals(noisy.image.array.data, FIVE.map((value, i) => value + 0.5 * (i - 12)));
  const bands = {
    array: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [1, 1, 2, 3] },
    role: "image",
  } as const;
  const step = { op: "channelDropout", value: 9 } as const;
  assertEquals(
    applyDraws([step], drawn({ "0.lost": 1, "0.band": 0.5 }), { bands }).bands.array.data,
    Float32Array.of(1, 9, 3, 4, 9, 6),
  );
  assertThrows(
    () => sampleDraws([step], createRng(1), 1, { image: { role: "image", shape: [5, 5, 1] } }),
    RangeError,
    'Cannot drop a channel of "image" as it must have more than one: got [5, 5, 1]',
  );
});

/** Three pictures of 1 × 4 pixels and their classes. */
const THREE: AlignedArrays = {
  image: {
    array: { data: Float32Array.of(0, 0, 0, 0, 10, 20, 30, 40, 8, 8, 8, 8), shape: [3, 1, 4, 1] },
    role: "image",
  },
  label: { array: { data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shape: [3, 3] }, role: "label" },
};
const column = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });

Deno.test("mixup mixes pictures and labels by the same share", () => {
  const draws = {
    "0.partner": { data: Float32Array.of(1, 2, 0), shape: [3, 1] },
    "0.share": column(0.75, 0.5, 1),
    "0.mixed": column(1, 0, 1),
  };
  const { image, label } = applyDraws([{ op: "mixup", chance: 0.5 }], draws, THREE);
  assertEquals([...image.array.data], [2.5, 5, 7.5, 10, 10, 20, 30, 40, 8, 8, 8, 8]);
  assertEquals([...label.array.data], [0.75, 0.25, 0, 0, 1, 0, 0, 0, 1]);
});

Deno.test("cutmix puts a box in, and labels follow the area that it really covers", () => {
  const draws = {
    "0.partner": { data: Float32Array.of(1, 2, 0), shape: [3, 1] },
    "0.share": column(0, 0.75, 0.75), // boxes of sides 1 and 1/2
    "0.mixed": column(1, 1, 0),
    "0.row": column(0.5, 0.5, 0.5),
    "0.column": column(0, 0.5, 0.5), // the first is cut by the border: columns 0 to 2 of 4
  };
  const { image, label } = applyDraws([{ op: "cutmix" }], draws, THREE);
  assertEquals([...image.array.data], [10, 20, 0, 0, 10, 8, 8, 40, 8, 8, 8, 8]);
  assertEquals([...label.array.data], [0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 1]);
});

Deno.test("blend joins as many as drawn, alike, and its labels are the mean", () => {
  const draws = {
    "0.partner": { data: Float32Array.of(1, 2, 2, 0, 0, 1), shape: [3, 2] },
    "0.number": column(3, 2, 2),
    "0.mixed": column(1, 1, 0),
  };
  const blended = (how: "mean" | "max" | "min") =>
    applyDraws([{ op: "blend", how, images: 3, chance: 0.9 }], draws, THREE);
  assertClose(blended("mean").image.array.data, [6, 28 / 3, 38 / 3, 16, 9, 14, 19, 24, 8, 8, 8, 8], 1e-6);
  assertEquals([...blended("max").image.array.data], [10, 20, 30, 40, 10, 20, 30, 40, 8, 8, 8, 8]);
  assertEquals([...blended("min").image.array.data], [0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8]);
  const third = 1 / 3;
  assertClose(blended("max").label.array.data, [third, third, third, 0, 0.5, 0.5, 0, 0, 1], 1e-6);
});

Deno.test("elastic takes points where it takes the pixels", () => {
  // A picture of its own rows and columns: where a point is now, the picture shows where it was.
  const side = 40, data = new Float32Array(side * side * 2);
  for (let i = 0; i < side * side; i++) data.set([Math.floor(i / side), i % side], 2 * i);
  const steps: AugmentationStep[] = [{ op: "elastic", amplitude: 2, sigma: 6 }];
  const before = [15, 20, 22.5, 11, 30, 28.25];
  const arrays: AlignedArrays = {
    image: { array: { data, shape: [1, side, side, 2] }, role: "image" },
    points: { array: { data: Float32Array.from(before), shape: [1, 3, 2] }, role: "points" },
  };
  const sites = {
    image: { role: "image", shape: [side, side, 2] },
    points: { role: "points", shape: [3, 2] },
  } as const;
  const { image, points } = applyDraws(steps, sampleDraws(steps, createRng(3), 1, sites), arrays);
  const after = points.array.data,
    shown = (row: number, column: number, band: number) => {
      const top = Math.floor(row), left = Math.floor(column), v = row - top, u = column - left;
      const at = (r: number, c: number) => image.array.data[(r * side + c) * 2 + band];
      return (1 - v) * ((1 - u) * at(top, left) + u * at(top, left + 1)) +
        v * ((1 - u) * at(top + 1, left) + u * at(top + 1, left + 1));
    };
  for (let i = 0; i < 6; i += 2) {
    const seen = [0, 1].map((band) => shown(after[i], after[i + 1], band));
    assertClose(seen, before.slice(i, i + 2), 2e-3);
    assert(Math.hypot(after[i] - before[i], after[i + 1] - before[i + 1]) > 0.3, "the point hardly moved");
  }
});

Deno.test("what cannot be augmented is named", () => {
  const of = (role: "image" | "mask" | "points" | "label", shape: number[], whole = false) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return { array: { data: whole ? new Int32Array(length) : new Float32Array(length), shape }, role };
  };
  const rotate = [{ op: "rotate", degrees: 5 }] as const, draws = drawn({ "0.degrees": 5 });
  assertThrows(
    () => applyDraws(rotate, draws, { x: of("label", [1, 3]) }),
    TypeError,
    "one of the arrays must be an image or a mask",
  );
  assertThrows(
    () => applyDraws(rotate, draws, { x: of("image", [1, 5, 5, 1]), y: of("mask", [1, 4, 5]) }),
    TypeError,
    'Cannot augment "y" with "x" as images and masks must have the same sides: got 4 × 5 and 5 × 5',
  );
  assertThrows(
    () => applyDraws(rotate, draws, { x: of("image", [1, 5, 5]) }),
    TypeError,
    'Cannot augment "x" as images must be [height, width, bands]',
  );
  assertThrows(
    () => applyDraws(rotate, draws, { x: of("image", [1, 5, 5, 1]), p: of("points", [1, 5]) }),
    TypeError,
    'Cannot augment "p" as points must be [points, 2] or [points, 3]: got [5] an example',
  );
  const mixed = (name: AugmentationStep["op"], arrays: AlignedArrays) => {
    const steps = [{ op: name } as AugmentationStep];
    const sites = Object.fromEntries(
      Object.entries(arrays).map(([key, { role, array }]) => [key, { role, shape: array.shape.slice(1) }]),
    );
    return () => applyDraws(steps, sampleDraws(steps, createRng(1), 2, sites), arrays);
  };
  const image = of("image", [2, 5, 5, 1]);
  assertThrows(
    mixed("mixup", { image, y: of("label", [2], true) }),
    TypeError,
    'Cannot mix "y" by "mixup" as labels must be shares of classes or values, as floats: got whole numbers',
  );
  assertThrows(mixed("blend", { image, m: of("mask", [2, 5, 5], true) }), TypeError, "masks must be floats");
  assertThrows(
    mixed("cutmix", { image, y: of("label", [2]), p: of("points", [2, 3, 2]) }),
    TypeError,
    "points of two examples",
  );
  assertThrows(
    mixed("mixup", { image }),
    TypeError,
    'Cannot mix examples by "mixup" as their labels must follow: give them the role "label"',
  );
  mixed("mixup", { image, y: { ...of("label", [2]), role: "none" } })();
  mixed("cutmix", { image, m: of("mask", [2, 5, 5], true) })(); // boxes keep whole numbers whole
  const sites = { x: { role: "image", shape: [4, 5, 1] } } as const;
  assertThrows(
    () => sampleDraws([{ op: "flip", transpose: true }], createRng(1), 1, sites),
    RangeError,
    "must be square: got 4 × 5",
  );
  assertThrows(
    () => sampleDraws([{ op: "centerCrop", size: 5 }], createRng(1), 1, sites),
    RangeError,
    "Cannot crop 5 × 5 pixels as they must lie inside the image: the image is 4 × 5",
  );
  assertThrows(
    () => sampleDraws([{ op: "cutout", shape: "circle", radius: 2 }], createRng(1), 1, sites),
    RangeError,
    "got radius 2 and 4 × 5 pixels",
  );
  assertThrows(
    () => sampleDraws([{ op: "mixup" }], createRng(1), 1, sites),
    RangeError,
    "Cannot draw 1 other example of a batch",
  );
});

Deno.test("parseAugmentation() fills in defaults and names the step and the parameter that is wrong", () => {
  assertEquals(parseAugmentation([{ op: "shift", most: 2 }]), [
    { op: "shift", most: 2, fill: "constant", value: 0, interpolation: "bilinear" },
  ]);
  const refuses = (value: unknown, message: string) =>
    assertThrows(() => parseAugmentation(value), TypeError, message);
  refuses({}, "it must be a list of steps: got object");
  refuses([{ op: "flip", horizontal: true }, { op: "rotat", degrees: 1 }], 'got "rotat" (nearest: "rotate")');
  refuses([{ op: "rotate" }], 'Cannot read step 1 of augmentation as "rotate": degrees: ');
  refuses([{ op: "rotate", degrees: 10, fil: "wrap" }], '"fil"');
  refuses([{ op: "flip" }], "one of horizontal, vertical and transpose must be true");
  refuses([{ op: "zoom", most: 0.1, range: [1, 2] }], "give either most or range");
  refuses([{ op: "noise", law: "gaussian", sigma: [2, 1] }], "sigma: ");
});
