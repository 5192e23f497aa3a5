/** Which path and method leads where, and what a client must be allowed for it. @module */
import type { Scope } from "./access.ts";
import { HttpProblem } from "./problem.ts";
import type { Context } from "./context.ts";
import { openApi } from "./openapi.ts";
import { page, pageScript, pageStyle } from "./page.ts";
import { postEvents } from "./events_route.ts";
import { listModels, scoreExamples } from "./score_routes.ts";
import * as v2 from "./v2_routes.ts";

/** One entry of the table. */
export interface Route {
  /** For metrics and logs; the path with its parameters' names. */
  name: string;
  methods: readonly string[];
  /** Undefined where everyone may. */
  scope?: Scope;
  handle(context: Context): Response | Promise<Response>;
}

interface Pattern extends Route {
  segments: readonly string[];
}

function route(method: string, name: string, scope: Scope | undefined, handle: Route["handle"]): Pattern {
  const methods = method === "GET" ? ["GET", "HEAD"] : [method];
  return { name, methods, scope, handle, segments: name.split("/").slice(1) };
}

async function metrics({ service }: Context): Promise<Response> {
  return new Response(await service.metrics.text(), {
    headers: { "content-type": service.metrics.contentType },
  });
}

const ROUTES: readonly Pattern[] = [
  route("GET", "/", undefined, page),
  route("GET", "/page.css", undefined, pageStyle),
  route("GET", "/page.js", undefined, pageScript),
  route("GET", "/openapi.json", undefined, openApi),
  route("GET", "/metrics", "admin", metrics),
  route("GET", "/models", "score", listModels),
  route("POST", "/score/{model}", "score", scoreExamples),
  route("POST", "/score/{model}/{version}", "score", scoreExamples),
  route("POST", "/events", "score", postEvents),
  route("GET", "/v2", undefined, v2.serverMetadata),
  route("GET", "/v2/health/live", undefined, v2.live),
  route("GET", "/v2/health/ready", undefined, v2.ready),
  route("GET", "/v2/models/stats", "score", v2.modelStatistics),
  route("GET", "/v2/models/{model}", "score", v2.modelMetadata),
  route("GET", "/v2/models/{model}/ready", "score", v2.modelReady),
  route("GET", "/v2/models/{model}/config", "score", v2.modelConfig),
  route("GET", "/v2/models/{model}/versions/{version}", "score", v2.modelMetadata),
  route("GET", "/v2/models/{model}/versions/{version}/ready", "score", v2.modelReady),
  route("GET", "/v2/models/{model}/versions/{version}/config", "score", v2.modelConfig),
  route("GET", "/v2/models/{model}/stats", "score", v2.modelStatistics),
  route("GET", "/v2/models/{model}/versions/{version}/stats", "score", v2.modelStatistics),
  route("POST", "/v2/models/{model}/infer", "score", v2.infer),
  route("POST", "/v2/models/{model}/versions/{version}/infer", "score", v2.infer),
  route("POST", "/v2/repository/index", "score", v2.repositoryIndex),
  route("POST", "/v2/repository/models/{model}/load", "admin", v2.repositoryLoad),
  route("POST", "/v2/repository/models/{model}/unload", "admin", v2.repositoryUnload),
];

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpProblem(400, "The path is not valid UTF-8 in percent-encoding");
  }
}

/** The parameters of a path, or undefined if it does not fit. */
function match(pattern: readonly string[], segments: readonly string[]): string[] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: string[] = [];
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i].startsWith("{")) {
      if (segments[i] === "") return undefined;
      params.push(segments[i]);
    } else if (pattern[i] !== segments[i]) return undefined;
  }
  return params;
}

/**
 * Finds the route of a request.
 *
 * @throws {HttpProblem} 404 for a path that leads nowhere, 405 for a method that the path does not have.
 */
export function findRoute(method: string, path: string): { route: Route; params: string[] } {
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  const segments = trimmed.split("/").slice(1);
  const allowed: string[] = [];
  for (const route of ROUTES) {
    const params = match(route.segments, segments);
    if (!params) continue;
    if (route.methods.includes(method) || method === "OPTIONS") return { route, params: params.map(decode) };
    allowed.push(...route.methods);
  }
  if (allowed.length > 0) {
    throw new HttpProblem(405, `${method} is not possible here: use ${allowed.join(" or ")}`, {
      allow: allowed.join(", "),
    });
  }
  throw new HttpProblem(404, "There is nothing at this path: see /openapi.json for what there is");
}
