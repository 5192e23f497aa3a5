/**
 * By which name a request came, and from which page: a server on loopback without tokens answers its own machine only,
 * not a page of a stranger whose name was made to point here. @module
 */
import { HttpProblem } from "./problem.ts";

const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Names of this machine that no other one can have. */
export const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Whether an address is one that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\./.test(address);
}

/**
 * A request's address. The path is the request line's whatever the `Host` field says, as a field that could change it
 * is refused.
 *
 * @throws {HttpProblem} 400 if the `Host` field is no name and port.
 */
export function urlOf(request: Request): URL {
  const host = request.headers.get("host");
  if (host !== null && !HOST.test(host)) {
    throw new HttpProblem(400, "The Host field must be a name or an address, and a port");
  }
  try {
    return new URL(request.url);
  } catch {
    throw new HttpProblem(400, "The address is not one of HTTP");
  }
}

/**
 * Refuses requests by a name that is not this server's, and changes that another site's page asks for.
 *
 * @param names Host names without port.
 * @throws {HttpProblem} 421 or 403
 */
export function checkOrigin(request: Request, url: URL, names: readonly string[], allowed: boolean): void {
  if (!names.includes(url.hostname.toLowerCase())) {
    throw new HttpProblem(
      421,
      `This server is not called "${url.hostname}": start it with --hosts to say that it is`,
    );
  }
  if (request.method === "GET" || request.method === "HEAD" || allowed) return;
  const origin = request.headers.get("origin"), site = request.headers.get("sec-fetch-site");
  const isOwn = origin === null || hostOf(origin) === url.host;
  if (isOwn && site !== "cross-site" && site !== "same-site") return;
  throw new HttpProblem(
    403,
    "A page of another site may not use this server: start it with --cors to allow it",
  );
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // "null", of a file or a sandbox
  }
}
