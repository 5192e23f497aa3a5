/** The folder of one training run: which files it holds, and what `run.json` says. @module */
import { join } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import type { StepProfile } from "../train/mod.ts";

const FORMAT = "cloudchamber-run/2";

/** What one of several workers did. */
export interface WorkOfOne {
  /** Examples that it computed. */
  examples: number;
  /** The same by time. */
  examplesPerSecond: number;
  /** Share of its steps in which it exchanged or waited for others. */
  exchangeShare: number;
  /** Share in which it computed. */
  efficiency: number;
}

/** What `run.json` holds. */
export interface RunRecord {
  /** What wrote the folder, and how. */
  format: typeof FORMAT;
  /** What was trained. */
  experiment: string;
  /** Every option with its value, defaults included. */
  options: Record<string, unknown>;
  /** How far the run is. */
  state: "running" | "interrupted" | "finished";
  /** Times in ISO 8601. */
  started: string;
  /** When it ended, if it did. */
  finished?: string;
  /** Where the examples come from. */
  origin?: string;
  /** SHA-256 of the examples and of how they were split. */
  dataFingerprint?: string;
  /** Examples of each split. */
  examples?: Record<string, number>;
  /** Engine, its version, threads, into how many shards a batch was cut, and in which precision layers multiplied. */
  engine?: Record<string, string | number>;
  /** Versions of the programs that matter, by name. */
  versions: Record<string, string>;
  /** Where it ran. */
  host: string;
  /** How the learning rate was to change. */
  schedule?: Readonly<Record<string, unknown>>;
  /** What it was in the epochs, by its name in the history. */
  learningRates?: Record<string, { first: number; highest: number; last: number }>;
  /** Values that training moved. */
  parameters?: number;
  /** How convolutions were done that were measured, by their shapes. */
  tuning?: Readonly<Record<string, string>>;
  /** Where the time of a step goes, where that was asked for. */
  profile?: StepProfile;
  /** Seconds spent in training. */
  seconds?: number;
  /** Epoch whose weights the model holds. */
  weightsOf?: number;
  /** What each of several workers did in the session that ended the run, by rank. */
  workers?: WorkOfOne[];
  /** How far serving is from training; see `check_serving.ts`. */
  serving?: { largest: number; examples: number };
  /** Metrics on the test examples, by name. */
  metrics?: Record<string, unknown>;
}

/** Files and folders of a run folder. */
export type RunPaths = Record<
  | "record"
  | "lock"
  | "history"
  | "checkpoint"
  | "keras"
  | "onnx"
  | "card"
  | "plots"
  | "report"
  | "trace"
  | "xplane",
  string
>;

/** Paths in a run folder. */
export function runPaths(folder: string): RunPaths {
  return {
    record: join(folder, "run.json"),
    lock: join(folder, "run.lock"),
    history: join(folder, "history.csv"),
    checkpoint: join(folder, "checkpoint", "state.safetensors"),
    keras: join(folder, "model.keras"),
    onnx: join(folder, "model.onnx"),
    card: join(folder, "model.json"),
    plots: join(folder, "plots"),
    report: join(folder, "report.html"),
    trace: join(folder, "trace.json"),
    xplane: join(folder, "plugins", "profile", "steps", "run.xplane.pb"), // where TensorBoard looks for it
  };
}

/** A record of a run that begins. */
export function newRecord(experiment: string, options: Record<string, unknown>): RunRecord {
  const versions = { deno: Deno.version.deno, typescript: Deno.version.typescript };
  return {
    format: FORMAT,
    experiment,
    options,
    state: "running",
    started: new Date().toISOString(),
    versions,
    host: Deno.hostname(),
  };
}

/**
 * Reads a folder's `run.json`.
 *
 * @returns The record, or undefined where there is none.
 * @throws {SyntaxError} If the file is no such record.
 */
export async function readRecord(folder: string): Promise<RunRecord | undefined> {
  const path = runPaths(folder).record;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
  let record: Partial<RunRecord>;
  try {
    record = JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read "${path}": it is no JSON`);
  }
  if (record?.format !== FORMAT || typeof record.options !== "object") {
    throw new SyntaxError(
      `Cannot read "${path}": it has format "${record?.format}", this version goes on with "${FORMAT}" only`,
    );
  }
  return record as RunRecord;
}

/** Writes a folder's `run.json`. */
export async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  await writeDurably(runPaths(folder).record, JSON.stringify(record, undefined, 2) + "\n");
}

/**
 * Makes a folder for a run, makes sure that it can be written to, and clears away what a killed run was writing.
 *
 * @returns Takes the folder away again, as far as it was made here and is still empty, in two steps: what is in it, and,
 * when `release` has given back the lock that lies in it, the folder.
 * @throws {Error} One line that names the folder: no permission, read-only, full, or a file in its way.
 */
export async function prepareFolder(folder: string): Promise<(release: () => void) => Promise<void>> {
  const inner = join(folder, "checkpoint");
  const existed = await Deno.stat(folder).then(() => true, () => false);
  try {
    await Deno.mkdir(inner, { recursive: true });
    const probe = join(folder, `.probe-${crypto.randomUUID().slice(0, 8)}`);
    try {
      await Deno.writeFile(probe, new Uint8Array(4096));
    } finally {
      await Deno.remove(probe).catch(() => {});
    }
    for (const place of [folder, inner]) {
      for await (const { name } of Deno.readDir(place)) {
        if (name.endsWith(".part")) await Deno.remove(join(place, name));
      }
    }
  } catch (error) {
    if (error instanceof Error) error.message = `Cannot write to run folder "${folder}": ${error.message}`;
    throw error;
  }
  return async (release) => {
    await Deno.remove(inner).catch(() => {}); // not if in use
    release();
    if (!existed) await Deno.remove(folder).catch(() => {});
  };
}
