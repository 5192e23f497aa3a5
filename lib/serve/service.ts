/**
 * The scoring service: a `Request` in, a `Response` out, on any host. What it needs comes in by its options, so nothing
 * here reads files, environment or clock beyond the time of a request. @module
 */
import { OPEN_ACCESS } from "./access.ts";
import { countRequests, type RequestCounts } from "./active_requests.ts";
import type { Context, LogEntry, ServiceLimits, ServiceOptions } from "./context.ts";
import { allowedOrigin, exposeTo, preflightResponse } from "./cors.ts";
import { checkOrigin, urlOf } from "./origin.ts";
import { HttpProblem, problemOf, problemResponse, reasonOf } from "./problem.ts";
import { createRoom, type RoomShare } from "./room.ts";
import { findRoute } from "./routes.ts";
import { continueTrace, formatTrace, type Trace } from "./trace.ts";

export type { Context, Decoder, EventIntake, LogEntry, ServiceLimits, ServiceOptions } from "./context.ts";

/** A service in operation. */
export interface Service {
  /** Answers a request; never rejects. `client` is the other end's address, where the host knows it. */
  fetch(request: Request, client?: string): Promise<Response>;
  /** Requests being answered, those whose answer is still on its way included. */
  active(): number;
  /** From now on "ready" says no, so that a balancer sends nobody any more; requests are still answered. */
  beginDrain(): void;
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

/** Refuses a request while too many are being answered, of all clients or of this one. */
function checkCounts(counts: RequestCounts, client: string | undefined, limits: ServiceLimits): void {
  const { maxActive = 1024 } = limits;
  const { maxPerClient = Math.ceil(maxActive / 2) } = limits;
  const later = { "retry-after": "1" };
  if (counts.all() > maxActive) {
    throw new HttpProblem(503, `${maxActive} requests are being answered already`, later);
  }
  if (counts.of(client) > maxPerClient) {
    throw new HttpProblem(429, `${maxPerClient} requests of yours are being answered already`, later);
  }
}

/** A request on its way to its answer. */
interface Asked {
  request: Request;
  /** The other end's address, where the host knows it. */
  client: string | undefined;
  /** `performance.now()` when it came. */
  started: number;
  id: string;
  trace: Trace;
  /** For the log. */
  note: Record<string, unknown>;
  /** What it holds in memory. */
  room: RoomShare;
}

/** What every answer says, whatever the route. */
function setHeaders({ headers }: Response, { request, id, trace }: Asked, origins: readonly string[]): void {
  headers.set("x-request-id", id);
  headers.set("traceparent", formatTrace(trace));
  for (const [name, value] of SECURITY) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  const origin = allowedOrigin(request, origins);
  if (origin) exposeTo(headers, origin);
}

/** The log's line of a request. */
function lineOf(status: number, failed: boolean, { request, started, id, trace, note }: Asked): LogEntry {
  return {
    time: new Date().toISOString(),
    level: status >= 500 && status !== 503 ? "error" : failed ? "warn" : "info",
    event: "request",
    id,
    trace: trace.traceId,
    method: request.method,
    status,
    ms: Math.round((performance.now() - started) * 100) / 100,
    ...note,
  };
}

/** Makes the service. */
export function createService(options: ServiceOptions): Service {
  const { access = OPEN_ACCESS, limits = {}, corsOrigins = [], hosts, log, metrics } = options;
  const { deadlineMs = 30_000, maxHeldBytes = 2 ** 30 } = limits;
  const service = { ...options, limits }, counts = countRequests(), room = createRoom(maxHeldBytes);
  let draining = false;

  /** Counts a request, and what it holds, until the returned function is called. */
  function enter(client: string | undefined, share: RoomShare): () => void {
    const leave = counts.enter(client), giveBack = share.hold();
    return () => {
      leave();
      giveBack();
    };
  }

  async function answer({ request, client, started, note, room }: Asked): Promise<Response> {
    checkEnvelope(request, limits);
    const url = urlOf(request);
    if (hosts) checkOrigin(request, url, hosts, allowedOrigin(request, corsOrigins) !== undefined);
    const { route, params } = findRoute(request.method, url.pathname);
    note.route = route.name;
    if (request.method === "OPTIONS") return preflightResponse(request, route.methods, corsOrigins);
    if (route.scope) {
      await access.check(request, route.scope);
      checkCounts(counts, client, limits);
    }
    const deadline = started + deadlineMs, hold = () => enter(client, room);
    const context: Context = { request, url, params, service, draining, started, deadline, note, room, hold };
    return await route.handle(context);
  }

  /** The answer to what could not be answered, noted for the log and counted for its model. */
  function answerFailure(error: unknown, { started, note }: Asked): Response {
    const problem = problemOf(error);
    note.error = problem.status === 500 ? String((error as Error)?.stack ?? error) : problem.message;
    if (note.model !== undefined) {
      const seconds = (performance.now() - started) / 1000;
      metrics.failure(String(note.model), String(note.version), reasonOf(problem, error), seconds);
    }
    return problemResponse(problem);
  }

  return {
    active: () => counts.all(),
    beginDrain() {
      draining = true;
    },
    async fetch(request, client) {
      const started = performance.now(), trace = continueTrace(request.headers.get("traceparent"));
      const share = room.share(client), id = idOf(request);
      const asked: Asked = { request, client, started, id, trace, note: {}, room: share };
      const leave = enter(client, share);
      let failed = false;
      const response = await answer(asked).catch((error) => {
        failed = true;
        return answerFailure(error, asked);
      });
      setHeaders(response, asked, corsOrigins);
      leave();
      metrics.response(String(asked.note.route ?? "none"), response.status);
      log?.(lineOf(response.status, failed, asked));
      return response;
    },
  };
}
