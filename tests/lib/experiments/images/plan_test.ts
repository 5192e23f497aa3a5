/** From what images look like to what a model takes, image by image and by hand. */
import type { OwnImages, OwnLook, OwnPixels } from "../../../../lib/data/own/mod.ts";
import {
  bandLimitsOf,
  bare,
  checkShapes,
  planInput,
  type PlanOptions,
} from "../../../../lib/experiments/images/plan.ts";
import { assertEquals, assertRejects, assertThrows } from "../../../assert.ts";

type Look = Partial<OwnLook> & { shape: number[] };

/** A set of which only its looks, and where asked for its values, are there. */
function setOf(looks: Look[], values: number[][] = []): OwnImages {
  return {
    looks: looks.map((look) => ({ isPicture: true, type: "8-bit", high: 255, ...look })),
    images: looks.map(({ shape }, i) => ({
      name: `${i}.png`,
      read: () =>
        Promise.resolve({
          data: Float32Array.from(values[i] ?? []),
          shape,
          isPicture: looks[i].isPicture ?? true,
        }),
    })),
  } as unknown as OwnImages;
}

const OPTIONS: PlanOptions = { size: 0, fit: "stretch", channels: "auto" };
const plan = (set: OwnImages, options: Partial<PlanOptions> = {}, train = [0]) =>
  planInput(set, Uint32Array.from(train), { ...OPTIONS, ...options });
const ops = (steps: readonly { op: string }[]) => steps.map(({ op }) => op);
const refuses = async (looks: Look[], words: string, options: Partial<PlanOptions> = {}) =>
  void await assertRejects(() => plan(setOf(looks), options), Error, words);

Deno.test("planInput() leaves images of one usual size as they are, and scales 8 bits to 1", async () => {
  const { kind, shape, geometry, values, range, units, said } = await plan(
    setOf([{ shape: [96, 40, 1] }, { shape: [96, 40, 1] }]),
  );
  assertEquals([kind, shape, geometry, range, units, said], [
    "picture",
    [96, 40, 1],
    [],
    [0, 255],
    "counts of 8 bits",
    [],
  ]);
  assertEquals(values, [{ op: "scale", factor: 1 / 255, offset: 0 }] as unknown as typeof values);
});

Deno.test("planInput() brings other sizes to the most frequent one's form, the longest side 64 or as asked", async () => {
  const of = async (sizes: number[][], options: Partial<PlanOptions> = {}) => {
    const { shape, geometry } = await plan(setOf(sizes.map((pair) => ({ shape: [...pair, 1] }))), options);
    return [shape.slice(0, 2), ops(geometry)];
  };
  assertEquals(await of([[97, 97]]), [[64, 64], ["resize"]]);
  assertEquals(await of([[200, 100]]), [[64, 32], ["resize"]]);
  assertEquals(await of([[20, 30], [20, 30], [40, 40]]), [[20, 30], ["resize"]]);
  assertEquals(await of([[200, 100]], { size: 50 }), [[50, 25], ["resize"]]);
  assertEquals(await of([[400, 10]]), [[64, 4], ["resize"]], "no side below 4");
  assertEquals(await of([[30, 20], [50, 40]], { fit: "crop" }), [[20, 20], ["cropCenter", "resize"]]);
  assertEquals(await of([[300, 200]], { fit: "crop" }), [[64, 64], ["cropCenter", "resize"]]);
  assertEquals(await of([[300, 200]], { fit: "crop", size: 100 }), [[100, 100], ["cropCenter", "resize"]]);
  await refuses([{ shape: [3, 9, 1] }], "below 4 × 4 pixels: there are 1 3 × 9");
});

Deno.test("planInput() takes colours where all have them, grey where some are, and drops opacity", async () => {
  const of = async (counts: number[], options: Partial<PlanOptions> = {}) => {
    const { shape, kind, geometry } = await plan(setOf(counts.map((n) => ({ shape: [8, 8, n] }))), options);
    return [shape[2], kind, ops(geometry)];
  };
  assertEquals(await of([3, 4]), [3, "picture", []]);
  assertEquals(await of([1, 2]), [1, "picture", []]);
  assertEquals(await of([3, 1]), [1, "picture", ["grey"]]);
  assertEquals(await of([3], { channels: "grey" }), [1, "picture", ["grey"]]);
  assertEquals(await of([3], { channels: "colour" }), [3, "picture", []]);
  assertEquals(await of([4], { channels: "bands" }), [4, "bands", []]);
  assertEquals(await of([5]), [5, "bands", []]);
  await refuses([{ shape: [8, 8, 1] }, { shape: [8, 8, 3] }], "Cannot take grey images as colours", {
    channels: "colour",
  });
  await refuses(
    [{ shape: [8, 8, 5] }, { shape: [8, 8, 6] }],
    "images of different bands: 1 with 5 channels, 1 with 6",
  );
  await refuses([{ shape: [8, 8, 5] }], "Cannot take images with 5 channels as grey", { channels: "grey" });
  const { kind } = await plan(setOf([{ shape: [8, 8, 3], isPicture: false }]));
  assertEquals(kind, "bands", "three numbers a place are no colours");
});

