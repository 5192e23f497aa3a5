import { assertEquals, assertRejects } from "../../assert.ts";
import { join } from "@std/path";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { writeNewNpy } from "../../../lib/simulate/new_npy.ts";
import { withFolder } from "../../folder.ts";

async function* rows(...blocks: number[][]) {
  for (const block of blocks) yield await Promise.resolve(Float32Array.from(block));
}

Deno.test("writeNewNpy() writes what encodeNpy() would have, block by block", () =>
  withFolder(async (folder) => {
    const path = join(folder, "deep", "x.npy");
    await writeNewNpy(path, [3, 2], rows([1, 2], [3, 4, 5, 6]));
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    assertEquals(await Deno.readFile(path), encodeNpy({ data, shape: [3, 2] }));
    const long = join(folder, "long.npy"), zeros = new Float32Array(123_456);
    await writeNewNpy(long, [123_456], rows(Array.from(zeros)));
    assertEquals(await Deno.readFile(long), encodeNpy({ data: zeros, shape: [123_456] }));
  }));

Deno.test("writeNewNpy() leaves nothing where values are too few or too many, and never overwrites", () =>
  withFolder(async (folder) => {
    const path = join(folder, "x.npy");
    for (const blocks of [[[1]], [[1, 2, 3]]]) {
      await assertRejects(() => writeNewNpy(path, [2], rows(...blocks)), RangeError, "differ by");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    await writeNewNpy(path, [1], rows([1]));
    await assertRejects(() => writeNewNpy(path, [1], rows([2])), Deno.errors.AlreadyExists, "x.npy");
  }));
