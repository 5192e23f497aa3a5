/**
 * A trial as a program of any language.
 *
 * Its arguments may hold `{name}` of a parameter, `{seed}`, `{number}`, `{attempt}` and `{folder}`; the same stand in its
 * environment as `TRIAL_…`. Lines of its output that are JSON objects speak: `{"step": 3, "values": {"loss": 0.2}}`
 * reports, `{"values": 0.19}` (with `constraints` and `metrics` where wanted) is the result; a last line that is a number
 * is a result too. All else is its log. A trial that is pruned or has to make room gets SIGTERM. @module
 */
import { nearest } from "../base/nearest.ts";
import type { Objective, ObjectiveResult, TrialContext } from "./objective.ts";
import type { Params } from "./space.ts";

/** How long a program may take to end after SIGTERM, in milliseconds. */
const GRACE_MS = 30_000;

/**
 * Makes an objective of a program.
 *
 * @param words The program and its arguments, such as `["python3", "train.py", "--rate", "{rate}"]`.
 * @throws {RangeError} (the objective) If a word holds a name that no parameter has.
 */
export function commandObjective(words: readonly string[]): Objective {
  const [program, ...rest] = words;
  if (program === undefined) throw new RangeError("Cannot run a trial as its command is empty");
  return async (params, trial) => {
    const known = namesOf(params, trial);
    const child = new Deno.Command(program, {
      args: rest.map((word) => fill(word, known)),
      env: Object.fromEntries(
        Object.entries(known).map(([name, value]) => [`TRIAL_${name.toUpperCase()}`, value]),
      ),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let killer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      kill(child, "SIGTERM");
      killer = setTimeout(() => kill(child, "SIGKILL"), GRACE_MS);
    };
    trial.signal.addEventListener("abort", end);
    if (trial.signal.aborted) end();
    try {
      const errors = copyErrors(child.stderr, trial);
      const result = await listen(child.stdout, trial);
      const { success, code, signal } = await child.status;
      const last = await errors;
      trial.signal.throwIfAborted();
      if (signal !== null) {
        const hint = signal === "SIGKILL" ? ", as when the system is out of memory" : "";
        throw new Error(`"${program}" was ended by ${signal}${hint}`);
      }
      if (!success) throw new Error(`"${program}" ended with code ${code}: ${last}`);
      if (result === undefined) {
        throw new Error(`"${program}" gave no result: expected a last line with a number`);
      }
      return result;
    } finally {
      clearTimeout(killer);
      trial.signal.removeEventListener("abort", end);
    }
  };
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}

function namesOf(params: Params, trial: TrialContext): Record<string, string> {
  const { number, seed, attempt, folder } = trial;
  const own = { number, seed, attempt, folder };
  return Object.fromEntries(
    Object.entries({ ...params, ...own }).map(([name, value]) => [name, String(value)]),
  );
}

/** Puts values into a word; a parameter that is not there in this trial is an empty text. */
function fill(word: string, known: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    if (Object.hasOwn(known, name)) return known[name];
    const near = nearest(name, Object.keys(known));
    throw new RangeError(
      `Cannot fill "{${name}}" as no parameter has that name${near ? ` (nearest: "${near}")` : ""}`,
    );
  });
}

async function listen(
  stream: ReadableStream<Uint8Array>,
  trial: TrialContext,
): Promise<ObjectiveResult | undefined> {
  let result: ObjectiveResult | undefined;
  let last = "";
  let refused: unknown;
  for await (const line of linesOf(stream)) {
    const said = parseObject(line);
    if (said && typeof said.step === "number") {
      if (refused === undefined) {
        await trial.report(said.step, said.values as Record<string, number>).catch((error) =>
          refused = error
        );
      }
    } else if (said && "values" in said) result = said as unknown as ObjectiveResult;
    else {
      trial.log(line);
      if (line.trim() !== "") last = line.trim();
    }
  }
  if (refused !== undefined) throw refused;
  if (result !== undefined) return result;
  return last !== "" && Number.isFinite(Number(last)) || last === "nan" || last === "NaN"
    ? Number(last)
    : undefined;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a line of its log that begins with a bracket
  }
}

/** Copies what a program complains about into the trial's log; gives the last line. */
async function copyErrors(stream: ReadableStream<Uint8Array>, trial: TrialContext): Promise<string> {
  let last = "it said nothing";
  for await (const line of linesOf(stream)) {
    trial.log(line);
    if (line.trim() !== "") last = line.trim();
  }
  return last;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of stream) {
    const lines = (text + decoder.decode(part, { stream: true })).split("\n");
    text = lines.pop()!;
    yield* lines;
  }
  if (text !== "") yield text;
}
