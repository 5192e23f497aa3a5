import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { decodePng, encodePng } from "../../../lib/io/png.ts";
import { prepareImage, regionOf } from "../../../lib/score/preprocess.ts";
import type { Card } from "../../../lib/card/card.ts";
import type { PreprocessingStep } from "../../../lib/card/preprocessing.ts";

const card = (
  shape: number[],
  preprocessing: PreprocessingStep[],
  units = "counts",
): Pick<Card, "name" | "inputs" | "preprocessing"> => ({
  name: "tiny",
  inputs: [{ name: "image", shape, dtype: "float32", units }],
  preprocessing,
});
const grey = (values: number[], height: number, width: number) => ({
  data: Uint8Array.from(values),
  height,
  width,
  channels: 1 as const,
  depth: 8 as const,
});

Deno.test("prepareImage() applies the card's steps in their order", () => {
  const counting = grey(Array.from({ length: 16 }, (_, i) => i * 10), 4, 4);
  const steps: PreprocessingStep[] = [
    { op: "cropCenter", size: 2 },
    { op: "window", low: 50, high: 100 },
    { op: "scale", factor: 2, offset: 1 },
  ];
  assertClose(prepareImage(card([2, 2, 1], steps), counting), [1, 1.4, 2.6, 3], 1e-6);
  assertEquals(counting.data[5], 50, "the picture is not changed");
});

Deno.test("prepareImage() turns colour grey, drops alpha and leaves other numbers of channels alone", () => {
  const rgba = {
    data: Uint8Array.of(100, 0, 0, 7),
    height: 1,
    width: 1,
    channels: 4 as const,
    depth: 8 as const,
  };
  assertClose(prepareImage(card([1, 1, 1], []), rgba), [29.9], 1e-6);
  assertEquals(prepareImage(card([1, 1, 3], []), rgba), Float32Array.of(100, 0, 0));
  const greyAlpha = {
    data: Uint8Array.of(5, 9),
    height: 1,
    width: 1,
    channels: 2 as const,
    depth: 8 as const,
  };
  assertEquals(prepareImage(card([1, 1, 1], []), greyAlpha), Float32Array.of(5));
});

Deno.test("prepareImage() turns dark on bright round, by what is white at that step", () => {
  const paper = grey([255, 255, 255, 255, 0, 255, 255, 255, 255], 3, 3);
  const steps: PreprocessingStep[] = [{ op: "scale", factor: 1 / 255, offset: 0 }, { op: "invertIfBright" }];
  assertClose(prepareImage(card([3, 3, 1], steps), paper), [0, 0, 0, 0, 1, 0, 0, 0, 0], 1e-6);
  const dark = grey([0, 0, 0, 0, 255, 0, 0, 0, 0], 3, 3);
  assertClose(prepareImage(card([3, 3, 1], steps), dark), [0, 0, 0, 0, 1, 0, 0, 0, 0], 1e-6);
});

Deno.test("prepareImage() brings 16 bits to the range of 8 only where the model takes a fraction of full scale", () => {
  const deep = {
    data: Uint16Array.of(65535, 257),
    height: 1,
    width: 2,
    channels: 1 as const,
    depth: 16 as const,
  };
  const steps: PreprocessingStep[] = [{ op: "scale", factor: 1 / 255, offset: 0 }];
  assertClose(prepareImage(card([1, 2, 1], steps, "fraction of full scale"), deep), [1, 1 / 255], 1e-6);
  assertEquals(prepareImage(card([1, 2, 1], []), deep), Float32Array.of(65535, 257));
});

Deno.test("prepareImage() names the model's shape and the picture's where they differ", () => {
  const picture = grey(new Array(6).fill(0), 2, 3);
  assertThrows(() => prepareImage(card([4, 4, 1], []), picture), TypeError, "2 × 3 × 1");
  assertThrows(
    () => prepareImage(card([4, 4, 1], [{ op: "cropCenter", size: 4 }]), picture),
    RangeError,
    "4 × 4",
  );
});

Deno.test("regionOf() says what a decoder may leave out, and the model sees the same", () => {
  const steps: PreprocessingStep[] = [{ op: "grey" }, { op: "cropCenter", size: 3 }];
  const data = Uint8Array.from({ length: 56 }, (_, i) => i * 4);
  const png = encodePng({ data, height: 8, width: 7 });
  const region = regionOf(steps, 8, 7);
  assertEquals(region, { rows: [2, 5], columns: [2, 5] });
  const model = card([3, 3, 1], steps);
  assertEquals(prepareImage(model, decodePng(png, region)), prepareImage(model, decodePng(png)));
});

Deno.test("regionOf() leaves nothing out where a step looks at the whole picture first", () => {
  const crop: PreprocessingStep = { op: "cropCenter", size: 3 };
  assertEquals(regionOf([{ op: "invertIfBright" }, crop], 8, 8), undefined);
  assertEquals(regionOf([{ op: "resize", height: 4, width: 4 }, crop], 8, 8), undefined);
  assertEquals(regionOf([crop], 2, 8), undefined);
  assertEquals(regionOf([], 8, 8), undefined);
});
