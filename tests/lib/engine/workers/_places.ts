/** Places of workers that are all of this machine. @module */
import type { Place } from "../../../../lib/engine/mod.ts";
import { freePort } from "../../../servers/free_port.ts";

/** Places of so many workers of one run, with a port and a token of its own. */
export function localPlaces(size: number, more: Partial<Place> = {}): Place[] {
  const port = freePort(), token = crypto.randomUUID();
  return Array.from(
    { length: size },
    (_, rank) => ({ rank, size, hostnames: ["127.0.0.1"], port, token, host: `n${rank}`, ...more }),
  );
}
