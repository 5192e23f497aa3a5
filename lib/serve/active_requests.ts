/** How many requests are being answered, of all clients and of each. @module */
import { ClientSums } from "./client_sums.ts";

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
  const sums = new ClientSums();
  return {
    all: () => sums.all,
    of: (client) => sums.of(client),
    enter(client) {
      let inside = true;
      sums.add(client, 1);
      return () => {
        if (inside) sums.add(client, -1);
        inside = false;
      };
    },
  };
}
