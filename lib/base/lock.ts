/**
 * Lock files for processes of one machine or of many over a network file system.
 *
 * A lock is a file made under another name and linked into place, so that it is there whole or not at all; it says who
 * owns it. The lock of a process that died is broken and a line about it written into `PATH.log`. Dead means: on the same
 * machine, that the process is gone (its pid, start time and the kernel's own lock on the file agree); on another one,
 * that the file has not been touched for `staleMs` by the file server's clock. Where a file system has no links, the file
 * is created exclusively instead, and counts as held while it is being written.
 *
 * Source: open(2), "O_EXCL" on NFS: link a unique file, and trust its link count over the reply. @module
 */
import { isRunning, ownIdentity, type ProcessIdentity } from "./process_identity.ts";
import { writeAllSync } from "./write_all.ts";

/** Who holds a lock, as its file says. */
export interface LockOwner extends ProcessIdentity {
  /** Of this one holding; never given again. */
  token: string;
  /** The batch system's job, where there is one. */
  job?: string;
  /** When it was taken, in ISO 8601. */
  since: string;
  /** Whether the kernel's lock on the file tells that the owner lives. */
  kernel?: boolean;
}

/** Options for {@linkcode acquireLock}. */
export interface LockOptions {
  /** The batch system's job, for people and for the note about a broken lock. */
  job?: string;
  /** Untouched for so long, the lock of another machine's process is dead, in milliseconds. @default {30_000} */
  staleMs?: number;
  /** Longest to wait for a living owner, in milliseconds. @default {Infinity} */
  timeoutMs?: number;
  /** Touch the file so often from a thread of its own, in milliseconds: for locks held for longer than a moment. */
  heartbeatMs?: number;
  /** Takes the note about each broken lock. */
  onBreak?: (note: string) => void;
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** The name of this machine. @default {its own} */
  host?: string;
}

/** A lock that is held; see {@linkcode acquireLock}. */
export interface Lock extends Disposable {
  readonly path: string;
  readonly owner: LockOwner;
  /** Whether the file still says that it is ours: another machine breaks it when we stand still for too long. */
  isHeld(): boolean;
  /** Touches the file now. */
  beat(): void;
  /** Gives the lock back; a second time, or when it was broken, nothing happens. */
  release(): void;
}

/** What a lock file says of its owner. */
export interface LockReport {
  state: "free" | "alive" | "dead";
  owner?: LockOwner;
  /** Since the file was touched last, by the file server's clock. */
  ageMs: number;
  /** How its state is known, such as "process 123 is gone". */
  why: string;
}

const STALE_MS = 30_000;
/** How deep locks for breaking locks may go: one more for each process that died while breaking one. */
const MOST_BREAKS = 20;

/**
 * Takes a lock, waiting for a living owner and breaking the lock of a dead one.
 *
 * @param path The lock's file; its folder exists.
 * @throws {Error} If a living owner keeps it for longer than `timeoutMs`; what the file system says.
 * @example
 * ```ts
 * import { acquireLock } from "./lock.ts";
 * const folder = await Deno.makeTempDir();
 * const lock = await acquireLock(`${folder}/lock`);
 * lock.isHeld(); // true
 * lock.release();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { timeoutMs = Infinity, signal } = options;
  const start = performance.now();
  for (let tries = 0;; tries++) {
    signal?.throwIfAborted();
    const result = tryLock(path, options);
    if ("release" in result) return result;
    if (performance.now() - start > timeoutMs) {
      throw new Error(
        `Cannot take lock "${path}" within ${timeoutMs} ms: it is held by ${describeOwner(result.owner)}`,
      );
    }
    // A longer wait the longer it lasts, and not the same in any two processes.
    const pause = Math.min(200, 0.5 * 1.3 ** Math.min(tries, 30)) * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * Takes a lock if it is free or its owner dead.
 *
 * @returns The lock, or what is known of the owner that lives.
 */
export function tryLock(path: string, options: LockOptions = {}): Lock | LockReport {
  try {
    return attempt(path, options, 0);
  } catch (error) {
    if (error instanceof Error) error.message = `Cannot take lock "${path}": ${error.message}`;
    throw error;
  }
}

