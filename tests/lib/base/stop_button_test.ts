import { connectStopButton, endIfStopped, heedStop } from "../../../lib/base/stop_button.ts";
import { fit, fromArrays, predict, search, simulate, startEngine, train } from "../../../lib/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";

/** The button's module as it is before anybody connects one, whatever the other tests did. */
const freshModule = (): Promise<typeof import("../../../lib/base/stop_button.ts")> =>
  import(new URL("../../../lib/base/stop_button.ts?fresh", import.meta.url).href);

/** Does something at the very moment of a press, which else lasts two seconds and no longer. */
async function atOnce<T>(press: () => void, work: () => T | Promise<T>): Promise<T> {
  const { now } = performance, moment = now.call(performance);
  performance.now = () => moment;
  try {
    press();
    return await work();
  } finally {
    performance.now = now;
  }
}

Deno.test("work heeds no button until one is connected, and then all of it", async () => {
  const { connectStopButton, heedStop } = await freshModule();
  using before = heedStop();
  assertEquals([before.signal, before.isPressed()], [undefined, false]);
  const press = connectStopButton();
  using one = heedStop(), two = heedStop();
  press();
  assertEquals([one, two].map((work) => [work.signal!.aborted, work.isPressed()]), [[true, true], [
    true,
    true,
  ]]);
  using later = heedStop();
  assertEquals(later.isPressed(), false, "a press that met work is spent");
});

Deno.test("a press between two pieces of work ends the next one alone, and a signal of the caller's own shuts it out", () =>
  atOnce(connectStopButton(), () => {
    const { signal } = new AbortController();
    using own = heedStop(signal);
    assertEquals([own.signal === signal, own.isPressed()], [true, false]);
    assertThrows(endIfStopped, DOMException, "Stopped");
    endIfStopped();
  }));

Deno.test("the button ends training, prediction, simulation and search with an error, and the model keeps what it learned", async () => {
  const press = connectStopButton();
  const tf = await startEngine({ backend: "cpu" });
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [1] })] });
  const x = { data: Float32Array.from({ length: 600 }, (_, i) => i - 300), shape: [600, 1] };
  const source = fromArrays(x, { data: Int32Array.from(x.data, (v) => Number(v > 0)), shape: [600] });
  const before = model.getWeights()[0].dataSync().slice();
  const onEpoch = ({ epoch }: Record<string, number>) => void (epoch === 2 && press());
  const options = { loss: train.crossEntropy(), epochs: 1000, shards: 1, onEpoch };
  const { name, message } = await assertRejects(() => fit(model, source, options), DOMException);
  assertEquals(name, "AbortError");
  assert(/^Stopped after 2 epochs, .* s: the model keeps what it has learned$/.test(message), message);
  assert(model.getWeights()[0].dataSync().some((weight, i) => weight !== before[i]));

  const isStopped = (work: () => Promise<unknown>) =>
    atOnce(press, () => assertRejects(work, DOMException, "Stopped"));
  await isStopped(() => predict(model, source, { batch: 10 }));

  const folder = await Deno.makeTempDir();
  try {
    const set = `${folder}/set.zip`;
    await isStopped(() => simulate.writeSet(set, { events: 50 }, { workers: 1 }));
    const context = { seed: 1, workers: 1 };
    await isStopped(() => simulate.writeEcal(folder, { events: 50 }, context));
    assertEquals([...Deno.readDirSync(folder)], [], "nothing half-written stays");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }

  let tried = 0;
  const objective = () => {
    if (++tried === 3) press();
    return tried;
  };
  const space = { x: { low: 0, high: 1, float: true } } as const;
  const { message: said } = await assertRejects(
    () => search.search(space, objective, { trials: 100, sampler: "random" }),
    DOMException,
  );
  assert(/^Stopped after [34] trials$/.test(said), said);
});
