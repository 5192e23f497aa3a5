/**
 * Training by several processes, as the task sees it: which of them this one is, how they are started on one machine, and who
 * of them speaks.
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Joined, joinWorkers, type Place, slurmPlace } from "../lib/engine/mod.ts";
import { denoProgram } from "../lib/base/deno_program.ts";
import { CliError, Stopped } from "./_cli.ts";
import { freePort } from "../lib/base/free_port.ts";

/** The variable in which a process that was started here finds its place. */
const PLACE = "CLOUDCHAMBER_WORKER";

/** How a run may be spread. */
export const STRATEGIES = ["one", "mirrored", "multiworker"] as const;
export type Strategy = typeof STRATEGIES[number];

/** What the command line says of it. */
export interface SpreadOptions {
  strategy?: string;
  workers?: number;
  devices: readonly string[];
}

/** How a run is spread: this process's place among several, so many to start, or on devices of its own. */
export type Spread =
  | { strategy: "one" }
  | { strategy: "mirrored"; devices: readonly string[] }
  | { strategy: "multiworker"; place: Place; /** By {@linkcode startWorkers}. */ isStarted: boolean }
  | { strategy: "multiworker"; start: number };

/**
 * How a run is to be spread, from the command line and from the environment of Slurm's tasks.
 *
 * @throws {CliError} If the two do not fit each other.
 */
export function spreadOf(
  { strategy, workers, devices }: SpreadOptions,
  environment: Readonly<Record<string, string>>,
): Spread {
  const given = environment[PLACE];
  const place = given ? JSON.parse(given) as Place : strategy === "one" ? undefined : slurmPlace(environment);
  if (place && (strategy ?? "multiworker") === "multiworker") {
    if (workers !== undefined && workers !== place.size) {
      throw new CliError(`Option --workers is ${workers}, but Slurm's step has ${place.size} tasks`);
    }
    return { strategy: "multiworker", place, isStarted: given !== undefined };
  }
  const chosen = strategy ?? (devices.length > 0 ? "mirrored" : (workers ?? 1) > 1 ? "multiworker" : "one");
  if (chosen === "mirrored") {
    if (devices.length === 0) {
      throw new CliError("Option --strategy mirrored needs --devices, such as cpu:0,cpu:1");
    }
    return { strategy: "mirrored", devices };
  }
  if (devices.length > 0) throw new CliError(`Option --devices needs --strategy mirrored: got ${chosen}`);
  if (chosen === "one") {
    if ((workers ?? 1) > 1) {
      throw new CliError(`Option --strategy one has one worker: got --workers ${workers}`);
    }
    return { strategy: "one" };
  }
  if (workers === undefined) {
    throw new CliError("Option --strategy multiworker needs --workers N, or a Slurm step of several tasks");
  }
  return workers === 1 ? { strategy: "one" } : { strategy: "multiworker", start: workers };
}

/** How long workers may go on once the first one has ended, before they are killed. */
const GRACE_MS = 10_000;

/**
 * Starts so many processes of this task on this machine and waits for them. A signal that this process gets is given to the first,
 * which tells the others; a second one ends them all. Where this process is killed, they end by themselves: see
 * {@linkcode whenAbandoned}.
 *
 * @param args The task's own arguments.
 * @returns The first one's exit code.
 */
export async function startWorkers(args: readonly string[], size: number): Promise<number> {
  const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / size));
  const common = { size, hostnames: ["127.0.0.1"], port: freePort(), token: crypto.randomUUID(), threads };
  const permissions = ["read", "write", "env", "sys", "ffi", "net"].map((name) => `--allow-${name}`);
  const script = new URL("./train.ts", import.meta.url);
  const task = script.protocol === "file:" ? fileURLToPath(script) : script.href;
  const children = Array.from({ length: size }, (_, rank) => {
    const place: Place = { ...common, rank, host: Deno.hostname() };
    return new Deno.Command(denoProgram(), {
      args: ["run", "--no-prompt", ...permissions, "--allow-run=python3,pip3,deno", task, ...args],
      env: { TF_CPP_MIN_LOG_LEVEL: "3", ...Deno.env.toObject(), [PLACE]: JSON.stringify(place) },
      stdin: "piped",
      stdout: rank === 0 ? "inherit" : "null",
      stderr: "inherit",
    }).spawn();
  });
  const killAll = () => children.forEach((child) => kill(child, "SIGKILL"));
  let signals = 0;
  const pass = () => ++signals === 1 ? tellToStop(children[0]) : killAll();
  const names = isWindows ? ["SIGINT", "SIGBREAK"] as const : STOP_SIGNALS;
  for (const name of names) Deno.addSignalListener(name, pass);
  try {
    const { code, signal } = await children[0].status;
    const timer = setTimeout(killAll, GRACE_MS);
    await Promise.all(children.map(({ status }) => status));
    clearTimeout(timer);
    return signal === null ? code : 1;
  } finally {
    for (const name of names) Deno.removeSignalListener(name, pass);
  }
}

const isWindows = Deno.build.os === "windows";
/** Signals that end a run of several workers. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;

/** Has a worker stop, with a checkpoint where it trains; Windows has no signal for that. */
function tellToStop(child: Deno.ChildProcess): void {
  if (isWindows) child.stdin.close().catch(() => {}); // closed already
  else kill(child, "SIGTERM");
}

/**
 * A signal for a worker that {@linkcode startWorkers} has started: raised when that process is gone, and with it the other end of
 * the worker's input, into which nothing is ever written.
 */
export function whenAbandoned(input: ReadableStream<Uint8Array> = Deno.stdin.readable): AbortSignal {
  const gone = new AbortController();
  const read = async () => {
    for await (const _ of input);
  };
  read().catch(() => {}).then(() => gone.abort(new Stopped("SIGTERM"))); // a broken pipe is one that nobody holds
  return gone.signal;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error; // ended already
  }
}

/** What a worker needs to come together with the others. */
export interface JoinRequest {
  place: Place;
  /** Seconds that a worker may be behind the others. */
  patience: number;
  facts: Readonly<Record<string, string>>;
  word: unknown;
}

/**
 * Runs a task's body as one of several workers. Where it fails the others are told, and one of them tells the user.
 *
 * @returns The exit code.
 */
export async function runJoined(
  request: JoinRequest,
  body: (joined: Joined) => Promise<number>,
): Promise<number> {
  const { place, patience: patienceSeconds, facts, word } = request;
  Deno.env.get("TF_CPP_MIN_LOG_LEVEL") ?? Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
  const joined = await joinWorkers(place, { facts, word, patienceSeconds });
  try {
    return await body(joined);
  } catch (error) {
    const end = await joined.whyEnded(0);
    if (!end) joined.fail((error as Error).message);
    if (place.rank === 0 || end?.rank === 0) throw error;
    return 1; // the first one says it
  } finally {
    await joined.leave();
  }
}
