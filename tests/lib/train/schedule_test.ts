import {
  constant,
  cosine,
  oneCycle,
  reduceOnPlateau,
  type Schedule,
  sequence,
  stepwise,
} from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

const rates = (schedule: Schedule, steps: number, stepsPerEpoch = 10) =>
  Array.from({ length: steps }, (_, step) => schedule.rate({ step, steps, stepsPerEpoch }));

Deno.test("constant() never changes", () => {
  assertEquals(rates(constant(0.3), 3), [0.3, 0.3, 0.3]);
});

Deno.test("stepwise() drops after every so many epochs", () => {
  assertClose(rates(stepwise(1, { every: 2, factor: 0.5 }), 5, 1), [1, 1, 0.5, 0.5, 0.25]);
});

Deno.test("cosine() falls along half a cosine and warms up where asked", () => {
  assertClose(rates(cosine(1), 4), [1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2]);
  assertClose(rates(cosine(1, { warmUp: 0.5 }), 8).slice(0, 5), [0.25, 0.5, 0.75, 1, 1]);
  assertClose(cosine(1, { end: 0.1 }).rate({ step: 10, steps: 10, stepsPerEpoch: 5 }), 0.1);
});

Deno.test("oneCycle() begins low, peaks once at the rate and ends near nothing", () => {
  const all = rates(oneCycle(1, { warmUp: 0.25 }), 100);
  assertClose(all[0], 1 / 25);
  assertEquals(all.indexOf(Math.max(...all)), 25);
  assertClose(all[25], 1);
  assert(all.every((rate, i) => i === 0 || (i <= 25 ? rate > all[i - 1] : rate < all[i - 1])));
  assertClose(oneCycle(1).rate({ step: 100, steps: 100, stepsPerEpoch: 1 }), 1e-4);
});

Deno.test("reduceOnPlateau() waits, drops, and takes its state up again", () => {
  const make = () => reduceOnPlateau(1, { monitor: "loss", patience: 2, factor: 0.1, least: 0.05 });
  const schedule = make();
  const now = (one: Schedule) => one.rate({ step: 0, steps: 1, stepsPerEpoch: 1 });
  const seen = [3, 2, 2, 2, 2, 2, 2, 2].map((loss) => {
    schedule.onEpoch!({ loss });
    return now(schedule);
  });
  assertClose(seen, [1, 1, 1, 0.1, 0.1, 0.05, 0.05, 0.05]);
  const again = make();
  again.restore!(JSON.parse(JSON.stringify(schedule.state!())));
  assertEquals(now(again), 0.05);
});

Deno.test("reduceOnPlateau() watches a number that should rise", () => {
  const schedule = reduceOnPlateau(1, { monitor: "accuracy", better: "higher", patience: 1 });
  for (const accuracy of [0.5, 0.6, 0.55]) schedule.onEpoch!({ accuracy });
  assertEquals(schedule.rate({ step: 0, steps: 1, stepsPerEpoch: 1 }), 0.5);
});

Deno.test("sequence() gives each part its share as if it were alone", () => {
  const alone = rates(oneCycle(1, { warmUp: 0.5 }), 60),
    all = rates(
      sequence([[0.6, oneCycle(1, { warmUp: 0.5 })], [
        0.4,
        constant(0.2),
      ]]),
      100,
    );
  assertEquals(all.slice(0, 60), alone);
  assertEquals(new Set(all.slice(60)), new Set([0.2]));
  // 0.33 of 10 epochs are 3 whole ones
  const uneven = rates(sequence([[0.33, constant(1)], [0.67, constant(2)]]), 100);
  assertEquals(uneven.lastIndexOf(1), 29);
});

Deno.test("schedules refuse what makes no sense and name it", () => {
  assertThrows(() => constant(0), RangeError, "its rate must be a positive number: got 0");
  assertThrows(() => oneCycle(1, { warmUp: 2 }), RangeError, "the warm-up must lie between 0 and 1: got 2");
  assertThrows(() => stepwise(1, { every: 0 }), RangeError, "at least 1: got 0");
  assertThrows(() => sequence([[0.5, constant(1)]]), RangeError, "must add up to 1: got 0.5");
  assertThrows(() => sequence([[1, reduceOnPlateau(1)]]), TypeError, "may keep a state");
  assertThrows(() => reduceOnPlateau(1).onEpoch!({ loss: 1 }), RangeError, 'watch "validationLoss"');
});

Deno.test("schedules have the settings that their words say where nothing is given", () => {
  assertEquals(stepwise(1).config, { name: "stepwise", rate: 1, every: 10, factor: 0.1 });
  assertEquals(cosine(1).config, { name: "cosine", rate: 1, warmUp: 0, end: 0 });
  assertEquals(oneCycle(1).config, { name: "oneCycle", rate: 1, warmUp: 0.3, end: 1e-4 });
  assertEquals(reduceOnPlateau(1).config, {
    name: "reduceOnPlateau",
    rate: 1,
    monitor: "validationLoss",
    better: "auto",
    patience: 5,
    factor: 0.5,
    minDelta: 1e-4,
    least: 0,
  });
  assertEquals(constant(2).config, { name: "constant", rate: 2 });
  const parts = JSON.parse(String(sequence([[0.25, constant(1)], [0.75, cosine(2)]]).config.parts));
  assertEquals(parts, [[0.25, constant(1).config], [0.75, cosine(2).config]]);
});

