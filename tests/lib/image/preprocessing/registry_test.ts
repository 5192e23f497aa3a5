import {
  parsePreprocessing,
  preprocess,
  type PreprocessingStep,
  primitiveOps,
  regionOf,
  shapeAfter,
} from "../../../../lib/image/preprocessing/mod.ts";
import type { FrameData } from "../../../../lib/image/frame.ts";
import { decodePng, encodePng } from "../../../../lib/io/png.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";
import { randomCase } from "./_random_steps.ts";

/** Values after steps as they may be written in a card. */
function after(steps: unknown[], data: FrameData, shape: number[], white = 255): Float32Array {
  const parsed = parsePreprocessing(steps), out = preprocess(parsed, { data, shape }, { white });
  assertEquals(out.shape, shapeAfter(parsed, shape));
  return out.data;
}

Deno.test("parsePreprocessing() reads what published cards hold, and fills in defaults", () => {
  const published = [
    { op: "grey" },
    { op: "resize", height: 28, width: 28 },
    { op: "cropCenter", size: 20 },
    { op: "window", low: 60, high: 130 },
    { op: "scale", factor: 2 },
    { op: "invertIfBright" },
  ];
  const steps = parsePreprocessing(JSON.parse(JSON.stringify(published)));
  assertEquals<unknown>(steps, published.map((step) => step.op === "scale" ? { ...step, offset: 0 } : step));
  assertEquals(parsePreprocessing([]), []);
  assertEquals<unknown>(parsePreprocessing([{ op: "timeOrder", minTime: -0.1, maxTime: 0.1 }]), [{
    op: "timeOrder",
    minTime: -0.1,
    maxTime: 0.1,
    step: 0.0099,
    cumulative: false,
    removeEmpty: true,
    lowEnergy: 0.005,
    outside: "drop",
    channels: "both",
    like: "right",
  }]);
});

Deno.test("parsePreprocessing() names every fault by its place", () => {
  const fault = (steps: unknown, includes: string) =>
    assertThrows(() => parsePreprocessing(steps), TypeError, includes);
  fault("grey", "expected array");
  fault([{ op: "cropCentre", size: 3 }], '[0]: unknown step "cropCentre" (nearest: "cropCenter")');
  fault([{ op: "constructor" }], '[0]: unknown step "constructor"');
  fault([null], '[0]: must be an object with its name under "op"');
  fault([{ op: "grey" }, { op: "cropCenter", size: 0 }], "[1].size: ");
  fault([{ op: "cropCenter", size: 3, sise: 4 }], "sise");
  fault([{ op: "window", low: 5, high: 5 }], "[0]: low must be below high");
  fault([{ op: "scale", factor: Infinity }], "[0].factor: ");
  fault([{ op: "asinh", scale: [1, 0] }], "[0].scale");
  fault([{ op: "standardize", mean: 0, std: -1 }], "[0].std");
  fault([{ op: "bandLimits", min: [0, 0], max: [1] }], "one value a band each");
  fault([{ op: "bandLimits", min: [0, 2], max: [1, 2] }], "each min must be below its max");
  fault([{ op: "bandLimits", min: 0, max: 1 }], "[0].min: ");
  fault([{ op: "selectBands", bands: [-1] }], "[0].bands[0]: ");
  fault([{ op: "timeOrder", minTime: 1, maxTime: 1 }], "minTime must be below maxTime");
  fault([{ op: "timeOrder", minTime: 0, maxTime: 1, step: 1e-9 }], "at most 4096 frames");
  fault([{ op: "timeOrder", minTime: 0, maxTime: 1, like: "document", outside: "clamp" }], "cannot clamp");
  const both = assertThrows(() => parsePreprocessing([{ op: "gray" }, { op: "pad", height: 2 }]), TypeError);
  assert(both.message.includes('"gray"') && both.message.includes("[1].width"), both.message);
});

Deno.test("parsePreprocessing() refuses to invert by a white that there is no more", () => {
  const inverted = (before: unknown) => parsePreprocessing([before, { op: "invertIfBright" }]);
  assertThrows(
    () => inverted({ op: "standardize", mean: [0, 1], std: 1 }),
    TypeError,
    '"invertIfBright" cannot come after "standardize"',
  );
  assertEquals(inverted({ op: "standardize", mean: [1, 1], std: 2 }).length, 2);
  assertThrows(() => inverted({ op: "timeOrder", minTime: 0, maxTime: 1 }), TypeError, '"timeOrder"');
});

