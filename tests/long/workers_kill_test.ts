import { createRng, drawInteger } from "../../lib/base/rng.ts";
import { within } from "../../lib/base/within.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { readCheckpoint } from "../../lib/train/checkpoint.ts";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { trainToy } from "../lib/train/_worker_program.ts";
import { startToyWorkers, type WorkerProcess } from "../lib/train/_workers.ts";
import { weightsOf } from "../lib/train/_toy.ts";
import { drawSeed } from "../seed.ts";

await startEngine({ backend: "tensorflow" });

const SIGNALS = ["SIGKILL", "SIGSTOP", "SIGTERM"] as const, SIZES = [4, 2, 3] as const, RUNS = 30;
/** Far beyond what a lost worker may take (30 s), for machines that are busy. */
const BOUND_MS = 120_000;

/** Waits for the ends of workers. @throws {Error} If one hangs. */
async function endsOf(workers: readonly WorkerProcess[], what: string): Promise<void> {
  for (const [i, { status }] of workers.entries()) {
    await within(status, BOUND_MS, () => new Error(`worker ${i} hangs after ${what}`));
  }
}

Deno.test("thirty times a worker is killed, stopped or told to end: none hangs, no checkpoint is torn, all is learned", async () => {
  const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state.safetensors`;
  const order = { epochs: 100, batch: 6, examples: 60, checkpoint };
  const rng = createRng(drawSeed("kills of workers"));
  let last = 0;
  for (let run = 0; run < RUNS; run++) {
    const size = SIZES[run % SIZES.length], signal = SIGNALS[Math.floor(run / SIZES.length) % SIGNALS.length];
    const victim = drawInteger(rng, size),
      what = `${signal} of worker ${victim} of ${size}, run ${run}`;
    const workers = startToyWorkers(size, { ...order, resume: true, tell: true, silence: 10, patience: 60 });
    await workers[victim].reached(1 + drawInteger(rng, 20));
    workers[victim].child.kill(signal);
    await endsOf(workers.filter((_, rank) => rank !== victim || signal === "SIGTERM"), what);
    if (signal === "SIGSTOP") workers[victim].child.kill("SIGKILL");
    await workers[victim].status;

    const saved = await readCheckpoint(checkpoint); // throws where it is torn
    assert(saved !== undefined && saved.state.step >= last, what);
    last = saved.state.step;
    for (const [rank, { words }] of workers.entries()) {
      const end = words[words.length - 1];
      if (rank === victim && signal !== "SIGTERM") continue;
      if (signal === "SIGTERM") {
        assert("ending" in end && end.steps === last, `${what}: ${JSON.stringify(end).slice(0, 300)}`);
      } else {assert(
          "lost" in end && end.lost.includes(`worker ${victim}`),
          `${what}: ${JSON.stringify(end).slice(0, 300)}`,
        );}
    }
  }
  assert(last < 1000, "the run was over before all was done to it");

  const unbroken = trainToy({ ...order, checkpoint: undefined });
  await unbroken.history;
  const rest = trainToy({ ...order, resume: true }), { steps } = await rest.history;
  assertEquals(steps, 1000);
  assertClose(weightsOf(rest.model), weightsOf(unbroken.model), 1e-3);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a worker that is told to end while it validates ends all after the same step, with a checkpoint", async () => {
  const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state.safetensors`;
  const workers = startToyWorkers(3, { epochs: 200, batch: 6, examples: 60, checkpoint, warned: 2 });
  await endsOf(workers, "SIGTERM in a validation");
  const ends = workers.map(({ words }) => words[words.length - 1]).filter((word) => "ending" in word);
  assertEquals(ends.map(({ ending }) => ending), ["interrupted", "interrupted", "interrupted"]);
  const { step, history } = (await readCheckpoint(checkpoint))!.state;
  assertEquals(ends.map(({ steps }) => steps), [step, step, step]);
  assert(step > 10 && step < 2000 && history.length >= 1, `${step} steps`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a worker that stands still without dying is named, and the others end with a checkpoint", async () => {
  const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state.safetensors`;
  const order = { epochs: 2, batch: 6, examples: 60, checkpoint, patience: 5 };
  const workers = startToyWorkers(3, { ...order, hold: { rank: 2, step: 4 } });
  await endsOf(workers.slice(0, 2), "worker 2 stood still");
  const end = workers[0].words[workers[0].words.length - 1];
  assert("lost" in end, JSON.stringify(end));
  assert(
    /worker 2 on n2 \(process \d+\) stands still at step 4, reading its examples/.test(end.lost),
    end.lost,
  );
  workers[2].child.kill("SIGKILL");
  await workers[2].status;
  assertEquals((await readCheckpoint(checkpoint))?.state.step, 4);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("four, then two, one and three workers learn what one does in a hundred steps, whole losses included", async () => {
  for (const whole of [false, true]) {
    const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state.safetensors`;
    const order = { epochs: 8, batch: 5, examples: 61, whole, checkpoint };
    for (const size of [4, 2, 1, 3]) {
      const isLast = size === 3, hold = isLast ? undefined : { rank: size - 1, step: 13 };
      const workers = startToyWorkers(size, { ...order, resume: true, tell: true, hold });
      if (!isLast) {
        await workers[size - 1].reached(13);
        workers[size - 1].child.kill("SIGKILL");
      }
      await endsOf(workers, `a run by ${size}`);
      const end = workers[0].words[workers[0].words.length - 1];
      if (!isLast) continue;
      assert("ending" in end, JSON.stringify(end));
      assertEquals(end.steps, 104);
      const alone = trainToy({ ...order, checkpoint: undefined });
      await alone.history;
      assertClose(end.weights, weightsOf(alone.model), 1e-4);
    }
    await Deno.remove(folder, { recursive: true });
  }
});
