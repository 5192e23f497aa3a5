/**
 * A file behind a server as a source: its blocks are asked for by HTTP ranges when a reader wants them.
 *
 * Source: RFC 9110, section 14 (range requests) and 13.1.5 (If-Range). @module
 */
import { type CachedSource, type CacheOptions, objectSource } from "./object_source.ts";

/** Options for {@linkcode httpSource}. */
export interface HttpSourceOptions extends CacheOptions {
  /** Sent with each request, such as an authorization. */
  headers?: Readonly<Record<string, string>>;
  /** Tries after the first, where the server or the connection fails. @default {3} */
  retries?: number;
  /** Pause before the first retry, doubled each time. @default {250} */
  pauseMs?: number;
  /** Longest that one range may take. @default {60_000} */
  timeoutMs?: number;
  /** Stops what is under way, with its reason. */
  signal?: AbortSignal;
  /** Asks the server. @default {the global fetch} */
  fetch?: typeof fetch;
}

/**
 * Opens a file behind a server.
 *
 * The first block comes with the question for the size. A file that changes while it is read is noticed by its ETag or
 * Last-Modified.
 *
 * Memory: as `objectSource`.
 *
 * @throws {TypeError} If the server ignores ranges or does not tell the size: download the file first.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Error} If the server refuses or cannot be reached.
 */
export async function httpSource(url: string, options: HttpSourceOptions = {}): Promise<CachedSource> {
  const { headers = {}, retries = 3, pauseMs = 250, timeoutMs = 60_000, signal, blockBytes = 1 << 20 } =
    options;
  const get = options.fetch ?? fetch, failed = `Cannot read "${url}"`;
  let validator: string | null = null;

  /** One answer to a range, its body read; `ok` says which answers will do. */
  async function ask(init: { method?: string; headers: Record<string, string> }): Promise<Answer> {
    for (let attempt = 0;; attempt++) {
      try {
        const own = AbortSignal.timeout(timeoutMs);
        const both = signal ? AbortSignal.any([signal, own]) : own;
        const response = await get(url, {
          ...init,
          headers: { "accept-encoding": "identity", ...headers, ...init.headers },
          signal: both,
        });
        const { status } = response;
        if (status >= 500 || status === 429) {
          await response.body?.cancel();
          throw new Error(`the server answers ${status} ${response.statusText}`.trim());
        }
        if (status !== 206) {
          await response.body?.cancel(); // never a whole file that was not asked for
          return { status, headers: response.headers, bytes: new Uint8Array(0) };
        }
        return { status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= retries) {
          throw new Error(`${failed}: ${(error as Error).message}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** attempt));
      }
    }
  }

  const head = await ask({ headers: { range: `bytes=0-${blockBytes - 1}` } });
  refuseErrors(head.status, failed, url);
  if (head.status === 200) {
    if (head.headers.get("content-length") === "0") return objectSource(emptyObject(url), options);
    throw new TypeError(
      `${failed} by ranges as the server ignores them: it answers 200, not 206; download the file first`,
    );
  }
  // An empty file has no range that could be answered.
  if (head.status === 416) return objectSource(emptyObject(url), options);
  const range = parseContentRange(head.headers.get("content-range"));
  let size = range?.size;
  if (size === undefined) {
    const answer = await ask({ method: "HEAD", headers: {} });
    const length = answer.headers.get("content-length");
    if (length !== null && /^\d+$/.test(length)) size = Number(length);
  }
  if (range?.first !== 0 || size === undefined || head.bytes.length !== Math.min(blockBytes, size)) {
    throw new TypeError(
      `${failed} by ranges as the server does not say which: content-range is ${
        JSON.stringify(head.headers.get("content-range"))
      } with ${head.bytes.length} bytes`,
    );
  }
  const etag = head.headers.get("etag");
  validator = etag && !etag.startsWith("W/") ? etag : head.headers.get("last-modified");
  let firstBlock: Uint8Array | undefined = head.bytes;

  return objectSource({
    name: url,
    size,
    async readRange(offset, length) {
      if (offset === 0 && firstBlock?.length === length) {
        const bytes = firstBlock;
        firstBlock = undefined;
        return bytes;
      }
      const condition: Record<string, string> = validator === null ? {} : { "if-range": validator };
      const answer = await ask({
        headers: { range: `bytes=${offset}-${offset + length - 1}`, ...condition },
      });
      refuseErrors(answer.status, failed, url);
      if (answer.status !== 206) {
        throw new Error(`${failed} from byte ${offset} as it has changed since it was opened`);
      }
      const got = parseContentRange(answer.headers.get("content-range"));
      if (got?.first !== offset || answer.bytes.length !== length) {
        throw new Error(
          `${failed}: asked for ${length} bytes from ${offset}, got ${answer.bytes.length} from ${got?.first}`,
        );
      }
      return answer.bytes;
    },
  }, options);
}

interface Answer {
  status: number;
  headers: Headers;
  bytes: Uint8Array;
}

function emptyObject(name: string) {
  return { name, size: 0, readRange: () => Promise.resolve(new Uint8Array(0)) };
}

function refuseErrors(status: number, failed: string, url: string): void {
  if (status === 404 || status === 410) throw new Deno.errors.NotFound(`Cannot find "${url}"`);
  if (status >= 400 && status !== 416) throw new Error(`${failed}: the server answers ${status}`);
}

/** `bytes 0-99/1234`; the size is undefined where the server writes a star. */
function parseContentRange(text: string | null): { first: number; size?: number } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text?.trim() ?? "");
  if (!match) return undefined;
  return { first: Number(match[1]), size: match[2] === "*" ? undefined : Number(match[2]) };
}