Deno.test("shapeAfter() and preprocess() name the step and the shape that it does not fit", () => {
  const fault = (step: unknown, shape: number[], includes: string) => {
    const steps = parsePreprocessing([step]), data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    assertThrows(() => shapeAfter(steps, shape), Error, includes);
    assertThrows(() => preprocess(steps, { data, shape }, { white: 1 }), Error, includes);
    assertThrows(() => primitiveOps(steps, shape, { white: 1 }), Error, includes);
  };
  fault({ op: "cropCenter", size: 5 }, [6, 4, 1], "5 × 5 pixels must lie inside the picture: it is [6,4,1]");
  fault({ op: "pad", height: 5, width: 9 }, [6, 4, 1], "must fit into 5 × 9 pixels: it is [6,4,1]");
  fault({ op: "grey" }, [2, 2, 5], "1 to 4 channels: got 5");
  fault({ op: "standardize", mean: [1, 2, 3], std: 1 }, [2, 2, 2], "got 3 values for 2 channels");
  fault({ op: "standardize", mean: 0, std: [1, 2, 3] }, [2, 2, 2], "got 3 values for 2 channels");
  fault({ op: "asinh", scale: [1, 2] }, [2, 2, 3], "got 2 values for 3 channels");
  fault({ op: "bandLimits", min: [0], max: [1] }, [2, 2, 3], "got 1 values for 3 channels");
  fault({ op: "selectBands", bands: [0, 3] }, [2, 2, 3], "Cannot select band 3: there are 3");
  fault(
    { op: "timeOrder", minTime: 0, maxTime: 1 },
    [2, 2, 1],
    "[height, width, (energy, time)]: got [2,2,1]",
  );
  for (const step of [{ op: "window", low: 0, high: 1 }, { op: "scale", factor: 1 }, { op: "log1p" }]) {
    fault(step, [4, 4], "must be [height, width, channels] or [frames, height, width, channels]: got [4,4]");
  }
  const wrong = { data: new Float32Array(3), shape: [2, 2, 1] };
  assertThrows(() => preprocess([], wrong, { white: 1 }), TypeError, "Cannot preprocess 3 values as [2,2,1]");
});

Deno.test("preprocess() applies steps in their order and leaves its input alone", () => {
  const data = Uint8Array.from({ length: 16 }, (_, i) => i * 10);
  const steps = [{ op: "cropCenter", size: 2 }, { op: "window", low: 50, high: 100 }, {
    op: "scale",
    factor: 2,
    offset: 1,
  }];
  assertClose(after(steps, data, [4, 4, 1]), [1, 1.4, 2.6, 3]);
  assertEquals(data[5], 50);
});

Deno.test("preprocess() treats every frame of a volume as it treats a picture", () => {
  const first = Uint8Array.from({ length: 27 }, (_, i) => 255 - i), second = first.map((_, i) => i * 3);
  const steps = [{ op: "resize", height: 4, width: 2 }, { op: "invertIfBright" }, { op: "grey" }, {
    op: "cropCenter",
    size: 2,
  }];
  const volume = after(steps, Uint8Array.of(...first, ...second), [2, 3, 3, 3]);
  const alone = [first, second].flatMap((frame) => [...after(steps, frame, [3, 3, 3])]);
  assertEquals([...volume], alone);
  assert(volume[0] < 20 && volume[4] > 20, "the bright frame alone was inverted");
});

Deno.test("steps by channel use each channel's own numbers", () => {
  const two = Float32Array.of(2, 20, -1, 40);
  assertClose(after([{ op: "standardize", mean: [1, 10], std: [2, 20] }], two, [1, 2, 2]), [
    0.5,
    0.5,
    -1,
    1.5,
  ]);
  assertClose(after([{ op: "standardize", mean: 1, std: 2 }], two, [1, 2, 2]), [0.5, 9.5, -1, 19.5]);
  // math.asinh in Python: asinh(1) = 0.881373587019543, asinh(2) = 1.4436354751788103, asinh(-.5) = -0.48121182505960347
  assertClose(
    after([{ op: "asinh", scale: [2, 20] }], two, [1, 2, 2]),
    [0.881373587, 0.881373587, -0.481211825, 1.443635475],
  );
  assertClose(after([{ op: "log1p" }], Float32Array.of(0, Math.E - 1, -2), [1, 3, 1]).subarray(0, 2), [0, 1]);
  assert(Number.isNaN(after([{ op: "log1p" }], Float32Array.of(-2), [1, 1, 1])[0]));
  assertEquals(
    after([{ op: "selectBands", bands: [1, 1, 0] }], two, [1, 2, 2]),
    Float32Array.of(20, 20, 2, 40, 40, -1),
  );
});

Deno.test("bandLimits normalises as pyBIA: what is not finite is the minimum", () => {
  const sky = Float32Array.of(-5, 50, 100, Infinity, NaN, 150, -Infinity, 300);
  // np.where(np.isfinite(x) & (x >= lo), np.minimum(x, hi), lo), then (x - lo) / (hi - lo), lo = [0, 100], hi = [100, 200]
  const expected = Float32Array.of(0, 0, 1, 0, 0, 0.5, 0, 1);
  assertEquals(after([{ op: "bandLimits", min: [0, 100], max: [100, 200] }], sky, [2, 2, 2]), expected);
});

Deno.test("pad puts the spare row below and the spare column on the right, and cropCenter takes them off", () => {
  const data = Uint8Array.of(1, 2, 3, 4),
    padded = after([{ op: "pad", height: 3, width: 5, value: -1 }], data, [2, 2, 1]);
  assertEquals([...padded], [-1, 1, 2, -1, -1, -1, 3, 4, -1, -1, -1, -1, -1, -1, -1]);
  const there = [{ op: "pad", height: 7, width: 7 }, { op: "cropCenter", size: 2 }];
  assertEquals([...after(there, data, [2, 2, 1])], [1, 2, 3, 4]);
});

