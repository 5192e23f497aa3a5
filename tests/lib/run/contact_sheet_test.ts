/** What a sheet shows of a ranking: the pixels, the shades and the captions. */
import { heldArray } from "../../../lib/io/file_array.ts";
import type { Spec } from "../../../lib/plot/mod.ts";
import { contactSheet, pictureOf } from "../../../lib/run/contact_sheet.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

Deno.test("pictureOf() takes one band grey, or the last of three red, each between its own robust limits", () => {
  // Two examples of 1 × 5 pixels and three bands. Of 1 … 5 the median is 3 and the MAD 1, so that the limits are 0 and
  // 13; of ten times as much, 0 and 130: a pixel of 1 … 5 then has 1/13 … 5/13 in every band.
  const bands = [1, 2, 3, 4, 5].flatMap((value) => [value, 10 * value, 100 * value]);
  const data = Float32Array.from([...new Array(15).fill(7), ...bands]), shape = [2, 1, 5, 3];
  const { height, width, channels, data: out } = pictureOf({ data, shape }, 1);
  assertEquals([height, width, channels], [1, 5, 3]);
  assertClose(Array.from(out), [1, 2, 3, 4, 5].flatMap((value) => new Array(3).fill(value / 13)), 1e-6);
  const one = pictureOf({ data, shape }, 1, { band: 1, low: 10, high: 60 });
  assertEquals(one.channels, 1);
  assertClose(Array.from(one.data), [0, 0.2, 0.4, 0.6, 0.8], 1e-6);
  // In the same limits for all, the bands differ: the last one is red.
  const same = pictureOf({ data, shape }, 1, { low: 0, high: 100 });
  assertClose(Array.from(same.data).slice(0, 3), [1, 0.1, 0.01], 1e-6);
  const grey = pictureOf({ data: data.subarray(0, 20), shape: [2, 1, 5, 2] }, 0, { low: 0, high: 14 });
  assertEquals([grey.channels, grey.data.length], [1, 5]);
});

Deno.test("contactSheet() draws the first of the order, each with its number and score, and reads no others", async () => {
  const array = heldArray("", { data: Float32Array.from({ length: 16 }, (_, i) => i), shape: [4, 2, 2] });
  const read: unknown[] = [];
  const ranking = {
    of: "lens: lens",
    scores: Float32Array.of(0.1, 0.98765, NaN, 0.5),
    order: Uint32Array.of(1, 3, 0),
    failed: 1,
  };
  const watched = {
    ...array,
    read: (rows?: readonly [number, number]) => (read.push(rows), array.read(rows)),
  };
  const textsOf = (spec: Spec) =>
    [...JSON.stringify(spec).matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text);
  const spec = await contactSheet(watched, ranking, { count: 2 });
  assertEquals(textsOf(spec).filter((text) => /^[\d.]+$/.test(text)), ["1", "0.988", "3", "0.500"]);
  assertEquals(read, [[1, 2], [3, 4]]);
  assert(JSON.stringify(spec).includes("Highest lens: lens"));
  const chosen = await contactSheet(array, ranking, { rows: [0, 3, 1], count: 1, title: "T" });
  assertEquals(textsOf(chosen).filter((text) => /^[\d.]+$/.test(text)), ["0", "0.100"]);
});

Deno.test("contactSheet() draws thirty pictures, six in a row, 96 pixels wide, where nothing is said", async () => {
  const array = heldArray("", { data: new Float32Array(40 * 4), shape: [40, 2, 2] });
  const ranking = {
    of: "x",
    scores: new Float32Array(40),
    order: Uint32Array.from(Array(40).keys()),
    failed: 0,
  };
  const spec = await contactSheet(array, ranking);
  const said = await contactSheet(array, ranking, { count: 30, columns: 6, size: 96 });
  assertEquals(JSON.stringify(spec), JSON.stringify(said));
  for (const other of [{ count: 29 }, { columns: 5 }, { size: 95 }]) {
    assert(JSON.stringify(await contactSheet(array, ranking, other)) !== JSON.stringify(spec));
  }
});
