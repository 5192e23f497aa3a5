import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { NotWholeError } from "../../../lib/card/wholeness.ts";
import type { RawArray } from "../../../lib/score/raw_array.ts";
import { decodePng, encodePng } from "../../../lib/io/png.ts";
import { prepareImage, prepareInput, regionFor } from "../../../lib/score/prepare.ts";
import type { Card } from "../../../lib/card/card.ts";
import type { PreprocessingStep } from "../../../lib/image/preprocessing/registry.ts";

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
  const wide = { ...greyAlpha, data: Uint8Array.of(1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 9), height: 2, width: 3 };
  assertEquals(prepareImage(card([2, 3, 1], []), wide), Float32Array.of(1, 2, 3, 4, 5, 6));
});

Deno.test("prepareImage() turns dark on bright round, by what is white at that step", () => {
  const paper = grey([255, 255, 255, 255, 0, 255, 255, 255, 255], 3, 3);
  const steps: PreprocessingStep[] = [{ op: "scale", factor: 1 / 255, offset: 0 }, { op: "invertIfBright" }];
  assertClose(prepareImage(card([3, 3, 1], steps), paper), [0, 0, 0, 0, 1, 0, 0, 0, 0], 1e-6);
  const dark = grey([0, 0, 0, 0, 255, 0, 0, 0, 0], 3, 3);
  assertClose(prepareImage(card([3, 3, 1], steps), dark), [0, 0, 0, 0, 1, 0, 0, 0, 0], 1e-6);
});

