import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { createPicturePool } from "../../../lib/score/picture_pool.ts";
import { OverloadError } from "../../../lib/score/batcher.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { encode } from "jpeg-js";

const frame = () => encodeNpy({ data: new Float32Array(16).fill(3), shape: [4, 4] });

Deno.test("createPicturePool() opens files in a thread and gives errors their class back", async () => {
  const pool = createPicturePool({ threads: 1, maxPixels: 100 });
  const [found] = await pool.decode(frame(), "a.npy");
  assert("arrays" in found && found.arrays.image.data[0] === 3 && found.name === "a.npy");
  await assertRejects(() => pool.decode(frame().slice(0, 70), "cut.npy"), SyntaxError, "cut.npy");
  const wide = encodeNpy({ data: new Uint8Array(400), shape: [20, 20] });
  await assertRejects(() => pool.decode(wide, "wide.npy"), RangeError, "20 × 20");
  await assertRejects(
    () => pool.decode(new TextEncoder().encode("hello"), "notes"),
    TypeError,
    "no format that is read",
  );
  await pool.close();
});

Deno.test("createPicturePool() ends a thread that takes too long, and goes on with a fresh one", async () => {
  const side = 512,
    jpeg = encode({ data: new Uint8Array(4 * side * side), height: side, width: side }, 90).data;
  const many = encodeZip(Array.from({ length: 1000 }, (_, i) => ({ name: `${i}.jpg`, bytes: jpeg }))); // seconds
  const pool = createPicturePool({ threads: 1, timeoutMs: 2 });
  await assertRejects(() => pool.decode(many, "many.zip"), RangeError, "longer than 2 ms");
  await pool.close();
  const patient = createPicturePool({ threads: 1 });
  assertEquals((await patient.decode(frame(), "a.npy")).length, 1);
  await patient.close();
});

Deno.test("createPicturePool() refuses more files than may wait", async () => {
  const pool = createPicturePool({ threads: 1, maxQueue: 1 });
  const results = await Promise.allSettled([1, 2, 3].map(() => pool.decode(frame(), "a.npy")));
  assertEquals(results.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected"]);
  assert((results[2] as PromiseRejectedResult).reason instanceof OverloadError);
  await pool.close();
});

Deno.test("createPicturePool() that is closed refuses what is being opened, what waits, and what comes later", async () => {
  const pool = createPicturePool({ threads: 1 });
  const decoding = [1, 2].map(() =>
    assertRejects(() => pool.decode(frame(), "a.npy"), OverloadError, "is stopping")
  );
  await pool.close();
  await Promise.all(decoding);
  const { retryAfterMs } = await assertRejects(
    () => pool.decode(frame(), "a.npy"),
    OverloadError,
    "is stopping",
  );
  assertEquals(retryAfterMs, 1000);
});

Deno.test("createPicturePool() opens as many files at once as it has threads, and the others after them", async () => {
  const pool = createPicturePool({ threads: 2, maxQueue: 3 });
  const opened = await Promise.all([1, 2, 3, 4, 5].map((i) => pool.decode(frame(), `${i}.npy`)));
  assertEquals(opened.map(([{ name }]) => name), ["1.npy", "2.npy", "3.npy", "4.npy", "5.npy"]);
  await pool.close();
});