function attempt(path: string, options: LockOptions, depth: number): Lock | LockReport {
  for (let turn = 0; turn < 3; turn++) {
    const { lock, now } = create(path, options);
    if (lock) return lock;
    const report = inspectLock(path, { ...options, now });
    if (report.state === "alive") return report;
    if (report.state === "dead" && !breakLock(path, report, options, depth)) {
      return { ...report, state: "alive", why: "another process is about to break it" };
    }
  }
  return { state: "alive", ageMs: 0, why: "others were faster" };
}

/** Options for {@linkcode inspectLock}. */
export interface InspectOptions extends Pick<LockOptions, "staleMs" | "host"> {
  /** The file server's time, in milliseconds since 1970. @default {this machine's} */
  now?: number;
}

/** Says who holds a lock, and whether that process lives; changes nothing. */
export function inspectLock(path: string, options: InspectOptions = {}): LockReport {
  const { staleMs = STALE_MS, host = ownIdentity().host, now = Date.now() } = options;
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path); // opened anew: NFS asks the server, a stat may not
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { state: "free", ageMs: 0, why: "there is no such file" };
    }
    throw error;
  }
  try {
    const ageMs = now - (file.statSync().mtime?.getTime() ?? now);
    const owner = parseOwner(readAll(file));
    const stale = ageMs >= staleMs;
    const age = `it was touched ${(ageMs / 1000).toFixed(1)} s ago`;
    if (!owner) {
      return { state: stale ? "dead" : "alive", ageMs, why: `it names no owner, and ${age}` };
    }
    if (owner.host === host) {
      const runs = isRunning({ ...owner, host: ownIdentity().host });
      if (runs === false) return { state: "dead", owner, ageMs, why: `process ${owner.pid} is gone` };
      if (owner.kernel && sameBoot(owner)) {
        if (tryKernelLock(file)) {
          return { state: "dead", owner, ageMs, why: `process ${owner.pid} has no lock on it` };
        }
        return { state: "alive", owner, ageMs, why: `process ${owner.pid} has a lock on it` };
      }
      if (runs === true) return { state: "alive", owner, ageMs, why: `process ${owner.pid} runs` };
    }
    return { state: stale ? "dead" : "alive", owner, ageMs, why: `on ${owner.host}, ${age}` };
  } finally {
    file.close();
  }
}

function sameBoot({ boot }: LockOwner): boolean {
  const own = ownIdentity().boot;
  return boot === undefined || own === undefined || boot === own;
}

/** An owner in words. */
export function describeOwner(owner: LockOwner | undefined): string {
  if (!owner) return "a process that did not say who it is";
  const job = owner.job === undefined ? "" : `, job ${owner.job}`;
  return `process ${owner.pid} on ${owner.host}${job}, since ${owner.since}`;
}

/** Makes the lock's file if there is none; also gives the file server's time. */
function create(path: string, options: LockOptions): { lock?: Lock; now?: number } {
  const identity = ownIdentity();
  const token = crypto.randomUUID();
  const candidate = `${path}.${token}.new`;
  const owner: LockOwner = {
    ...identity,
    host: options.host ?? identity.host,
    token,
    job: options.job,
    since: new Date().toISOString(),
    kernel: kernelLocksWork(path),
  };
  const file = Deno.openSync(candidate, { read: true, write: true, createNew: true });
  let kept = false;
  try {
    if (owner.kernel) file.lockSync(true);
    writeOwner(file, owner);
    const now = file.statSync().mtime?.getTime();
    kept = linkOnce(candidate, path, file, owner);
    return { lock: kept ? held(path, owner, file, options) : undefined, now };
  } finally {
    removeQuietly(candidate);
    if (!kept) file.close();
  }
}

/** Links the candidate into place, or says that somebody else's file is there. */
function linkOnce(candidate: string, path: string, file: Deno.FsFile, owner: LockOwner): boolean {
  try {
    Deno.linkSync(candidate, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      return file.statSync().nlink === 2; // done by a request whose reply was lost
    }
    if (error instanceof Deno.errors.NotFound) throw error;
    return createExclusively(path, owner, error);
  }
}

/** For file systems without links. Such a lock has no lock of the kernel's. */
function createExclusively(path: string, owner: LockOwner, linkError: unknown): boolean {
  try {
    using file = Deno.openSync(path, { write: true, createNew: true });
    delete owner.kernel;
    writeOwner(file, owner);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (error instanceof Error) error.cause = linkError;
    throw error;
  }
}

