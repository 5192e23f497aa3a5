import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { openHdf5Set } from "../../../lib/io/hdf5_set.ts";
import { joinArrays } from "../../../lib/io/joined_array.ts";

const part = (first: number, rows: number) => ({
  X: { data: Float32Array.from({ length: 2 * rows }, (_, i) => 2 * first + i), shape: [rows, 2], gzip: 1 },
});

Deno.test("openHdf5Set() reads files of different length as one array", async () => {
  const places = await Promise.all([encodeHdf5(part(0, 3)), encodeHdf5(part(3, 0)), encodeHdf5(part(3, 5))]);
  using set = await openHdf5Set(places, "X");
  assertEquals([set.shape, set.dtype, set.files.map(({ rows }) => rows)], [[8, 2], "f4", [3, 0, 5]]);
  for (const [first, end] of [[0, 8], [0, 3], [3, 8], [2, 4], [7, 8], [4, 4], [8, 8]] as const) {
    const { data, shape } = await set.read([first, end]);
    assertEquals(shape, [end - first, 2]);
    assertEquals(data, Float32Array.from({ length: 2 * (end - first) }, (_, i) => 2 * first + i), `${first}`);
  }
  assertEquals((await set.read()).shape, [8, 2]);
  await assertRejects(() => set.read([0, 9]), RangeError, 'rows 0 to 9 of "X": it has 8');
});

Deno.test("openHdf5Set() names the file that does not fit", async () => {
  const other = await encodeHdf5({ X: { data: new Float32Array(3), shape: [1, 3] } });
  const half = await encodeHdf5({ X: { data: new Float64Array(2), shape: [1, 2] } });
  const first = await encodeHdf5(part(0, 1));
  await assertRejects(() => openHdf5Set([first, other], "X"), TypeError, "their rows must be alike");
  await assertRejects(() => openHdf5Set([first, half], "X"), TypeError, "has f8 [1,2]");
  await assertRejects(() => openHdf5Set([first], "Y"), RangeError, 'no such dataset (it has "X")');
  assertThrows(() => joinArrays([], "all"), TypeError, "there are none");
});
