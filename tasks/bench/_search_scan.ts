/** The scan of source 001, the same 14 networks by ours and by KerasTuner, and by two workers against one. @module */
import { join } from "@std/path";
import {
  alternate,
  type BenchContext,
  type BenchTable,
  provide,
  readProgram,
  timeProgram,
} from "./_bench.ts";

const script = (name: string) => new URL(name, import.meta.url).pathname;
const OWN = script("./_scan.ts"), KERAS = script("./peers/search_scan.py");

/** Seconds that our scan takes, start to exit. */
function scan(epochs: number, threads: number, ...folder: string[]): Promise<number> {
  return timeProgram(Deno.execPath(), ["run", "-A", OWN, String(epochs), String(threads), ...folder]);
}

/** Seconds by the clock, and of processor time. */
interface Spent {
  wall: number;
  processor: number;
}

async function spend(run: () => Promise<number>): Promise<Spent> {
  const before = childSeconds(), wall = await run();
  return { wall, processor: childSeconds() - before };
}

/** 14 of 1,458 three-dimensional networks by one process, start to exit. */
export async function measureScan(context: BenchContext, epochs: number): Promise<BenchTable> {
  const { rounds, folder, say } = context;
  const python = await provide("keras", context);
  await provide("kerastuner", context);
  const networks = join(folder, "networks.json");
  await Deno.writeTextFile(networks, await readProgram(Deno.execPath(), ["run", "-A", OWN, "list"]));
  say(`scan of ${epochs} epochs, ${rounds} rounds`);
  const tuner = join(folder, "tuner"); // which it overwrites
  const { ours, keras } = await alternate<"ours" | "keras", Spent>(rounds, {
    ours: () => spend(() => scan(epochs, navigator.hardwareConcurrency)),
    keras: () => spend(() => timeProgram(python, [KERAS, String(epochs), tuner, networks])),
  });
  const row = (what: string, of: keyof Spent, bar?: number) => ({
    what,
    unit: "s",
    ours: ours.map((spent) => spent[of]),
    peer: "KerasTuner",
    theirs: keras.map((spent) => spent[of]),
    bar,
  });
  return {
    title: `The document's scan: 14 of 1,458 networks, ${epochs} epochs of 140 images, start to exit`,
    rows: [row("one process", "wall", 0.5), row("its processor time", "processor")],
    notes: [
      "Both train the same 14 networks, by the ways that they take unless told: Keras compiles no step with XLA where there is no GPU.",
    ],
  };
}

/** Few, as what is asked for is a ratio. */
const WORKERS_EPOCHS = 2;

/** Two processes of one thread on one folder against one process of one thread. */
export async function measureWorkers({ rounds, folder, say }: BenchContext): Promise<BenchTable> {
  say(`scan of ${WORKERS_EPOCHS} epochs by one worker and by two, ${rounds} rounds`);
  const { one, two } = await alternate(rounds, {
    one: () => scan(WORKERS_EPOCHS, 1),
    two: async () => {
      const shared = await Deno.makeTempDir({ dir: folder });
      const times = await Promise.all([scan(WORKERS_EPOCHS, 1, shared), scan(WORKERS_EPOCHS, 1, shared)]);
      return Math.max(...times);
    },
  });
  return {
    title: `The document's scan by workers of one thread: 14 networks, ${WORKERS_EPOCHS} epochs`,
    rows: [{ what: "two workers", unit: "s", ours: two, peer: "one", theirs: one, bar: 0.6 }],
  };
}

/** Seconds of processor time of all programs that this process started and that are over. Linux only: else NaN. */
function childSeconds(): number {
  try {
    const text = Deno.readTextFileSync("/proc/self/stat");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // from the third of proc(5) on
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NaN;
    throw error;
  }
}
