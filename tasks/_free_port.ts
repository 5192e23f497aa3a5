/**
 * Ports of the loopback for programs that must be told theirs before they start.
 *
 * They are below those that Linux hands to connections and to whoever asks for any port (`ip_local_port_range`): nobody
 * is given one of them by chance between here and the program's start.
 * @module
 */
const FIRST = 12_000, COUNT = 20_000;

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    const { AddrInUse, PermissionDenied } = Deno.errors; // some ports of Windows are nobody's
    if (error instanceof AddrInUse || error instanceof PermissionDenied) return false;
    throw error;
  }
}

/** The first of some ports in a row that were free a moment ago. */
export function freePorts(count: number): number {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * COUNT);
    if (Array.from({ length: count }, (_, i) => first + i).every(isFree)) return first;
  }
}

/** A port that was free a moment ago. */
export const freePort = (): number => freePorts(1);
