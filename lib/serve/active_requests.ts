/** How many requests are being answered, of all clients and of each. @module */

/** Counts of requests whose answer is still on its way. */
export interface RequestCounts {
  all(): number;
  /** Those of one client; 0 where nobody knows who it is. */
  of(client: string | undefined): number;
  /** Counts one more until the returned function is called, for the first time. */
  enter(client: string | undefined): () => void;
}

/**
 * Begins to count.
 *
 * @example
 * ```ts
 * import { countRequests } from "./active_requests.ts";
 * const counts = countRequests(), leave = counts.enter("127.0.0.1");
 * counts.of("127.0.0.1"); // 1
 * leave();
 * counts.all(); // 0
 * ```
 */
export function countRequests(): RequestCounts {
  const clients = new Map<string, number>();
  let all = 0;
  const add = (client: string | undefined, more: number) => {
    all += more;
    if (client === undefined) return;
    const own = (clients.get(client) ?? 0) + more;
    if (own > 0) clients.set(client, own);
    else clients.delete(client);
  };
  return {
    all: () => all,
    of: (client) => client === undefined ? 0 : clients.get(client) ?? 0,
    enter(client) {
      let inside = true;
      add(client, 1);
      return () => {
        if (inside) add(client, -1);
        inside = false;
      };
    },
  };
}