Deno.test("planInput() takes the usual white that the training images alone reach", async () => {
  const of = async (highs: number[], train: number[]) => {
    const looks = highs.map((high) => ({ shape: [8, 8, 1], type: "16-bit" as const, high }));
    const { values, said } = await plan(setOf(looks), {}, train);
    return [Math.round(1 / (values[0] as unknown as { factor: number }).factor), said.at(-1)];
  };
  assertEquals(await of([200, 60_000], [0]), [255, "white is 255"]);
  assertEquals(await of([255, 256, 60_000], [0, 1]), [1023, "white is 1023"]);
  assertEquals(await of([4095], [0]), [4095, "white is 4095"]);
  assertEquals(await of([16_384], [0]), [65_535, "white is 65535"]);
});

Deno.test("planInput() finds limits of floats from the training images, all bands in one where they become grey", async () => {
  const shape = [4, 4, 1],
    looks = [0, 1].map(() => ({ shape, type: "float" as OwnLook["type"], isPicture: false }));
  const ramp = (from: number) => Array.from({ length: 16 }, (_, i) => from + i);
  const { values, units } = await plan(setOf(looks, [ramp(0), ramp(1000)]));
  assertEquals(values, [{ op: "bandLimits", min: [0], max: [15] }] as unknown as typeof values);
  assertEquals(units, "values as they come");
});

Deno.test("planInput() takes volumes of one depth, and images of one type", async () => {
  const { kind, shape } = await plan(setOf([{ shape: [5, 8, 8, 1] }, { shape: [5, 8, 8, 1] }]));
  assertEquals([kind, shape], ["volume", [5, 8, 8, 1]]);
  await refuses(
    [{ shape: [5, 8, 8, 1] }, { shape: [6, 8, 8, 1] }],
    "volumes of different depths: 1 5, 1 6 frames",
  );
  await refuses(
    [{ shape: [8, 8, 1] }, { shape: [8, 8, 1], type: "16-bit" }],
    "different types as black and white differ: there are 1 8-bit, 1 16-bit",
  );
});

Deno.test("bandLimitsOf() leaves out a thousandth at either end, and gives each band its own", async () => {
  const pixels = 2000; // of each band, two values at either end are left out
  const data = Float32Array.from({ length: 2 * pixels }, (_, i) => i % 2 ? 7 : i >> 1);
  const limits = await bandLimitsOf(() => Promise.resolve({ data, shape: [pixels, 1, 2] }), [0], 2);
  assertEquals(limits, { min: [2, 7], max: [1997, 8] });
  const many = Float32Array.from({ length: 9000 }, (_, i) => i); // more than 4096: every third
  const sampled = await bandLimitsOf(() => Promise.resolve({ data: many, shape: [9000, 1, 1] }), [0], 1);
  assertEquals(sampled, { min: [9], max: [8988] });
});

Deno.test("bare() takes opacity off pictures, and nothing off bands", () => {
  const pixels = {
    data: Uint8Array.of(1, 2, 3, 9, 4, 5, 6, 9),
    shape: [1, 2, 4],
    isPicture: true,
  } as unknown as OwnPixels;
  const { data, shape } = bare(pixels, { channels: "auto" });
  assertEquals([data, shape], [Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]]);
  assertEquals(bare(pixels, { channels: "bands" }), pixels);
  assertEquals(bare({ ...pixels, isPicture: false } as OwnPixels, { channels: "auto" }).shape, [1, 2, 4]);
  const grey = { ...pixels, shape: [2, 2, 2] } as OwnPixels;
  assertEquals(bare(grey, { channels: "auto" }).data, Uint8Array.of(1, 3, 4, 6));
});

Deno.test("checkShapes() names the image that does not come to the model's shape", async () => {
  const set = setOf([{ shape: [8, 8, 1] }, { shape: [8, 8, 2] }]);
  const planned = await plan(set);
  checkShapes(set, planned, OPTIONS);
  assertThrows(
    () => checkShapes(setOf([{ shape: [8, 8, 1] }, { shape: [9, 8, 1] }]), planned, OPTIONS),
    TypeError,
    'Cannot bring "1.png" of [9,8,1] to [8,8,1]: it becomes [9,8,1]',
  );
});
