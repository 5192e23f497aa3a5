/** Sets that are made where they are missing and kept, whatever number of processes want them at once. @module */
import { dirname } from "@std/path";
import { acquireLock, describeOwner, type Lock, type LockOptions, tryLock } from "../base/lock.ts";

/** Options for {@linkcode makeOnce}. */
export interface MakeOnceOptions {
  /** Ends the waiting for another process. */
  signal?: AbortSignal;
  /** Takes a line where another process is at it. */
  log?: (line: string) => void;
}

/**
 * Makes what is kept at a place, unless it is there.
 *
 * A lock beside it, `<place>.lock`, says by host, process and age who makes it; other processes wait and then find it there.
 *
 * @param place A file or folder; the folder around it is made.
 * @param isThere Whether it is there, whole.
 * @param make Makes it; what a killed process left of it may lie there.
 * @returns Whether this process made it.
 * @throws The signal's reason; what `make` throws.
 * @example
 * ```ts
 * const place = `${await Deno.makeTempDir()}/digits.txt`;
 * const isThere = () => Deno.stat(place).then(() => true, () => false);
 * const make = () => Deno.writeTextFile(place, "0123456789");
 * const made = await Promise.all([makeOnce(place, isThere, make), makeOnce(place, isThere, make)]);
 * made.filter((isOurs) => isOurs).length; // 1
 * ```
 */
export async function makeOnce(
  place: string,
  isThere: () => Promise<boolean>,
  make: () => Promise<unknown>,
  options: MakeOnceOptions = {},
): Promise<boolean> {
  if (await isThere()) return false;
  await Deno.mkdir(dirname(place), { recursive: true });
  const lock = await waitForLock(`${place}.lock`, place, options);
  try {
    if (await isThere()) return false; // made meanwhile
    await make();
    return true;
  } finally {
    lock.release();
  }
}

/**
 * Makes a folder that is kept, unless it is there: it is filled as `<folder>.unfinished` and has its name once it is whole.
 *
 * @param fill Fills the empty folder whose path it is given.
 * @returns Whether this process made it.
 * @throws The signal's reason; what `fill` throws.
 * @example
 * ```ts
 * const place = `${await Deno.makeTempDir()}/digits`;
 * const fill = (folder: string) => Deno.writeTextFile(`${folder}/all.txt`, "0123456789");
 * await makeFolderOnce(place, fill); // true
 * await makeFolderOnce(place, fill); // false
 * ```
 */
export async function makeFolderOnce(
  folder: string,
  fill: (folder: string) => Promise<unknown>,
  options: MakeOnceOptions = {},
): Promise<boolean> {
  const isThere = () => Deno.stat(folder).then(() => true, () => false);
  return await makeOnce(folder, isThere, async () => {
    const unfinished = `${folder}.unfinished`;
    await Deno.remove(unfinished, { recursive: true }).catch(() => {}); // left by a process that was killed
    await Deno.mkdir(unfinished);
    await fill(unfinished);
    await Deno.rename(unfinished, folder);
  }, options);
}

async function waitForLock(path: string, place: string, { signal, log }: MakeOnceOptions): Promise<Lock> {
  const options: LockOptions = { heartbeatMs: 5000, signal };
  const taken = tryLock(path, options);
  if ("release" in taken) return taken;
  log?.(`Waiting for "${place}", which ${describeOwner(taken.owner)} makes`);
  return await acquireLock(path, options);
}
