/** Worker processes on this machine: started, watched, and started again when one dies. @module */
import { join } from "@std/path";
import { writeAll } from "../../base/write_all.ts";
import type { Study } from "../study.ts";

/** Options for {@linkcode runLocal}. */
export interface LocalOptions {
  /** How many processes. @default {1} */
  workers?: number;
  /** What starts one: it runs trials of the study until none is left, and exits with 0. */
  command: readonly string[];
  env?: Record<string, string>;
  /** How often processes that died are replaced in all. @default {10 + workers} */
  restarts?: number;
  /** Asks the processes to make room (SIGTERM). */
  signal?: AbortSignal;
  /** Takes a line about each process that died. */
  log?: (line: string) => void;
  /** Called about once a second. */
  onTick?: () => void;
}

/**
 * Runs a study with processes of this machine until there is nothing left to do.
 *
 * What each process says stands in `workers/N.log` of the study's folder.
 *
 * @returns How many processes died.
 * @throws {Error} If they die again and again, with the last words of the last one.
 */
export async function runLocal(study: Study, options: LocalOptions): Promise<number> {
  const { workers = 1, restarts = 10 + workers, signal, log = () => {} } = options;
  let deaths = 0;
  const lane = async (number: number): Promise<void> => {
    for (;;) {
      const file = join(study.paths.workers, `${number}.log`);
      const child = start(options, file);
      const stop = () => child.kill("SIGTERM");
      signal?.addEventListener("abort", stop);
      const status = await child.status;
      signal?.removeEventListener("abort", stop);
      if (status.success || signal?.aborted) return;
      deaths++;
      const how = howItEnded(status);
      log(`worker ${number} ${how}: see ${file}`);
      study.refresh();
      await study.reap(undefined, reasonsFor(study, child.pid, how));
      if (study.isFinished()) return;
      if (deaths > restarts) {
        throw new Error(`Cannot go on as ${deaths} workers died: ${await lastWords(file)}`);
      }
    }
  };
  const timer = setInterval(() => {
    study.refresh();
    options.onTick?.();
  }, 1_000);
  try {
    await Promise.all(Array.from({ length: workers }, (_, number) => lane(number)));
  } finally {
    clearInterval(timer);
  }
  study.refresh();
  options.onTick?.();
  return deaths;
}

function start({ command, env }: LocalOptions, file: string): Deno.ChildProcess {
  const [program, ...args] = command;
  const child = new Deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  for (const stream of [child.stdout, child.stderr]) void copy(stream, file);
  return child;
}

async function copy(stream: ReadableStream<Uint8Array>, file: string): Promise<void> {
  using log = await Deno.open(file, { append: true, create: true });
  for await (const part of stream) await writeAll(log, part);
}

function howItEnded({ code, signal }: Deno.CommandStatus): string {
  if (signal === "SIGKILL") return "was killed (SIGKILL), as when the system is out of memory";
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}

/** What is known of a death, for the trial that it cost. */
function reasonsFor({ state }: Study, pid: number, how: string): Record<string, string> {
  const own = [...state.workers.values()].filter((worker) => worker.pid === pid);
  return Object.fromEntries(own.map(({ id }) => [id, `its process ${how}`]));
}

async function lastWords(file: string): Promise<string> {
  const lines = (await Deno.readTextFile(file).catch(() => "")).trim().split("\n");
  return lines.slice(-3).join("; ") || "they said nothing";
}