Deno.test("prepareInput() takes 1 for white among floats, and the most that a whole number's type holds", () => {
  const steps: PreprocessingStep[] = [{ op: "invertIfBright" }];
  const types = [["f4", Float32Array, 1], ["u1", Uint8Array, 255], ["u2", Uint16Array, 65_535]] as const;
  for (const [dtype, Values, white] of types) {
    const data = new Values(9).fill(white);
    data[4] = 0;
    const { data: turned } = prepareInput(card([3, 3, 1], steps), card([3, 3, 1], steps).inputs[0], {
      data,
      shape: [3, 3, 1],
      dtype,
    });
    assertEquals([...turned], [0, 0, 0, 0, white, 0, 0, 0, 0], dtype);
  }
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

Deno.test("regionFor() says what a decoder may leave out, and the model sees the same", () => {
  const steps: PreprocessingStep[] = [{ op: "grey" }, { op: "cropCenter", size: 3 }];
  const data = Uint8Array.from({ length: 56 }, (_, i) => i * 4);
  const png = encodePng({ data, height: 8, width: 7 });
  const model = card([3, 3, 1], steps);
  const region = regionFor(model, 8, 7);
  assertEquals([region.rows, region.columns], [[2, 5], [2, 5]]);
  assertEquals(prepareImage(model, decodePng(png, region)), prepareImage(model, decodePng(png)));
});

Deno.test("prepareInput() takes the same picture in every type for the same, or says what it assumed", () => {
  const steps: PreprocessingStep[] = [{ op: "scale", factor: 1 / 255, offset: 0 }];
  const model = card([1, 3, 1], steps, "fraction of full scale"), [input] = model.inputs;
  const shape = [1, 3, 1];
  const seen = (array: Omit<RawArray, "shape">, range?: [number, number]) => {
    const { data, warnings } = prepareInput(model, input, { ...array, shape }, range ? { range } : {});
    return [[...data].map((value) => Math.round(value * 1000) / 1000), warnings.length] as const;
  };
  const wanted = [0, 0.2, 1];
  assertEquals(seen({ data: Uint8Array.of(0, 51, 255), dtype: "u1", isPicture: true }), [wanted, 0]);
  assertEquals(seen({ data: Uint8Array.of(0, 51, 255), dtype: "u1" }), [wanted, 0]);
  assertEquals(seen({ data: Uint16Array.of(0, 13107, 65535), dtype: "u2", isPicture: true }), [wanted, 0]);
  assertEquals(seen({ data: Uint16Array.of(0, 819, 4095), dtype: "u2", white: 4095 }), [wanted, 0]);
  assertEquals(seen({ data: Float32Array.of(0, 0.2, 1), dtype: "f4" }), [wanted, 1]);
  assertEquals(seen({ data: Float32Array.of(0, 51, 255), dtype: "f8" }), [wanted, 1]);
  assertEquals(seen({ data: Uint16Array.of(0, 51, 255), dtype: "u2", isPicture: true }), [wanted, 1]);
  assertEquals(seen({ data: Uint16Array.of(0, 819, 4095), dtype: "u2" }), [wanted, 1]);
  assertEquals(seen({ data: Uint8Array.of(0, 0, 1), dtype: "b1" }), [[0, 0, 1], 0]);
  assertEquals(seen({ data: Uint8Array.of(0, 0, 1), dtype: "u1" })[1], 1);
  assertEquals(seen({ data: Float32Array.of(10, 12, 20), dtype: "f4" }, [10, 20]), [wanted, 0]);
  for (const values of [[-1, 0, 1], [0, 1, 1e6]]) {
    assertThrows(() => seen({ data: Float32Array.from(values), dtype: "f4" }), RangeError, "say range=");
  }
});

Deno.test("prepareInput() takes counts as they are, whatever their type, and refuses a range for them", () => {
  const model = card([1, 2, 1], [{ op: "window", low: 60, high: 130 }]), [input] = model.inputs;
  for (const data of [Uint8Array.of(95, 130), Uint16Array.of(95, 130), Float32Array.of(95, 130)]) {
    const prepared = prepareInput(model, input, { data, shape: [1, 2, 1], dtype: "f4" });
    assertEquals(prepared, { data: Float32Array.of(0.5, 1), warnings: [] });
  }
  const array: RawArray = { data: Uint8Array.of(1, 2), shape: [1, 2, 1], dtype: "u1" };
  assertThrows(
    () => prepareInput(model, input, array, { range: [0, 1] }),
    RangeError,
    "takes counts as they are",
  );
});

Deno.test("prepareInput() says that a model sees nothing, and names pixels that are no numbers", () => {
  const model = card([1, 2, 1], [{ op: "window", low: 60, high: 130 }]), [input] = model.inputs;
  const dark: RawArray = { data: Float32Array.of(0.25, 0.5), shape: [1, 2, 1], dtype: "f4" };
  assertEquals(prepareInput(model, input, dark).warnings, ["the model sees one value everywhere (0)"]);
  const broken: RawArray = { data: Float32Array.of(80, NaN), shape: [1, 2, 1], dtype: "f4" };
  const said = "Cannot score the picture as it must hold numbers: got NaN at row 0, column 1";
  assertThrows(() => prepareInput(model, input, broken), NotWholeError, said);
});

Deno.test("prepareInput() puts columns and volumes through their own steps", () => {
  const columns = { name: "z", shape: [2], dtype: "float32" as const, units: "" };
  const volume = { name: "shower", shape: [2, 1, 1, 1], dtype: "float32" as const, units: "GeV" };
  const steps: PreprocessingStep[] = [{ op: "scale", factor: 2, offset: 1 }];
  const model = {
    name: "two",
    inputs: [
      { ...columns, preprocessing: [{ op: "standardize" as const, mean: [1, 2], std: [2, 4] }] },
      { ...volume, preprocessing: steps },
    ],
    preprocessing: [],
  };
  const z: RawArray = { data: Float32Array.of(3, 4), shape: [2], dtype: "f4" };
  const shower: RawArray = { data: Float32Array.of(5, 6), shape: [2, 1, 1, 1], dtype: "f4" };
  assertEquals(prepareInput(model, model.inputs[0], z).data, Float32Array.of(1, 0.5));
  assertEquals(prepareInput(model, model.inputs[1], shower).data, Float32Array.of(11, 13));
  const broken = { ...shower, data: Float32Array.of(5, Infinity) };
  assertThrows(
    () => prepareInput(model, model.inputs[1], broken),
    NotWholeError,
    'Cannot score input "shower" as',
  );
  assertThrows(
    () => prepareInput(model, model.inputs[0], { ...z, data: z.data.slice(1), shape: [1] }),
    RangeError,
  );
});

Deno.test("prepareInput() takes files of a model's own range for what they are, and tells only what is much darker", () => {
  const seen = (range: [number, number], array: Omit<RawArray, "shape">) => {
    const input = { name: "image", shape: [1, 3, 1], dtype: "float32" as const, units: "counts", range };
    const model = { name: "own", inputs: [input], preprocessing: [] };
    const { data, warnings } = prepareInput(model, input, { ...array, shape: [1, 3, 1] });
    return [[...data], warnings.length] as const;
  };
  assertEquals(seen([0, 4095], { data: Uint16Array.of(0, 300, 2000), dtype: "u2" }), [[0, 300, 2000], 0]);
  assertEquals(seen([0, 4095], { data: Uint16Array.of(0, 30, 255), dtype: "u2" }), [[0, 30, 255], 1]);
  assertEquals(seen([0, 65535], { data: Uint16Array.of(0, 300, 4095), dtype: "u2" })[1], 1);
  assertEquals(seen([0, 1], { data: Float32Array.of(0, 0.5, 0.75), dtype: "f4" }), [[0, 0.5, 0.75], 0]);
  assertEquals(seen([-1, 1], { data: Float32Array.of(-0.5, 0, 0.75), dtype: "f4" }), [[-0.5, 0, 0.75], 0]);
  assertEquals(seen([0, 1], { data: Float32Array.of(0, 51, 255), dtype: "f4" }), [
    [0, Math.fround(0.2), 1],
    1,
  ]);
  assertEquals(seen([0, 1], { data: Uint8Array.of(0, 51, 255), dtype: "u1" }), [[0, Math.fround(0.2), 1], 0]);
});
