/**
 * Conditions that should change no result: another order, no idle processor, another day and time zone.
 *
 * The day is shifted in the tests' own process, for now and for the times of files; programs and workers that tests
 * start keep the true one. libfaketime would shift them too, but only those that ask the C library for the time: the
 * S3 servers, written in Go, do not.
 * @module
 */
import { pathToFileURL } from "node:url";
import { join } from "@std/path";

/** One day, and a zone that is not whole hours from UTC: almost everywhere another date. */
const TIME_ZONE = "Asia/Kathmandu";

/** What makes a run hard, while it lasts. */
export interface Hardship extends AsyncDisposable {
  /** For `deno test`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts to keep every processor busy.
 *
 * @param seed Of the order of the tests.
 */
export function makeHardship(seed: number): Hardship {
  const busy = Array.from({ length: navigator.hardwareConcurrency }, () =>
    new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", "while (true);"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn());
  const clock = pathToFileURL(join(import.meta.dirname!, "_tomorrow.ts")).href;
  return {
    args: [`--shuffle=${seed}`, `--preload=${clock}`],
    env: { TZ: TIME_ZONE },
    async [Symbol.asyncDispose]() {
      for (const child of busy) {
        child.kill("SIGKILL");
        await child.status;
      }
    },
  };
}
