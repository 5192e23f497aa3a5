/**
 * The file system under a test's eyes: which calls are made in which order, and what a program does when one fails.
 *
 * Calls pass through to the disk; only where the test says so one fails as a full or broken disk would fail it.
 * @module
 */
import { basename } from "@std/path";

/** What one call is to come to instead: an error, so many bytes of a write, or the same after a wait. */
export type DiskFault = Error | number | Promise<void> | undefined;

/**
 * Says whether a call fails.
 *
 * @param call Such as `sync a.txt`; what is drawn in the name of a temporary file is shown as `*`.
 * @param count How many calls came before it, from 0.
 */
export type DiskFaults = (call: string, count: number) => DiskFault;

/** An error as the operating system gives it, by its code. */
export function diskError(code: string): Error {
  return Object.assign(new Error(`it failed (${code})`), { code });
}

const NAMED = [
  "open",
  "openSync",
  "rename",
  "renameSync",
  "remove",
  "removeSync",
  "readFile",
  "writeFile",
  "writeTextFile",
  "readDir",
  "mkdir",
] as const;
const OF_FILE = [
  "write",
  "writeSync",
  "sync",
  "syncSync",
  "syncData",
  "syncDataSync",
  "truncate",
  "tryLock",
  "lock",
] as const;

/** What is drawn in the names of temporary files. */
const RANDOM = /(?<=\.)[0-9a-f]{8}(?=\.)|[0-9a-f]{8}-[0-9a-f-]{27}/g;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Runs a test that sees every call.
 *
 * @param use Gets the calls so far, a list that grows.
 */
export async function withFileSystem(
  use: (calls: string[]) => Promise<void>,
  fault: DiskFaults = () => undefined,
): Promise<void> {
  const calls: string[] = [], paths = new WeakMap<object, string>();
  const nameOf = (path: unknown) => basename(String(path)).replaceAll(RANDOM, "*");
  const note = (what: string, path: string): DiskFault => {
    const call = `${what.replace(/Sync$/, "")} ${path}`;
    const found = fault(call, calls.length);
    calls.push(call);
    return found;
  };
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, make: (original: AnyFunction) => AnyFunction) => {
    const methods = owner as Record<string, AnyFunction>, original = methods[name];
    methods[name] = make(original);
    restore.push(() => methods[name] = original);
  };
  for (const name of NAMED) {
    replace(Deno, name, (original) =>
      function (...args) {
        const found = note(name, nameOf(args[0]));
        const fails = found instanceof Error;
        if (fails && (name.endsWith("Sync") || name === "readDir")) throw found;
        if (fails) return Promise.reject(found);
        if (found instanceof Promise) return found.then(() => original.apply(Deno, args));
        const result = original.apply(Deno, args);
        const keep = (file: object) => (paths.set(file, nameOf(args[0])), file);
        if (name === "open") return (result as Promise<object>).then(keep);
        return name === "openSync" ? keep(result as object) : result;
      });
  }
  for (const name of OF_FILE) {
    replace(Deno.FsFile.prototype, name, (original) =>
      function (...args) {
        const found = note(name, paths.get(this as object) ?? "?");
        const isSync = name.endsWith("Sync");
        if (found instanceof Error) {
          if (isSync) throw found;
          return Promise.reject(found);
        }
        if (found instanceof Promise) return found.then(() => original.apply(this, args));
        if (typeof found === "number") args = [(args[0] as Uint8Array).subarray(0, found)];
        return original.apply(this, args);
      });
  }
  try {
    await use(calls);
  } finally {
    for (const put of restore) put();
  }
}