function held(path: string, owner: LockOwner, file: Deno.FsFile, { heartbeatMs }: LockOptions): Lock {
  let open = true;
  const thread = heartbeatMs === undefined ? undefined : startHeartbeat(path, owner.token, heartbeatMs);
  const ours = () => {
    try {
      return parseOwner(Deno.readTextFileSync(path))?.token === owner.token;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  const lock: Lock = {
    path,
    owner,
    isHeld: () => open && ours(),
    beat: () => open && touch(file),
    release() {
      if (!open) return;
      open = false;
      thread?.terminate();
      try {
        if (ours()) removeQuietly(path);
      } finally {
        file.close();
      }
    },
    [Symbol.dispose]: () => lock.release(),
  };
  return lock;
}

/** Touches a lock's file from a thread, which goes on however busy this one is. */
function startHeartbeat(path: string, token: string, everyMs: number): Worker {
  const worker = new Worker(new URL("./lock_heartbeat_worker.ts", import.meta.url), { type: "module" });
  worker.onerror = (event) => event.preventDefault(); // the lock grows old, which is what it would mean
  worker.postMessage({ path, token, everyMs });
  return worker;
}

/** Writes a byte that means nothing, so that the file server sets the file's time by its own clock. */
function touch(file: Deno.FsFile): void {
  file.seekSync(-1, Deno.SeekMode.End);
  file.writeSync(Uint8Array.of(0x0a));
}

/**
 * Takes a dead owner's file away, under a lock for that alone, so that nobody takes away the file of a next owner.
 *
 * @returns False if another process is doing it.
 */
function breakLock(path: string, dead: LockReport, options: LockOptions, depth: number): boolean {
  if (depth >= MOST_BREAKS) return false;
  const guard = attempt(`${path}.break`, { ...options, heartbeatMs: undefined }, depth + 1);
  if (!("release" in guard)) return false;
  try {
    const report = inspectLock(path, { ...options, now: Date.now() });
    if (report.state === "free" || report.owner?.token !== dead.owner?.token) return true; // done already
    removeQuietly(path);
    sweep(path, options);
    const note = `${new Date().toISOString()} process ${Deno.pid} on ${guard.owner.host} broke "${path}" of ${
      describeOwner(dead.owner)
    }: ${dead.why}`;
    Deno.writeTextFileSync(`${path}.log`, note + "\n", { append: true });
    options.onBreak?.(note);
    return true;
  } finally {
    guard.release();
  }
}

/** Takes away what processes left that died while they made a lock's file. */
function sweep(path: string, options: LockOptions): void {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const [folder, name] = at < 0 ? [".", path] : [path.slice(0, at), path.slice(at + 1)];
  for (const entry of Deno.readDirSync(folder)) {
    if (!entry.name.startsWith(`${name}.`) || !/\.(new|probe)$/.test(entry.name)) continue;
    const left = `${folder}/${entry.name}`;
    if (inspectLock(left, options).state === "dead") removeQuietly(left);
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function writeOwner(file: Deno.FsFile, owner: LockOwner): void {
  writeAllSync(file, new TextEncoder().encode(JSON.stringify(owner) + "\n"));
}

function readAll(file: Deno.FsFile): string {
  const bytes = new Uint8Array(8192);
  const length = file.readSync(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, length));
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(text);
    return typeof owner?.token === "string" && typeof owner.host === "string" ? owner : undefined;
  } catch {
    return undefined; // half written, where there are no links
  }
}

const kernelLocks = new Map<string, boolean>();

/**
 * Whether locks of the kernel (flock) hold in a folder: they do on local disks; NFS turns them into locks that a process
 * does not have against itself, others ignore them, and there they tell nothing.
 */
function kernelLocksWork(path: string): boolean {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const folder = at < 0 ? "." : path.slice(0, at);
  const known = kernelLocks.get(folder);
  if (known !== undefined) return known;
  const probe = `${path}.${crypto.randomUUID()}.probe`;
  let works = false;
  try {
    using first = Deno.openSync(probe, { write: true, createNew: true });
    using second = Deno.openSync(probe, { write: true });
    first.lockSync(true);
    works = !second.tryLockSync(true);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotSupported || error instanceof TypeError)) throw error;
  } finally {
    removeQuietly(probe);
  }
  kernelLocks.set(folder, works);
  return works;
}

/** Whether nobody has a kernel's lock on the file; lets it go at once. */
function tryKernelLock(file: Deno.FsFile): boolean {
  if (!file.tryLockSync(true)) return false;
  file.unlockSync();
  return true;
}
