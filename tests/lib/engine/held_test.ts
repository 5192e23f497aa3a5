import { compile, startEngine, takeRows, tf, toDevice } from "../../../lib/engine/mod.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

const BACKENDS = ["cpu", "wasm", "tensorflow"] as const;

const rows = (...indices: number[]) => tf.tensor1d(indices, "int32");

Deno.test("takeRows() gives rows in the wanted order, as often as wanted, in the held type", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    const cases = [
      [Uint8Array.of(0, 1, 127, 128, 254, 255), "uint8", "float32"],
      [Int32Array.of(0, -1, 2 ** 31 - 1, -(2 ** 31), 5, 6), "int32", "int32"],
      [Float32Array.of(0, -0.5, 1e-30, 1e30, 5, 6), "float32", "float32"],
    ] as const;
    for (const [data, dtype, taken] of cases) {
      const held = toDevice(data, [3, 2]);
      assertEquals([held.dtype, [...held.shape]], [dtype, [3, 2]], backend);
      const x = takeRows(held, rows(2, 0, 2));
      assertEquals([x.dtype, x.shape], [taken, [3, 2]], backend);
      assertEquals([...x.dataSync()], [4, 5, 0, 1, 4, 5].map((i) => data[i]), backend);
      held.dispose();
      x.dispose();
    }
  }
});

Deno.test("takeRows() takes rows of any rank, and whole numbers for [rows]", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    const labels = toDevice(Int32Array.of(4, 5, 6), [3]),
      volumes = toDevice(new Float32Array(24).fill(2), [3, 2, 2, 2]);
    const [taken, volume] = [takeRows(labels, rows(1)), takeRows(volumes, rows(0, 1))];
    assertEquals([taken.shape, [...taken.dataSync()], volume.shape], [[1], [5], [2, 2, 2, 2]], backend);
    tf.dispose([taken, volume]);
    labels.dispose();
    volumes.dispose();
  }
});

Deno.test("a held array is copied by the native backend: what is written into the array later does not count", async () => {
  await startEngine({ backend: "tensorflow" });
  const data = Uint8Array.of(1, 2), held = toDevice(data, [2]);
  data.fill(9);
  assertEquals([...takeRows(held, rows(0, 1)).dataSync()], [1, 2]);
  held.dispose();
});

Deno.test("toDevice() and takeRows() name what does not fit", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    assertThrows(
      () => toDevice(new Uint8Array(5), [3, 2]),
      RangeError,
      "Cannot hold 5 values as [3, 2]: that shape takes 6",
    );
    const held = toDevice(Uint8Array.of(1, 2, 3), [3]);
    for (const wrong of [3, -1]) {
      assertThrows(() => takeRows(held, rows(wrong)).dataSync(), Error, `${wrong}`);
    }
    held.dispose();
    assertThrows(() => takeRows(held, rows(0)), Error, "Cannot take rows of a held array that was disposed");
  }
});

Deno.test("a compiled step gathers other rows at each call, and frees nothing that is held", async () => {
  await startEngine({ backend: "tensorflow" });
  const held = toDevice(Uint8Array.of(10, 20, 30), [3]);
  const step = compile((indices: tf.Tensor1D) => tf.add(takeRows(held, indices), 1));
  assertEquals([[...step(rows(2, 0)).dataSync()], [...step(rows(1, 1)).dataSync()]], [[31, 11], [21, 21]]);
  assertEquals(step.traces, 1);
  step.dispose();
  assertEquals([...takeRows(held, rows(1)).dataSync()], [20]);
  held.dispose();
});

Deno.test("takeRows() of bytes leaves nothing behind on the native backend but what it gives", async () => {
  await startEngine({ backend: "tensorflow" });
  const { native } = (await import("../../../lib/engine/state.ts")).state;
  const held = toDevice(Uint8Array.of(10, 20, 30), [3]), indices = rows(2, 0);
  const take = () => {
    const taken = takeRows(held, indices);
    taken.dataSync();
    taken.dispose();
  };
  take();
  const before = native!.runtime.getNumOfTensors();
  for (let i = 0; i < 3; i++) take();
  assertEquals(native!.runtime.getNumOfTensors(), before);
  held.dispose();
});
