/** Sums over all clients and of each: of their requests, or of the bytes that these hold. @module */

/**
 * A sum of all, and one of each client that has any.
 *
 * @example
 * ```ts
 * import { ClientSums } from "./client_sums.ts";
 * const sums = new ClientSums();
 * sums.add("127.0.0.1", 2);
 * sums.add(undefined, 1);
 * [sums.all, sums.of("127.0.0.1"), sums.of(undefined)]; // [3, 2, 0]
 * ```
 */
export class ClientSums {
  readonly #clients = new Map<string, number>();
  #all = 0;

  /** The sum of all, those included of whom nobody knows who they are. */
  get all(): number {
    return this.#all;
  }

  /** The sum of one client; 0 where nobody knows who it is. */
  of(client: string | undefined): number {
    return client === undefined ? 0 : this.#clients.get(client) ?? 0;
  }

  /** Adds to the sum of a client, or takes from it; a client that has nothing any more is forgotten. */
  add(client: string | undefined, more: number): void {
    this.#all += more;
    if (client === undefined) return;
    const own = this.of(client) + more;
    if (own > 0) this.#clients.set(client, own);
    else this.#clients.delete(client);
  }
}
