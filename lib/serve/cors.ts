/** Which pages of other origins may use a service, and what they are told. @module */

/** The origin of the page that asks, as it is to be named in the answer; undefined where it may not use the service. */
export function allowedOrigin(request: Request, origins: readonly string[]): string | undefined {
  const origin = request.headers.get("origin");
  if (origin === null) return undefined;
  if (origins.includes("*")) return "*";
  return origins.includes(origin) ? origin : undefined;
}

/** What a browser asks before it sends another page's request. */
export function preflightResponse(
  request: Request,
  methods: readonly string[],
  origins: readonly string[],
): Response {
  const headers: Record<string, string> = { allow: methods.join(", ") };
  if (allowedOrigin(request, origins)) {
    headers["access-control-allow-methods"] = methods.join(", ");
    headers["access-control-allow-headers"] =
      "authorization, content-type, content-encoding, inference-header-content-length, traceparent, x-request-id";
    headers["access-control-max-age"] = "600";
  }
  return new Response(null, { status: 204, headers });
}

/** Lets a page of an allowed origin read an answer. */
export function exposeTo(headers: Headers, origin: string): void {
  headers.set("access-control-allow-origin", origin);
  headers.set(
    "access-control-expose-headers",
    "inference-header-content-length, x-request-id, traceparent",
  );
  headers.set("cross-origin-resource-policy", "cross-origin");
  headers.append("vary", "origin");
}
