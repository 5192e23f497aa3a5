/**
 * Downloads that survive a cut connection: what came stays, and the next try asks for the rest only. @module
 */
import { createHash } from "node:crypto";
import { writeAll } from "../../base/write_all.ts";
import { makeOnce } from "../made_once.ts";

/** Options for {@linkcode download}. */
export interface DownloadOptions {
  /** `sha256:…` or `md5:…` in hexadecimal; bare digits are told apart by their number. */
  checksum?: string;
  /** Called now and then; `total` is 0 where the server does not say. */
  onProgress?: (done: number, total: number) => void;
  /** Tries after the first, each going on where the one before was cut off. @default {4} */
  retries?: number;
  /** Pause before the first retry, doubled each time. @default {500} */
  pauseMs?: number;
  /** Stops with the signal's reason; what came is kept for the next time. */
  signal?: AbortSignal;
  /** @default {the global fetch} */
  fetch?: typeof fetch;
}

interface Mark {
  url: string;
  /** ETag or Last-Modified: what must still hold for the rest to fit. */
  validator: string | null;
}

function parseChecksum(text: string): { algorithm: "sha256" | "md5"; digest: string } {
  const match = /^(?:(sha256|md5)[:=])?([0-9a-f]+)$/i.exec(text.trim());
  const digest = match?.[2].toLowerCase() ?? "";
  const algorithm = digest.length === 64 ? "sha256" : digest.length === 32 ? "md5" : undefined;
  if (!algorithm || (match?.[1] && match[1].toLowerCase() !== algorithm)) {
    throw new TypeError(
      `Cannot read the checksum "${text}": expected sha256: and 64, or md5: and 32 hexadecimal digits`,
    );
  }
  return { algorithm, digest };
}

/** The digest of a file, read in pieces. */
async function digestFile(path: string, algorithm: "sha256" | "md5"): Promise<string> {
  const hash = createHash(algorithm), file = await Deno.open(path);
  for await (const piece of file.readable) hash.update(piece);
  return hash.digest("hex");
}

class Permanent extends Error {}

/**
 * Downloads a file to `path`, where it appears when it is complete and its checksum holds. If it is there already, nothing is fetched.
 *
 * A cut-off download leaves `<path>.partial`; the next call resumes it by a range request, if the server says that the file is
 * still the same (ETag or Last-Modified), and else starts anew. Processes that want the same file wait for each other.
 *
 * @returns Whether anything was fetched.
 * @throws {TypeError} If the checksum is not understood.
 * @throws {Error} If the server refuses, the connection keeps being cut off, or the checksum differs (the file is then removed).
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<boolean> {
  const expected = options.checksum ? parseChecksum(options.checksum) : undefined;
  return await makeOnce(
    path,
    () => isThere(path, expected),
    () => fetchAll(url, path, options, expected),
    { signal: options.signal },
  );
}

type Checksum = ReturnType<typeof parseChecksum>;

async function isThere(path: string, expected: Checksum | undefined): Promise<boolean> {
  if (!await Deno.stat(path).then((info) => info.isFile, () => false)) return false;
  if (expected && await digestFile(path, expected.algorithm) !== expected.digest) {
    throw new Error(
      `Cannot use "${path}" as its ${expected.algorithm} differs from ${expected.digest}: remove it to fetch it again`,
    );
  }
  return true;
}

/** Fetches what is missing, as often as it takes, checks the whole, and puts it into place. */
async function fetchAll(
  url: string,
  path: string,
  options: DownloadOptions,
  expected: Checksum | undefined,
): Promise<void> {
  const { retries = 4, pauseMs = 500, signal } = options;
  const partial = `${path}.partial`, marks = `${path}.partial.json`;
  for (let attempt = 0;; attempt++) {
    try {
      await fetchRest(url, partial, marks, options);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Permanent || attempt >= retries) {
        throw new Error(`Cannot download ${url}: ${(error as Error).message}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** attempt));
    }
  }
  if (expected) {
    const actual = await digestFile(partial, expected.algorithm);
    if (actual !== expected.digest) {
      await Deno.remove(partial);
      await Deno.remove(marks).catch(() => {});
      throw new Error(
        `Cannot download ${url}: expected ${expected.algorithm} ${expected.digest}, got ${actual}`,
      );
    }
  }
  await Deno.rename(partial, path);
  await Deno.remove(marks).catch(() => {});
}

/** Asks for what is not there yet, or for all of it, and appends it to the partial file. */
async function fetchRest(
  url: string,
  partial: string,
  marks: string,
  options: DownloadOptions,
): Promise<void> {
  const { signal } = options, get = options.fetch ?? fetch;
  const mark: Mark | undefined = await Deno.readTextFile(marks).then(JSON.parse, () => undefined);
  const isKnown = mark?.url === url && typeof mark.validator === "string";
  const there = isKnown ? await Deno.stat(partial).then((info) => info.size, () => 0) : 0;
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (there > 0) Object.assign(headers, { range: `bytes=${there}-`, "if-range": mark!.validator! });
  const response = await get(url, { headers, signal });
  if (response.status === 416 && there > 0) {
    await response.body?.cancel();
    if (response.headers.get("content-range") === `bytes */${there}`) return; // there was no rest
    await Deno.remove(marks); // the partial file is of no use: the next try starts anew
    throw new Error(`the server has no bytes from ${there}`);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const message = `the server answers ${response.status} ${response.statusText}`.trim();
    throw response.status >= 500 || response.status === 429 ? new Error(message) : new Permanent(message);
  }
  const validator = validatorOf(response);
  const done = response.status === 206 ? there : 0; // a server that knows no ranges sends everything
  if (response.status === 206) await checkRest(response, there, mark?.validator, marks);
  if (done === 0) await Deno.writeTextFile(marks, JSON.stringify({ url, validator } satisfies Mark));
  await append(partial, response, done, options);
}

/** What tells this state of a file from another: a strong ETag, or the time of its last change. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

/** Refuses a rest that does not begin where it should, or is another file's, as of a server that ignores If-Range. */
async function checkRest(
  response: Response,
  from: number,
  expected: string | null | undefined,
  marks: string,
): Promise<void> {
  const range = response.headers.get("content-range"), start = /^bytes (\d+)-/.exec(range ?? "");
  if (Number(start?.[1]) !== from) {
    await response.body?.cancel();
    throw new Permanent(`asked for bytes from ${from}, got "${range}"`);
  }
  const actual = validatorOf(response);
  if (actual === null || actual === expected) return;
  await response.body?.cancel();
  await Deno.remove(marks);
  throw new Error("the file changed on the server");
}

async function append(
  partial: string,
  response: Response,
  from: number,
  { onProgress }: DownloadOptions,
): Promise<void> {
  const length = Number(response.headers.get("content-length") ?? 0), total = length > 0 ? from + length : 0;
  const file = await Deno.open(partial, { write: true, create: true, truncate: from === 0 });
  let done = from;
  try {
    await file.seek(from, Deno.SeekMode.Start);
    for await (const piece of response.body!) {
      await writeAll(file, piece);
      done += piece.length;
      onProgress?.(done, total);
    }
    await file.sync();
  } finally {
    file.close();
  }
  if (total > 0 && done !== total) throw new Error(`the connection was cut off at byte ${done} of ${total}`);
}
