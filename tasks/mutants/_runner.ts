/**
 * A process that loads test files once and runs their tests one by one, with a fault or without.
 *
 * It takes requests, a line of JSON each, from the port that its first argument names. `deno test` runs a file only as
 * a whole and in a process that has loaded nothing; here a test takes the time of the test.
 * @module
 */
import { pathToFileURL } from "node:url";
import { readLines } from "../_lines.ts";
import { MOST_FAULTS, type Planted, type Reply, type Request } from "./_messages.ts";

/** A test as `Deno.test` was told of it. */
interface Registered {
  name: string;
  fn: () => void | Promise<void>;
}

const planted: Planted = { active: -1, reached: new Uint8Array(MOST_FAULTS) };
(globalThis as { plantedFaults?: Planted }).plantedFaults = planted;

const tests = new Map<string, Registered[]>();
let loading: Registered[] = [];
let strayError: unknown;

function register(first: unknown, second?: unknown): void {
  const options = first as { name: string; fn: Registered["fn"]; ignore?: boolean };
  if (typeof first === "string") loading.push({ name: first, fn: second as Registered["fn"] });
  else if (!options.ignore) loading.push({ name: options.name, fn: options.fn });
}

/** What a promise that nobody waits for came to fails the test that runs. */
function noteStray(event: PromiseRejectionEvent | ErrorEvent): void {
  event.preventDefault();
  strayError ??= "reason" in event ? event.reason ?? "rejected" : event.error ?? event.message;
}

async function load(file: string): Promise<Reply> {
  loading = [];
  await import(pathToFileURL(file).href);
  tests.set(file, loading);
  return { names: loading.map(({ name }) => name), reached: takeReached() };
}

async function run(file: string, index: number, active: number): Promise<Reply> {
  planted.active = active;
  strayError = undefined;
  planted.reached.fill(0);
  const start = performance.now();
  let failure: unknown;
  try {
    await tests.get(file)![index].fn();
  } catch (error) {
    failure = error ?? "thrown";
  }
  await new Promise((resolve) => setTimeout(resolve)); // what was rejected is told of by now
  planted.active = -1;
  failure ??= strayError;
  const ms = performance.now() - start;
  return { passed: failure === undefined, ms, reached: takeReached() };
}

function takeReached(): number[] {
  const ids: number[] = [];
  planted.reached.forEach((value, id) => value && ids.push(id));
  planted.reached.fill(0);
  return ids;
}

if (import.meta.main) {
  Object.assign(Deno, {
    test: register,
    exit: (code: number) => {
      throw new Error(`a test ended its process with code ${code}`);
    },
  });
  globalThis.addEventListener("unhandledrejection", noteStray);
  globalThis.addEventListener("error", noteStray);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
  const encoder = new TextEncoder();
  for await (const line of readLines(connection.readable)) {
    const request: Request = JSON.parse(line);
    let reply: Reply;
    try {
      reply = "load" in request
        ? await load(request.load)
        : await run(request.run, request.index, request.active);
    } catch (error) {
      reply = { error: String(error) };
    }
    await connection.write(encoder.encode(JSON.stringify(reply) + "\n"));
  }
}
