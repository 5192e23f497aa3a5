import { join } from "@std/path";
import {
  arraysOf,
  type Checkpoint,
  type CheckpointState,
  checkSettings,
  readCheckpoint,
  writeCheckpoint,
} from "../../../lib/train/checkpoint.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../lib/train/safetensors.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

await startEngine({ backend: "cpu" });

const state: CheckpointState = {
  epoch: 2,
  batch: 3,
  step: 13,
  random: { seed: 4, counter: -5 },
  history: [{ epoch: 1, loss: 0.1 + 0.2 }],
  seconds: 6.5,
  epochSeconds: 0.25,
  shards: 2,
  stopped: true,
  keptEpoch: 1,
  restoreKept: true,
  states: { earlyStopping: { waited: 1 } },
  settings: { seed: 4 },
};

/** Twelve arrays of a role, so that "10" must not come before "2". */
const saved: Checkpoint = {
  state,
  arrays: {
    weights: Array.from({ length: 12 }, (_, i) => ({ data: Float32Array.of(i, i / 3), shape: [1, 2] })),
    "optimizer/of/two": [{ data: Int32Array.of(7), shape: [] }],
    kept: [{ data: Float32Array.of(-0, 1e-45), shape: [2] }],
  },
};

Deno.test("readCheckpoint() gives back what writeCheckpoint() wrote, every array in its place", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    assertEquals(await readCheckpoint(path), undefined);
    await withFileSystem(async (calls) => {
      await writeCheckpoint(path, saved);
      assertEquals(calls.slice(0, 4).map((call) => call.split(" ")[0]), ["open", "write", "sync", "rename"]);
    });
    assertEquals(await readCheckpoint(path), saved);
    await writeCheckpoint(path, { state: { ...state, epoch: 3 }, arrays: {} });
    assertEquals(await readCheckpoint(path), { state: { ...state, epoch: 3 }, arrays: {} });
  }));

Deno.test("readCheckpoint() notices any bit of any array, and a file of another kind", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    await writeCheckpoint(path, saved);
    const whole = await Deno.readFile(path), arrays = 12 * 8 + 4 + 8;
    for (let at = whole.length - arrays; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at] ^= 1 << (at % 8);
      await Deno.writeFile(path, damaged);
      await assertRejects(() => readCheckpoint(path), SyntaxError, "its checksum differs");
    }
    const { arrays: named, metadata } = decodeSafetensors(whole);
    await Deno.writeFile(
      path,
      encodeSafetensors({ arrays: named, metadata: { ...metadata, format: "old/1" } }),
    );
    await assertRejects(
      () => readCheckpoint(path),
      SyntaxError,
      `"${path}": it has format "old/1", this version goes on from "cloudchamber-checkpoint/2" only`,
    );
    await assertRejects(() => readCheckpoint(folder), Error, "directory");
  }));

Deno.test("arraysOf() copies values and shapes", () => {
  const variable = tf.variable(tf.tensor2d([[1, 2]]));
  const [floats, whole] = arraysOf([variable, tf.tensor1d([3], "int32")]);
  variable.assign(tf.tensor2d([[8, 9]]));
  assertEquals([floats, whole], [
    { data: Float32Array.of(1, 2), shape: [1, 2] },
    { data: Int32Array.of(3), shape: [1] },
  ]);
});

Deno.test("checkSettings() compares every setting of either side", () => {
  const same = { a: 1, b: { c: [1, 2] }, d: undefined };
  checkSettings("x", same, { ...same, b: { c: [1, 2] } });
  for (
    const [was, is, words] of [[{ a: 1 }, {}, "a 1: got undefined"], [
      {},
      { a: null },
      "a undefined: got null",
    ]] as const
  ) {
    assertThrows(() => checkSettings("x", was, is), Error, `Cannot resume from "x" as its run had ${words}`);
  }
  assertThrows(() => checkSettings("x", same, { ...same, b: { c: [2, 1] } }), Error, 'had b {"c":[1,2]}');
});
