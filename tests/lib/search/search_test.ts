import { failureFrom } from "../../../lib/search/objective.ts";
import { search } from "../../../lib/search/search.ts";
import { failureOf } from "../../../lib/search/trial.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const LINE = { x: { low: 0, high: 1, float: true } };
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("search() goes on in the same folder, and counts what is there", () =>
  withFolder(async (folder) => {
    let calls = 0;
    const objective = ({ x }: { x?: unknown }) => (calls++, Number(x));
    await search(LINE, objective, { folder, trials: 5, sampler: "random" });
    const { trials, best, ending } = await search(LINE, objective, { folder, trials: 8, sampler: "random" });
    assertEquals([calls, trials.length, ending], [8, 8, "finished"]);
    assertEquals(best!.values![0], Math.min(...trials.map(({ params }) => Number(params.x))));
    const alone = await search(LINE, objective, { trials: 8, sampler: "random" });
    assertEquals(
      trials.map(({ params, seed }) => [params, seed]),
      alone.trials.map(({ params, seed }) => [params, seed]),
    );
  }));

Deno.test("search() records why a trial failed, and goes on", async () => {
  const causes: Record<string, () => unknown> = {
    nan: () => NaN,
    error: () => {
      throw new TypeError("no such layer");
    },
    memory: () => {
      throw new Error("failed to allocate: out of memory");
    },
    text: () => "good",
    timeout: () => wait(5_000),
    fine: () => 1,
  };
  const { trials, best } = await search(
    { cause: Object.keys(causes) },
    ({ cause }) => causes[String(cause)]() as number,
    { trials: 6, sampler: "grid", trialTimeoutMs: 50 },
  );
  assertEquals(trials.map((trial) => failureOf(trial)?.kind), [
    "nan",
    "error",
    "memory",
    "error",
    "timeout",
    undefined,
  ]);
  assertEquals(failureOf(trials[1])?.message, "TypeError: no such layer");
  assertEquals([best!.params.cause, trials.filter(({ state }) => state === "failed").length], ["fine", 5]);
});

Deno.test("failureFrom() keeps what an error says from its first letter on, two thousand at most", () => {
  assertEquals(failureFrom("no"), { kind: "error", message: "no" });
  const { kind, message } = failureFrom(new Error(`Resource exhausted: ${"x".repeat(3000)}`));
  assertEquals([kind, message.length, message.slice(0, 27)], ["memory", 2000, "Error: Resource exhausted: "]);
});

Deno.test("search() prunes, keeps curves, and stands pruned trials with their last value", async () => {
  const { trials } = await search({ level: [1, 2, 3, 4, 5, 6, 7, 8, 9] }, async ({ level }, trial) => {
    for (let epoch = 1; epoch <= 9; epoch++) await trial.report(epoch, { value: Number(level), rate: 0.1 });
    return Number(level);
  }, { trials: 9, sampler: "grid", pruner: { name: "asha", least: 1 } });
  assertEquals(trials.map(({ state }) => state), ["complete", ...new Array(8).fill("pruned")]);
  assertEquals(trials.map(({ reports }) => reports.length), [9, ...new Array(8).fill(1)]);
  assertEquals(trials[8].values, [9]);
  assertEquals(trials[0].reports[2], { step: 3, values: { value: 1, rate: 0.1 } });
});

Deno.test("search() prunes no trial at its last report, which would save nothing and lose its result", async () => {
  // By epoch: the second trial is worse where halving judges, after epochs 1 and 3, and the third after 3 alone.
  const losses = [[3, 2, 1], [9, 9, 9], [2, 2, 2]];
  const run = async (saysLast: boolean) => {
    const { trials } = await search({ i: [0, 1, 2] }, async ({ i }, trial) => {
      const curve = losses[Number(i)];
      for (const [at, loss] of curve.entries()) {
        await trial.report(at + 1, loss, saysLast && at + 1 === curve.length);
      }
      return curve.at(-1)!;
    }, { trials: 3, sampler: "grid", pruner: { name: "asha", least: 1 } });
    return trials.map(({ params, state }) => [params.i, state]).sort();
  };
  assertEquals(await run(false), [[0, "complete"], [1, "pruned"], [2, "pruned"]]);
  assertEquals(await run(true), [[0, "complete"], [1, "pruned"], [2, "complete"]]);
});

Deno.test("search() judges by the mean over seeds", async () => {
  const seeds = new Set<number>();
  const { trials } = await search({ a: [1] }, (_, { seed }) => {
    seeds.add(seed);
    return { values: seed % 1000, metrics: { seed } };
  }, { trials: 1, seeds: 4 });
  const values = [...seeds].map((seed) => seed % 1000);
  const mean = values.reduce((a, b) => a + b) / 4;
  assertEquals(seeds.size, 4);
  assertClose(trials[0].values!, [mean]);
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3);
  assertClose(trials[0].metrics!.valueDeviation, deviation);
});

Deno.test("search() lets running trials write a checkpoint when it is stopped, and goes on where they were", () =>
  withFolder(async (folder) => {
    const steps: number[] = [];
    const start = (signal?: AbortSignal, onStep?: (step: number) => void) =>
      search({ a: [1, 2] }, async (_, trial) => {
        const file = `${trial.folder}/step`;
        let step = trial.attempt > 1 ? Number(Deno.readTextFileSync(file)) : 0;
        while (step < 6) {
          step++;
          steps.push(step);
          Deno.writeTextFileSync(file, String(step));
          await trial.report(step, step);
          onStep?.(step);
        }
        return step;
      }, { folder, trials: 2, sampler: "grid", signal });
    const controller = new AbortController();
    const first = await start(controller.signal, (step) => step === 3 && controller.abort());
    assertEquals([first.ending, first.trials.map(({ state }) => state)], ["interrupted", ["waiting"]]);
    assertEquals(failureOf(first.trials[0])?.kind, "interrupted");
    const { trials, ending } = await start();
    assertEquals([ending, trials.map(({ state }) => state)], ["finished", ["complete", "complete"]]);
    assertEquals(steps, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    assertEquals(trials[0].reports.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
    assertEquals(trials.map(({ attempts }) => attempts.length), [2, 1]);
  }));

Deno.test("search() keeps to its budgets of time, fraction and target", async () => {
  const slow = async () => {
    await wait(30);
    return 1;
  };
  const timed = await search(LINE, slow, { trials: 1000, timeoutMs: 100, sampler: "random" });
  assert(timed.ending === "time" && timed.trials.length < 10, `${timed.trials.length} trials in 100 ms`);
  const share = await search({ a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4, 5] }, () => 1, { fraction: 0.3 });
  assertEquals(share.trials.length, 7);
  const found = await search({ a: [5, 4, 3, 2, 1] }, ({ a }) => Number(a), { sampler: "grid", target: 3 });
  assertEquals([found.ending, found.trials.length], ["target", 3]);
  await assertRejects(() => search(LINE, slow, { fraction: 0.1 }), RangeError, "endlessly many");
  await assertRejects(
    () => search({ a: [1], constraints: ["a > 1"] }, slow),
    RangeError,
    "no combination meets",
  );
});

Deno.test("search() runs several trials at a time", async () => {
  let running = 0, most = 0, open = () => {};
  const four = new Promise<void>((resolve) => open = resolve); // at a time, or it never ends
  const { trials } = await search(LINE, async ({ x }) => {
    most = Math.max(most, ++running);
    if (running === 4) open();
    await four;
    await wait(1);
    running--;
    return Number(x);
  }, { trials: 12, parallel: 4 });
  assertEquals([most, trials.filter(({ state }) => state === "complete").length], [4, 12]);
});
