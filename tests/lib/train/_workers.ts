/** Workers in processes of their own that train the toy together. @module */
import { readLines } from "../../../tasks/_lines.ts";
import { localPlaces } from "../engine/workers/_places.ts";
import type { WorkerOrder, WorkerWord } from "./_worker_program.ts";

const PROGRAM = new URL("./_worker_program.ts", import.meta.url);

/** A worker's process. */
export interface WorkerProcess {
  readonly child: Deno.ChildProcess;
  /** All that it has said so far. */
  readonly words: WorkerWord[];
  /** Its end, when all that it said has been read. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Comes when it has said a step of this number or more, or has ended. */
  reached(step: number): Promise<void>;
}

/** Starts so many workers of one run. */
export function startToyWorkers(size: number, order: Omit<WorkerOrder, "place">): WorkerProcess[] {
  return localPlaces(size).map((place) => startOne({ ...order, place }));
}

function startOne(order: WorkerOrder): WorkerProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM.pathname, JSON.stringify(order)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const words: WorkerWord[] = [], waiting: { step: number; resolve: () => void }[] = [];
  const wake = (step: number) => {
    for (const wait of waiting) if (step >= wait.step) wait.resolve();
  };
  const status = (async () => {
    for await (const line of readLines(child.stdout)) {
      const word = JSON.parse(line) as WorkerWord;
      words.push(word);
      if ("step" in word) wake(word.step);
    }
    wake(Infinity);
    return await child.status;
  })();
  return {
    child,
    words,
    status,
    reached: (step) => new Promise((resolve) => waiting.push({ step, resolve })),
  };
}
