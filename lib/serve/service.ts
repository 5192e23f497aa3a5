/**
 * The scoring service: a `Request` in, a `Response` out, on any host. What it needs comes in by its options, so nothing
 * here reads files, environment or clock beyond the time of a request. @module
 */
import type { Batcher } from "../score/batcher.ts";
import type { Models } from "../score/models.ts";
import type { Found } from "../score/examples.ts";
import type { OpeningWish } from "../score/picture_pool.ts";
import { type Access, OPEN_ACCESS, type Scope } from "./access.ts";
import type { BodyLimits } from "./body.ts";
import type { Metrics } from "./metrics.ts";
import { checkOrigin, urlOf } from "./origin.ts";
import { HttpProblem, problemOf, problemResponse, reasonOf } from "./problem.ts";
import { findRoute, type Route } from "./routes.ts";
import { continueTrace, formatTrace } from "./trace.ts";

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

/** A service in operation. */
export interface Service {
  /** Answers a request; never rejects. `client` is the other end's address, where the host knows it. */
  fetch(request: Request, client?: string): Promise<Response>;
  /** Requests being answered, those whose answer is still on its way included. */
  active(): number;
  /** From now on "ready" says no, so that a balancer sends nobody any more; requests are still answered. */
  beginDrain(): void;
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
  /** Counts the request as being answered until the returned function is called, for bodies that are streamed. */
  hold(): () => void;
}

const SECURITY: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
];

/** A request's own id where it has a sane one. */
function idOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

function checkEnvelope(request: Request, limits: ServiceLimits): void {
  const { maxUrlBytes = 8192, maxHeaderBytes = 32_768 } = limits;
  if (request.url.length > maxUrlBytes) {
    throw new HttpProblem(414, `The URL is longer than ${maxUrlBytes} bytes`);
  }
  let bytes = 0;
  for (const [name, value] of request.headers) bytes += name.length + value.length;
  if (bytes > maxHeaderBytes) throw new HttpProblem(431, `The header is longer than ${maxHeaderBytes} bytes`);
}

/** Makes the service. */
export function createService(options: ServiceOptions): Service {
  const { access = OPEN_ACCESS, limits = {}, corsOrigins = [], hosts, log, metrics } = options;
  const { deadlineMs = 30_000, maxActive = 1024 } = limits;
  const { maxPerClient = Math.ceil(maxActive / 2) } = limits;
  const clients = new Map<string, number>();
  const service = { ...options, limits };
  let active = 0, draining = false;

  function allowedOrigin(request: Request): string | undefined {
    const origin = request.headers.get("origin");
    if (origin === null) return undefined;
    if (corsOrigins.includes("*")) return "*";
    return corsOrigins.includes(origin) ? origin : undefined;
  }

  function preflight(request: Request, route: Route): Response {
    const headers: Record<string, string> = { allow: route.methods.join(", ") };
    if (allowedOrigin(request)) {
      headers["access-control-allow-methods"] = route.methods.join(", ");
      headers["access-control-allow-headers"] =
        "authorization, content-type, content-encoding, inference-header-content-length, traceparent, x-request-id";
      headers["access-control-max-age"] = "600";
    }
    return new Response(null, { status: 204, headers });
  }

  /** Counts a request as being answered; gives what ends that. */
  function enter(client: string | undefined): () => void {
    let inside = true;
    active++;
    if (client !== undefined) clients.set(client, (clients.get(client) ?? 0) + 1);
    return () => {
      if (!inside) return;
      inside = false;
      active--;
      if (client === undefined) return;
      const left = (clients.get(client) ?? 1) - 1;
      if (left > 0) clients.set(client, left);
      else clients.delete(client);
    };
  }

  async function answer(
    request: Request,
    client: string | undefined,
    started: number,
    note: Record<string, unknown>,
  ): Promise<Response> {
    checkEnvelope(request, limits);
    const url = urlOf(request);
    if (hosts) checkOrigin(request, url, hosts, allowedOrigin(request) !== undefined);
    const found = findRoute(request.method, url.pathname);
    note.route = found.route.name;
    if (request.method === "OPTIONS") return preflight(request, found.route);
    const scope: Scope | undefined = found.route.scope;
    if (scope) await access.check(request, scope);
    if (active > maxActive && scope) {
      throw new HttpProblem(503, `${maxActive} requests are being answered already`, { "retry-after": "1" });
    }
    if (scope && client !== undefined && (clients.get(client) ?? 0) > maxPerClient) {
      throw new HttpProblem(429, `${maxPerClient} requests of yours are being answered already`, {
        "retry-after": "1",
      });
    }
    const context: Context = {
      request,
      url,
      params: found.params,
      service,
      draining,
      started,
      deadline: started + deadlineMs,
      note,
      hold: () => enter(client),
    };
    return await found.route.handle(context);
  }

  return {
    active: () => active,
    beginDrain() {
      draining = true;
    },
    async fetch(request, client) {
      const started = performance.now();
      const trace = continueTrace(request.headers.get("traceparent"));
      const id = idOf(request);
      const note: Record<string, unknown> = {};
      const leave = enter(client);
      let response: Response, failure: unknown;
      try {
        response = await answer(request, client, started, note);
      } catch (error) {
        failure = error;
        const problem = problemOf(error);
        response = problemResponse(problem);
        note.error = problem.status === 500 ? String((error as Error)?.stack ?? error) : problem.message;
        if (note.model !== undefined) {
          const seconds = (performance.now() - started) / 1000;
          metrics.failure(String(note.model), String(note.version), reasonOf(problem, error), seconds);
        }
      }
      const { headers, status } = response;
      headers.set("x-request-id", id);
      headers.set("traceparent", formatTrace(trace));
      for (const [name, value] of SECURITY) headers.set(name, value);
      if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
      const origin = corsOrigins.length > 0 ? allowedOrigin(request) : undefined;
      if (origin) {
        headers.set("access-control-allow-origin", origin);
        headers.set(
          "access-control-expose-headers",
          "inference-header-content-length, x-request-id, traceparent",
        );
        headers.set("cross-origin-resource-policy", "cross-origin");
        headers.append("vary", "origin");
      }
      leave();
      metrics.response(String(note.route ?? "none"), status);
      log?.({
        time: new Date().toISOString(),
        level: status >= 500 && status !== 503 ? "error" : failure ? "warn" : "info",
        event: "request",
        id,
        trace: trace.traceId,
        method: request.method,
        status,
        ms: Math.round((performance.now() - started) * 100) / 100,
        ...note,
      });
      return response;
    },
  };
}