Deno.test("white follows the steps that change it", () => {
  const paper = Float32Array.of(200, 200, 200, 200, 0, 200, 200, 200, 200);
  const middle = (step: unknown) => after([step, { op: "invertIfBright" }], paper, [3, 3, 1])[4];
  assertClose(middle({ op: "scale", factor: 1 / 255 }), 1, 1e-6);
  assertClose(middle({ op: "window", low: 0, high: 100 }), 1, 1e-6);
  assertClose(middle({ op: "asinh", scale: 255 }), Math.asinh(1), 1e-6);
  assertClose(middle({ op: "log1p" }), Math.log(256), 1e-6);
  assertClose(middle({ op: "standardize", mean: 5, std: 10 }), 25.5, 1e-6); // 25 - (-0.5)
  assertClose(middle({ op: "bandLimits", min: [0], max: [255] }), 1, 1e-6);
});

Deno.test("a decoder that reads regionOf() and the rest of the steps give what the whole picture gives", () => {
  let cut = 0, withoutCrop = 0;
  for (let seed = 0; seed < 1000; seed++) {
    const { pixels: { data, shape }, white, steps } = randomCase(seed);
    if (data instanceof Float32Array || shape.length !== 3 || shape[2] > 4) continue;
    const [height, width, channels] = shape;
    const png = encodePng({ data, height, width, channels }, { level: 1, filter: "none" });
    const { rows, columns, applied } = regionOf(steps, shape);
    const part = decodePng(png, { rows, columns });
    const decoded = { data: part.data, shape: [part.height, part.width, part.channels] };
    const expected = preprocess(steps, { data, shape }, { white });
    const where = `seed ${seed}: ${JSON.stringify(steps)}`;
    assertEquals(preprocess(steps.slice(applied), decoded, { white }), expected, where);
    assertEquals(preprocess(steps, decoded, { white }), expected, where);
    if (part.data.length < data.length) cut++;
    if (applied > 0) withoutCrop++;
  }
  assert(cut > 20 && withoutCrop > 20, `cut ${cut}, with steps applied ${withoutCrop}`);
});

Deno.test("regionOf() cuts only where a crop comes before any look at neighbours", () => {
  const region = (steps: PreprocessingStep[], shape: number[]) => regionOf(steps, shape);
  const crop: PreprocessingStep = { op: "cropCenter", size: 3 };
  const inside = { rows: [2, 5], columns: [2, 5] }, whole = { rows: [0, 8], columns: [0, 7], applied: 0 };
  assertEquals<unknown>(region([crop], [8, 7, 1]), { ...inside, applied: 1 });
  assertEquals<unknown>(region([{ op: "grey" }, crop], [8, 7, 1]), { ...inside, applied: 2 });
  assertEquals<unknown>(region([{ op: "grey" }, crop], [8, 7, 3]), { ...inside, applied: 0 });
  assertEquals<unknown>(region([{ op: "window", low: 0, high: 1 }, crop], [8, 7, 1]), {
    ...inside,
    applied: 0,
  });
  assertEquals<unknown>(region([crop, { op: "cropCenter", size: 1 }], [8, 7, 1]), { ...inside, applied: 1 });
  assertEquals<unknown>(region([crop], [2, 8, 7, 1]), { ...inside, applied: 1 });
  assertEquals<unknown>(region([{ op: "invertIfBright" }, crop], [8, 7, 1]), whole);
  assertEquals<unknown>(region([{ op: "resize", height: 4, width: 4 }, crop], [8, 7, 1]), whole);
  assertEquals<unknown>(region([{ op: "cropCenter", size: 8 }], [8, 7, 1]), whole);
  assertEquals<unknown>(region([], [8, 7, 1]), whole);
});

// By hand: of 3 × 3 pixels those within 1 of the middle are the cross; light 5 · 4 over 5 · 2 scales the second band by 2.
Deno.test("colorResidual leaves nothing of the middle's colour, and all that is bluer", () => {
  const data = Float32Array.from({ length: 18 }, (_, i) => i % 2 === 0 ? 4 : 2);
  data[0] = 9; // a corner is bluer
  data[16] = NaN; // another one is not known
  const steps = parsePreprocessing([{ op: "colorResidual", band: 0, minus: 1, radius: 1 }]);
  const { data: out, shape } = preprocess(steps, { data, shape: [3, 3, 2] }, { white: 1 });
  assertEquals(shape, [3, 3, 3]);
  assertEquals(Array.from({ length: 9 }, (_, p) => out[3 * p + 2]), [5, 0, 0, 0, 0, 0, 0, 0, NaN]);
  assertThrows(
    () => shapeAfter(steps, [3, 3, 1]),
    RangeError,
    'Cannot apply "colorResidual" to band 1: there are 1, counted from 0',
  );
  assertThrows(
    () => parsePreprocessing([{ op: "colorResidual", band: 1, minus: 1, radius: 1 }]),
    TypeError,
    "must differ",
  );
});
