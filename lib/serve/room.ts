/**
 * Room for what requests hold: their bodies, what is unpacked of them, the values found in them. Each limit of one request
 * is small beside a machine's memory; the sum over many is not, and only that is counted here.
 * @module
 */
import { ClientSums } from "./client_sums.ts";
import { HttpProblem } from "./problem.ts";

/** Room that all requests share. */
export interface Room {
  /**
   * The share of one request; nothing at first.
   *
   * @param client Who asks, where that is known: all requests of one together get half of the room.
   */
  share(client?: string): RoomShare;
  /** Bytes that are taken. */
  taken(): number;
}

/** What one request takes of a room. */
export interface RoomShare {
  /**
   * Takes more, before it is allocated where that is known.
   *
   * @throws {HttpProblem} 413 if it would not fit into the empty room, 429 if the client's other requests take too much,
   * 503 if it does not fit now.
   */
  take(bytes: number): void;
  /** Gives some of it back. */
  give(bytes: number): void;
  /** Keeps the share until the returned function is called; the last one gives back what is left. */
  hold(): () => void;
}

/** A share without limit, for who reads a body outside a server. */
export const UNLIMITED: RoomShare = { take() {}, give() {}, hold: () => () => {} };

/**
 * Makes room.
 *
 * @example
 * ```ts
 * import { createRoom } from "./room.ts";
 * const room = createRoom(100), share = room.share(), leave = share.hold();
 * share.take(70);
 * room.taken(); // 70
 * leave();
 * room.taken(); // 0
 * ```
 */
export function createRoom(maxBytes: number): Room {
  const sums = new ClientSums(), later = { "retry-after": "1" };
  return {
    taken: () => sums.all,
    share(client) {
      let own = 0, holders = 0;
      const move = (bytes: number) => {
        own += bytes;
        sums.add(client, bytes);
      };
      return {
        take(bytes) {
          if (own + bytes > maxBytes) {
            throw new HttpProblem(413, `The request needs more than ${maxBytes} bytes of memory`);
          }
          const all = sums.of(client);
          if (all > own && all + bytes > maxBytes / 2) {
            throw new HttpProblem(429, "Your other requests hold as much memory as they may", later);
          }
          if (sums.all + bytes > maxBytes) {
            throw new HttpProblem(503, "Requests hold as much memory as they may: try again", later);
          }
          move(bytes);
        },
        give: (bytes) => move(-Math.min(bytes, own)),
        hold() {
          let inside = true;
          holders++;
          return () => {
            if (inside && --holders === 0) move(-own);
            inside = false;
          };
        },
      };
    },
  };
}
