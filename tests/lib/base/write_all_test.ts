import { writeAll, writeAllSync } from "../../../lib/base/write_all.ts";
import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";

Deno.test("writeAll() goes on where the file took a part only, and passes on what it refuses", async () => {
  const taken: number[][] = [];
  const write = (bytes: Uint8Array) => {
    if (taken.length === 3) return Promise.reject(new Error("full"));
    taken.push([...bytes.subarray(0, 2)]);
    return Promise.resolve(Math.min(2, bytes.length));
  };
  await writeAll({ write }, Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(taken, [[1, 2], [3, 4], [5]]);
  await assertRejects(() => writeAll({ write }, Uint8Array.of(6)), Error, "full");
});

Deno.test("writeAllSync() goes on where the file took a part only, and passes on what it refuses", () => {
  const taken: number[][] = [];
  const writeSync = (bytes: Uint8Array) => {
    if (taken.length === 3) throw new Error("full");
    taken.push([...bytes.subarray(0, 2)]);
    return Math.min(2, bytes.length);
  };
  writeAllSync({ writeSync }, Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(taken, [[1, 2], [3, 4], [5]]);
  assertThrows(() => writeAllSync({ writeSync }, Uint8Array.of(6)), Error, "full");
});