/** Rates after each of some numbers. */
const after = (schedule: Schedule, monitor: string, values: readonly number[]) =>
  values.map((value) => {
    schedule.onEpoch!({ [monitor]: value });
    return schedule.rate({ step: 0, steps: 1, stepsPerEpoch: 1 });
  });

Deno.test("reduceOnPlateau() takes for progress what is more than minDelta, and waits anew after a drop", () => {
  const schedule = reduceOnPlateau(1, { patience: 2, minDelta: 0.5 });
  assertEquals(after(schedule, "validationLoss", [4, 3.5, 3.4, 3.2, 3]), [1, 1, 1, 1, 0.5]);
  assertEquals(after(schedule, "validationLoss", [3.3, 2.8]), [0.5, 0.5], "2.8 is progress on 3.4");
});

Deno.test("reduceOnPlateau() goes the metric's own way, and forgets another run", () => {
  const schedule = reduceOnPlateau(1, { monitor: "auc", patience: 1 });
  for (let run = 0; run < 2; run++) {
    schedule.begin!({ epochs: 9, better: { auc: "higher" } });
    assertEquals(after(schedule, "auc", [0.5, 0.6, 0.55]), [1, 1, 0.5]);
  }
  const told = reduceOnPlateau(1, { monitor: "auc", patience: 1, better: "lower" });
  told.begin!({ epochs: 9, better: { auc: "higher" } });
  assertEquals(after(told, "auc", [0.5, 0.6]), [1, 0.5]);
});

Deno.test("reduceOnPlateau() goes on waiting where a checkpoint left it", () => {
  const make = () => reduceOnPlateau(1, { patience: 3 });
  const first = make(), second = make();
  assertEquals(after(first, "validationLoss", [2, 3, 3]), [1, 1, 1]);
  second.restore!(JSON.parse(JSON.stringify(first.state!())));
  assertEquals(after(second, "validationLoss", [3]), [0.5], "the third without progress on 2");
  const fresh = make();
  fresh.restore!(JSON.parse(JSON.stringify(make().state!())));
  assertEquals(after(fresh, "validationLoss", [9]), [1]);
});

// By hand: 0.25 · 8 steps rise by (step + 1) / 2, then half a cosine over 6.
Deno.test("cosine() and oneCycle() reach what their end says, and stay finite in one step", () => {
  const warm = rates(cosine(2, { warmUp: 0.25, end: 0.5 }), 8);
  assertClose(warm.slice(0, 3), [1, 2, 2], 1e-12);
  assertClose(warm[5], 1.5, 1e-12);
  assertClose(rates(cosine(1, { warmUp: 1 }), 4), [0.25, 0.5, 0.75, 1], 1e-12);
  assertClose(
    oneCycle(2, { warmUp: 0.5 }).rate({ step: 25, steps: 100, stepsPerEpoch: 10 }),
    (2 / 25 + 2) / 2,
    1e-12,
  );
  assertClose(oneCycle(2, { warmUp: 0, end: 0.5 }).rate({ step: 0, steps: 1, stepsPerEpoch: 1 }), 2, 1e-12);
  assertClose(
    oneCycle(2, { warmUp: 0.5, end: 0.5 }).rate({ step: 75, steps: 100, stepsPerEpoch: 10 }),
    1.5,
    1e-12,
  );
  for (const wrong of [-0.1, 1.1, NaN]) {
    for (const make of [cosine, oneCycle]) {
      assertThrows(
        () => make(1, { warmUp: wrong }),
        RangeError,
        `the warm-up must lie between 0 and 1: got ${wrong}`,
      );
      assertThrows(
        () => make(1, { end: wrong }),
        RangeError,
        `the end must lie between 0 and 1: got ${wrong}`,
      );
    }
    assertThrows(() => stepwise(1, { factor: wrong }), RangeError, "the factor must lie");
    assertThrows(() => reduceOnPlateau(1, { factor: wrong }), RangeError, "the factor must lie");
  }
  for (const rate of [0, -1, NaN, Infinity]) {
    for (const make of [constant, stepwise, cosine, oneCycle, reduceOnPlateau]) {
      assertThrows(() => make(rate), RangeError, `must be a positive number: got ${rate}`);
    }
  }
});

Deno.test("sequence() gives whole epochs to each part, and every step that is left to the last", () => {
  const all = sequence([[0.2, constant(1)], [0.3, constant(2)], [
    0.5,
    stepwise(4, { every: 1, factor: 0.5 }),
  ]]);
  assertEquals(rates(all, 10, 1), [1, 1, 2, 2, 2, 4, 2, 1, 0.5, 0.25]);
  assertEquals(all.rate({ step: 12, steps: 10, stepsPerEpoch: 1 }), 4 * 0.5 ** 7);
  assertThrows(() => sequence([]), RangeError, "must add up to 1: got 0");
  assertThrows(() => sequence([[1.5, constant(1)]]), RangeError, "got 1.5");
});
