/**
 * Ports of this machine for programs that must be told theirs before they start.
 *
 * They are below those that Linux hands to connections and to whoever asks for any port (`ip_local_port_range`): nobody
 * is given one of them by chance between here and the program's start.
 * @module
 */
const FIRST = 12_000, COUNT = 20_000;

/** Options for {@linkcode freePort}. */
export interface FreePortOptions {
  /** Address on which it is to be free. @default {"127.0.0.1"} */
  hostname?: string;
  /** Of so many that ask at the same time the number of this one, from 0: no two of them are given one port. */
  turn?: readonly [number: number, of: number];
}

function isFree(port: number, hostname: string): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    const { AddrInUse, PermissionDenied } = Deno.errors; // some ports of Windows are nobody's
    if (error instanceof AddrInUse || error instanceof PermissionDenied) return false;
    throw error;
  }
}

/** The first of some ports of the loopback in a row that were free a moment ago. */
export function freePorts(count: number): number {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * COUNT);
    if (Array.from({ length: count }, (_, i) => first + i).every((port) => isFree(port, "127.0.0.1"))) {
      return first;
    }
  }
}

/**
 * A port that was free a moment ago.
 *
 * @example The second of three programs
 * ```ts
 * import { freePort } from "./free_port.ts";
 * freePort({ turn: [1, 3] }) % 3; // 1
 * ```
 */
export function freePort(
  { hostname = "127.0.0.1", turn: [number, of] = [0, 1] }: FreePortOptions = {},
): number {
  for (;;) {
    const drawn = FIRST + Math.floor(Math.random() * COUNT), port = drawn - drawn % of + number;
    if (isFree(port, hostname)) return port;
  }
}
