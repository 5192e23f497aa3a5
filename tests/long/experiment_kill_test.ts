/** Whole trainings by `deno task train`, killed at random moments and resumed, end bit for bit as if never killed. */
import { join } from "@std/path";
import { createRng, drawInteger } from "../../lib/base/rng.ts";
import { decodeHistory } from "../../lib/train/mod.ts";
import { readLines } from "../../tasks/_lines.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { drawSeed } from "../seed.ts";
import { smallMnist } from "../small_mnist.ts";
import { taskArguments } from "../task_command.ts";

const KILLS = 3, EPOCHS = 16;

const MANY = ["--epochs", `${EPOCHS}`, "--batch", "16", "--seed", "3", "--shards", "1", "--json"];
const EVENTS = ["--events", "60", "--test-events", "40"];

/** Experiments whose steps are more than one network's supervised one. */
const TRAININGS: Readonly<Record<string, readonly string[]>> = {
  latent: ["supernemo-clustering", "--network", "latent", "--latent", "4", ...EVENTS],
  criteria: ["supernemo-clustering", "--network", "segnet", "--against", "criteria", ...EVENTS],
  instances: ["supernemo-instances", "--hits", "16", ...EVENTS],
  learned: ["supernemo-vae", "--alike", "learned", "--filters", "4", "--latent", "4", ...EVENTS],
  capsnet: ["capsnet", "--filters", "8", "--capsules", "2", "--images", "100", "--validation", "8"],
};

function start(words: readonly string[], folder: string, name: string): Deno.ChildProcess {
  const places = ["--data-folder", join(folder, "sets"), "--out", join(folder, name)];
  const args = [...taskArguments("train"), ...words, ...MANY, ...places];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
}

/** Reads what a training says to its end. */
async function readAll(lines: AsyncGenerator<string>): Promise<void> {
  while (!(await lines.next()).done);
}

/** Kills a training after so many epochs, or lets it end; says whether it was killed. */
async function isKilled(child: Deno.ChildProcess, epochs: number): Promise<boolean> {
  const lines = readLines(child.stdout);
  for (let seen = 0; seen < epochs;) {
    const { done, value } = await lines.next();
    if (done) break;
    if (value.startsWith(`{"type":"epoch"`)) seen++;
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await readAll(lines);
  return (await child.status).signal === "SIGKILL";
}

async function assertEnds(child: Deno.ChildProcess): Promise<void> {
  await readAll(readLines(child.stdout));
  assert((await child.status).success, "the training failed");
}

/** History without the columns that a clock fills. */
async function historyOf(run: string) {
  const epochs = decodeHistory(await Deno.readTextFile(join(run, "history.csv")));
  return epochs.map(({ seconds: _, examplesPerSecond: __, ...numbers }) => numbers);
}

for (const [name, words] of Object.entries(TRAININGS)) {
  Deno.test(`a training of ${name} killed ${KILLS} times and resumed ends bit for bit as if never killed`, () =>
    withFolder(async (folder) => {
      const rng = createRng(drawSeed(`kills of ${name}`)), given = [...words];
      if (name === "capsnet") given.push("--data", await smallMnist(join(folder, "digits"), 100, 20));
      await assertEnds(start(given, folder, "whole"));
      let kills = 0;
      for (let attempt = 0; attempt < KILLS; attempt++) {
        const going = attempt === 0 ? given : [...given, "--resume"];
        if (!await isKilled(start(going, folder, "broken"), 1 + drawInteger(rng, 4))) break;
        kills++;
      }
      assert(kills > 0, "it ended before it could be killed");
      await assertEnds(start([...given, "--resume"], folder, "broken"));
      const [whole, broken] = [join(folder, "whole"), join(folder, "broken")];
      assertEquals(await historyOf(broken), await historyOf(whole));
      assertEquals(
        await Deno.readFile(join(broken, "model.onnx")),
        await Deno.readFile(join(whole, "model.onnx")),
      );
    }));
}
