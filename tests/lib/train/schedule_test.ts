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
