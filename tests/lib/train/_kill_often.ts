/** Kills a training run at random moments, resumes it, and compares its end with that of an unbroken run. @module */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { decodeHistory } from "../../../lib/train/mod.ts";
import { readLines } from "../../../tasks/_lines.ts";
import { assert, assertEquals } from "../../assert.ts";
import type { StepKind } from "./_toy_tasks.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("./_kill_program.ts"));

function start(folder: string, kind: StepKind, slowAfter = Infinity): Deno.ChildProcess {
  const args = ["run", "-A", "--no-check", PROGRAM, folder, kind, String(slowAfter)];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
}

/** Runs until `steps` more steps are done and a random few milliseconds more have passed, then kills with SIGKILL. */
async function runAndKill(
  folder: string,
  kind: StepKind,
  steps: number,
  rng: () => number,
): Promise<"killed" | "ended"> {
  const process = start(folder, kind, steps), lines = readLines(process.stdout);
  for (let seen = 0; seen < steps; seen++) {
    const { done } = await lines.next();
    if (done) break;
  }
  await new Promise((resolve) => setTimeout(resolve, rng() * 15)); // into a step, or into the writing of a checkpoint
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  while (!(await lines.next()).done);
  return (await process.status).signal === "SIGKILL" ? "killed" : "ended";
}

async function runToEnd(folder: string, kind: StepKind): Promise<void> {
  const process = start(folder, kind), lines = readLines(process.stdout);
  while (!(await lines.next()).done);
  assert((await process.status).success, "the run failed");
}

/** History without the columns that a clock fills. */
async function historyOf(folder: string) {
  const epochs = decodeHistory(await Deno.readTextFile(join(folder, "history.csv")));
  return epochs.map(({ seconds: _, examplesPerSecond: __, ...numbers }) => numbers);
}

/**
 * Fails unless a run killed `times` times ends bit for bit as one that was not.
 *
 * @param rng Chooses the moments.
 */
export async function assertSurvivesKills(kind: StepKind, times: number, rng: () => number): Promise<void> {
  const [whole, broken] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  try {
    await runToEnd(whole, kind);
    let kills = 0;
    for (let attempt = 0; kills < times; attempt++) {
      assert(attempt < 3 * times, `only ${kills} of ${times} kills came before the end`);
      // The steps of the whole run, 156, are shared out so that the kills fall all over it.
      const steps = Math.floor(rng() * 130 / times);
      if (await runAndKill(broken, kind, steps, rng) === "killed") kills++;
      else break;
    }
    assert(kills >= Math.ceil(times / 2), `only ${kills} of ${times} kills came before the end`);
    await runToEnd(broken, kind);
    assertEquals(await Deno.readFile(join(broken, "weights")), await Deno.readFile(join(whole, "weights")));
    assertEquals(await historyOf(broken), await historyOf(whole));
    const left = [...Deno.readDirSync(broken)].map(({ name }) => name).filter((name) =>
      !name.endsWith(".part")
    );
    assertEquals(left.sort(), ["history.csv", "state.safetensors", "weights"]);
  } finally {
    await Deno.remove(whole, { recursive: true });
    await Deno.remove(broken, { recursive: true });
  }
}
