/** What a service is made of, and what each route's handler gets of it and of the request. @module */
import type { Batcher } from "../score/batcher.ts";
import type { Found } from "../score/examples.ts";
import type { Models } from "../score/models.ts";
import type { OpeningWish } from "../score/picture_pool.ts";
import type { Access } from "./access.ts";
import type { BodyLimits } from "./body.ts";
import type { Metrics } from "./metrics.ts";
import type { RoomShare } from "./room.ts";

/** Limits of one request. */
export interface ServiceLimits extends BodyLimits {
  /** Time after which an answer is given up. @default {30_000} */
  deadlineMs?: number;
  /** Most bytes of a URL. @default {8_192} */
  maxUrlBytes?: number;
  /** Most bytes of all header fields. @default {32_768} */
  maxHeaderBytes?: number;
  /** Requests that are answered at the same time; more get 503. @default {1_024} */
  maxActive?: number;
  /** The same of one client, where the host says who it is; more get 429. @default {half of maxActive} */
  maxPerClient?: number;
  /** Most bytes that all requests hold together: bodies, what is unpacked of them, values in them; more get 503. @default {1_073_741_824} */
  maxHeldBytes?: number;
}

/** Opens files, away from the thread that answers. */
export interface Decoder {
  /** @throws {SyntaxError | TypeError | RangeError} What is wrong with the file. */
  decode(bytes: Uint8Array, name: string, wish?: OpeningWish): Promise<Found[]>;
}

/** Takes notifications of new objects. */
export interface EventIntake {
  /** Keeps the events of a notification for good, then gives how many are new. @throws {Error} If they could not be kept. */
  accept(
    notification: Record<string, unknown>,
  ): Promise<{ accepted: number; known: number; ignored: number }>;
}

/** A line of the log; never holds pictures or tokens. */
export interface LogEntry {
  time: string;
  level: "info" | "warn" | "error";
  event: string;
  [field: string]: unknown;
}

/** What {@linkcode createService} needs. */
export interface ServiceOptions {
  models: Models;
  batcher: Batcher;
  decoder: Decoder;
  metrics: Metrics;
  /** @default {everyone may do everything} */
  access?: Access;
  limits?: ServiceLimits;
  /** Origins whose pages may use the service; "*" for all. @default {none} */
  corsOrigins?: readonly string[];
  /** Names by which this server may be called; other pages may then not use it either. @default {any} */
  hosts?: readonly string[];
  /** @default {events are refused with 404} */
  events?: EventIntake;
  log?: (entry: LogEntry) => void;
  /** Version of this software, for the server's metadata. */
  version?: string;
}

/** What a route's handler gets. */
export interface Context {
  readonly request: Request;
  readonly url: URL;
  /** Decoded path parameters, in the route's order. */
  readonly params: readonly string[];
  readonly service: ServiceOptions & { limits: ServiceLimits };
  readonly draining: boolean;
  readonly started: number;
  /** `performance.now()` by which the answer must be there. */
  readonly deadline: number;
  /** For the log. */
  readonly note: Record<string, unknown>;
  /** What the request holds in memory. */
  readonly room: RoomShare;
  /** Counts the request as being answered until the returned function is called, for bodies that are streamed. */
  hold(): () => void;
}
