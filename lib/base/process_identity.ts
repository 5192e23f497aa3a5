/** Which process this is, and whether another one of the same machine still runs. @module */
import process from "node:process";

/** What tells a process from every other one, now and after a restart of the machine. */
export interface ProcessIdentity {
  /** The machine's name. */
  host: string;
  /** Differs after every start of the machine and in every container; absent where it cannot be read. */
  boot?: string;
  pid: number;
  /** When the process started, in ticks since the machine did, as a pid is given again; absent where it cannot be read. */
  started?: string;
}

let own: ProcessIdentity | undefined;

/**
 * This process.
 *
 * The machine's name needs `--allow-sys=hostname`, boot and start time are read from `/proc` and need `--allow-all`;
 * what may not be read is left out.
 */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    host: readOr(() => Deno.hostname(), "unknown"),
    boot: bootId(),
    pid: Deno.pid,
    started: statOf(Deno.pid)?.started,
  };
  return own;
}

/**
 * Whether a process of this machine runs: a zombie does not, nor does a later process with the same pid.
 *
 * @returns `undefined` where nothing may be known: the process is on another machine, or permissions are too narrow.
 */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  const self = ownIdentity();
  if (other.host !== self.host) return undefined;
  if (other.boot !== undefined && self.boot !== undefined && other.boot !== self.boot) return undefined;
  if (self.started !== undefined) {
    const stat = statOf(other.pid);
    return stat !== undefined && !stat.zombie && (other.started ?? stat.started) === stat.started;
  }
  try {
    process.kill(other.pid, 0);
    return true;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ESRCH") return false;
    return code === "EPERM" ? true : undefined;
  }
}

/** Boot and pid namespace: a process of another container is not seen here, and its pid means nothing. */
function bootId(): string | undefined {
  return readOr(() => {
    const boot = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
    return `${boot} ${Deno.readLinkSync("/proc/self/ns/pid")}`;
  }, undefined);
}

/** State and start time of a process, fields 3 and 22 of `/proc/PID/stat` (proc(5)). */
function statOf(pid: number): { zombie: boolean; started: string } | undefined {
  return readOr(() => {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // the name before it may hold blanks
    return { zombie: fields[0] === "Z" || fields[0] === "X", started: fields[19] };
  }, undefined);
}

function readOr<T, Else>(read: () => T, otherwise: Else): T | Else {
  try {
    return read();
  } catch {
    return otherwise; // no such file, or not allowed: both are "not known"
  }
}
