/** A trial as a program: what it is told, what of its output counts, and how it ends. */
import { commandObjective } from "../../../lib/search/command.ts";
import { type ObjectiveResult, PrunedError, type TrialContext } from "../../../lib/search/objective.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withWaits } from "../../waits.ts";

/** A trial, and what a program told it. */
function trialOf(options: { signal?: AbortSignal; refuse?: (step: number) => Error | undefined } = {}) {
  const { signal = new AbortController().signal, refuse = () => undefined } = options;
  const reports: unknown[] = [], log: string[] = [];
  const trial: TrialContext = {
    number: 7,
    seed: 11,
    attempt: 2,
    folder: "runs/seven",
    signal,
    report(step, values) {
      reports.push([step, values]);
      const error = refuse(step);
      return error ? Promise.reject(error) : Promise.resolve();
    },
    log: (line) => void log.push(line),
  };
  return { trial, reports, log };
}

type Told = ReturnType<typeof trialOf>;

/** Runs a line of shell as a trial. */
async function run(script: string, told: Told = trialOf()): Promise<[ObjectiveResult, Told]> {
  return [await commandObjective(["sh", "-c", script])({}, told.trial), told];
}

Deno.test("commandObjective() puts parameters and the trial's own numbers into words and environment", async () => {
  const script = 'echo "$0|$1|$TRIAL_RATE|$TRIAL_SEED|$TRIAL_NUMBER|$TRIAL_ATTEMPT|$TRIAL_FOLDER"; echo 0.25';
  const { trial, log } = trialOf();
  const objective = commandObjective([
    "sh",
    "-c",
    script,
    "--rate={rate}-{kind}",
    "{folder}/{seed}/{number}.{attempt}",
  ]);
  assertEquals(await objective({ rate: 0.5, kind: "a b" }, trial), 0.25);
  assertEquals(log, ["--rate=0.5-a b|runs/seven/11/7.2|0.5|11|7|2|runs/seven", "0.25"]);
  await assertRejects(
    async () => await commandObjective(["sh", "{rat}"])({ rate: 1 }, trial),
    RangeError,
    'Cannot fill "{rat}" as no parameter has that name (nearest: "rate")',
  );
  await assertRejects(
    async () => await commandObjective(["sh", "{wholly_else}"])({}, trial),
    RangeError,
    'Cannot fill "{wholly_else}" as no parameter has that name',
  );
  assertThrows(() => commandObjective([]), RangeError, "its command is empty");
});

Deno.test("commandObjective() takes reports and a result from lines of JSON, and all else for its log", async () => {
  const lines = [
    '{"step": 1, "values": {"loss": 2}}',
    "{not JSON",
    '{"step": 2, "values": {"loss": 1}}',
    '{"other": 3}',
    '{"values": [0.5, 4], "metrics": {"accuracy": 0.9}}',
    "0.125",
  ];
  const [result, { reports, log }] = await run(lines.map((line) => `echo '${line}'`).join("; "));
  assertEquals<unknown>(result, { values: [0.5, 4], metrics: { accuracy: 0.9 } });
  assertEquals<unknown>(reports, [[1, { loss: 2 }], [2, { loss: 1 }]]);
  assertEquals(log, ["{not JSON", '{"other": 3}', "0.125"]);
});

Deno.test("commandObjective() takes a last line that is a number, and needs a result", async () => {
  for (
    const [script, expected] of [["echo 7; echo 0.5; echo", 0.5], ["printf 3e-2", 0.03], ["echo NaN", NaN], [
      "echo nan",
      NaN,
    ]] as const
  ) {
    assertEquals((await run(script))[0], expected, script);
  }
  for (const script of ["true", "echo 0.5; echo done", "echo Infinity"]) {
    await assertRejects(() => run(script), Error, '"sh" gave no result: expected a last line with a number');
  }
});

Deno.test("commandObjective() says with what a program failed", async () => {
  const cases: [string, string][] = [
    ["echo first >&2; echo no data >&2; echo >&2; exit 3", '"sh" ended with code 3: no data'],
    ["echo 0.5; exit 1", '"sh" ended with code 1: it said nothing'],
    ["kill -9 $$", '"sh" was ended by SIGKILL, as when the system is out of memory'],
  ];
  for (const [script, message] of cases) await assertRejects(() => run(script), Error, message);
  const ended = await assertRejects(() => run("kill -15 $$"), Error);
  assertEquals(ended.message, '"sh" was ended by SIGTERM');
  const told = trialOf();
  await assertRejects(() => run("echo out; echo no data >&2; exit 3", told), Error);
  assertEquals(told.log.toSorted(), ["no data", "out"]);
});

Deno.test("commandObjective() lets a refused report through at the end, and makes no more of them", async () => {
  const told = trialOf({ refuse: (step) => step === 2 ? new PrunedError("not worth it") : undefined });
  const steps = [1, 2, 3].map((step) => `echo '{"step": ${step}, "values": {"loss": 1}}'`).join("; ");
  await assertRejects(() => run(`${steps}; echo 0.5`, told), PrunedError, "not worth it");
  assertEquals(told.reports.length, 2);
});

Deno.test("commandObjective() ends a program by SIGTERM, at once where the trial is over already", async () => {
  const stop = new AbortController(), told = trialOf({ signal: stop.signal });
  const patient = "trap 'echo made room; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
  const running = run(patient, told);
  while (!told.log.includes("ready")) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new PrunedError("enough"));
  await assertRejects(() => running, PrunedError, "enough");
  assertEquals(told.log, ["ready", "made room"]);
  const late = trialOf({ signal: AbortSignal.abort(new PrunedError("too late")) });
  await assertRejects(() => run("while :; do sleep 0.01; done", late), PrunedError, "too late");
});

Deno.test("commandObjective() kills a program that stays half a minute after SIGTERM", () =>
  withWaits(async (waits) => {
    const stop = new AbortController(), told = trialOf({ signal: stop.signal });
    const running = run("trap '' TERM; echo ready; while :; do sleep 0.01; done", told);
    while (!told.log.includes("ready")) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new PrunedError("enough"));
    await assertRejects(() => running, PrunedError, "enough");
    assert(waits.includes(30_000), "it was given its time");
  }, { most: 60_000 }));
