/** A server of one file that answers ranges, or misbehaves in a way that is asked for. */

/** How it misbehaves. */
export interface RangeServerOptions {
  /** Answers 200 with everything, as servers do that know no ranges. */
  ignoreRanges?: boolean;
  /** Writes a star for the size. */
  hideSize?: boolean;
  /** This many requests fail with 503 first. */
  failures?: number;
}

/** The address, the bytes (which may be changed meanwhile), the requests so far. */
export interface RangeServer extends AsyncDisposable {
  url: string;
  requests: string[];
  /** Takes the place of the file. */
  replace(bytes: Uint8Array): void;
}

/** Starts it on a free port. */
export function rangeServer(file: Uint8Array, options: RangeServerOptions = {}): RangeServer {
  let bytes = file, tag = '"1"', failures = options.failures ?? 0;
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const wanted = request.headers.get("range");
    requests.push(`${request.method} ${wanted ?? ""}`.trim());
    if (!new URL(request.url).pathname.endsWith("/file")) return new Response(null, { status: 404 });
    if (failures-- > 0) return new Response(null, { status: 503 });
    const range = /^bytes=(\d+)-(\d+)$/.exec(wanted ?? "");
    const changed = request.headers.has("if-range") && request.headers.get("if-range") !== tag;
    const headers: Record<string, string> = { etag: tag };
    if (request.method === "HEAD") {
      return new Response(null, { headers: { ...headers, "content-length": String(bytes.length) } });
    }
    if (!range || options.ignoreRanges || changed) return new Response(new Uint8Array(bytes), { headers });
    const first = Number(range[1]), end = Math.min(Number(range[2]) + 1, bytes.length);
    if (first >= bytes.length) return new Response(null, { status: 416, headers });
    const size = options.hideSize ? "*" : bytes.length;
    return new Response(bytes.slice(first, end), {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${first}-${end - 1}/${size}` },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/file`,
    requests,
    replace(other) {
      bytes = other;
      tag = '"2"';
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
