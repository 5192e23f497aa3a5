/**
 * Downloads that survive a cut connection: what came stays, and the next try asks for the rest only. @module
 */
import { createHash } from "node:crypto";
import { dirname } from "@std/path";

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
 * still the same (ETag or Last-Modified), and else starts anew.
 *
 * @returns Whether anything was fetched.
 * @throws {TypeError} If the checksum is not understood.
 * @throws {Error} If the server refuses, the connection keeps being cut off, or the checksum differs (the file is then removed).
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<boolean> {
  const { retries = 4, pauseMs = 500, signal } = options;
  const expected = options.checksum ? parseChecksum(options.checksum) : undefined;
  if (await Deno.stat(path).then((info) => info.isFile, () => false)) {
    if (expected && await digestFile(path, expected.algorithm) !== expected.digest) {
      throw new Error(
        `Cannot use "${path}" as its ${expected.algorithm} differs from ${expected.digest}: remove it to fetch it again`,
      );
    }
    return false;
  }
  await Deno.mkdir(dirname(path), { recursive: true });
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
  return true;
}

async function fetchRest(
  url: string,
  partial: string,
  marks: string,
  options: DownloadOptions,
): Promise<void> {
  const { onProgress, signal } = options, get = options.fetch ?? fetch;
  const mark: Mark | undefined = await Deno.readTextFile(marks).then(JSON.parse, () => undefined);
  let done = await Deno.stat(partial).then((info) => info.size, () => 0);
  if (!mark?.validator || mark.url !== url) done = 0; // whether the rest would fit cannot be known
  const headers: Record<string, string> = done > 0
    ? { range: `bytes=${done}-`, "if-range": mark!.validator!, "accept-encoding": "identity" }
    : { "accept-encoding": "identity" };
  const response = await get(url, { headers, signal });
  if (response.status === 416 && response.headers.get("content-range") === `bytes */${done}`) {
    await response.body?.cancel();
    return; // there was no rest
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const message = `the server answers ${response.status} ${response.statusText}`.trim();
    throw response.status >= 500 || response.status === 429 ? new Error(message) : new Permanent(message);
  }
  if (response.status === 206) {
    const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
    if (Number(range?.[1]) !== done) {
      await response.body.cancel();
      throw new Permanent(`asked for bytes from ${done}, got "${response.headers.get("content-range")}"`);
    }
  } else done = 0;
  const length = Number(response.headers.get("content-length") ?? 0), total = length > 0 ? done + length : 0;
  const etag = response.headers.get("etag");
  const validator = etag && !etag.startsWith("W/") ? etag : response.headers.get("last-modified");
  const file = await Deno.open(partial, { write: true, create: true, truncate: done === 0 });
  try {
    if (done === 0) await Deno.writeTextFile(marks, JSON.stringify({ url, validator } satisfies Mark));
    await file.seek(done, Deno.SeekMode.Start);
    for await (const piece of response.body) {
      for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
      done += piece.length;
      onProgress?.(done, total);
    }
    await file.sync();
  } finally {
    file.close();
  }
  if (total > 0 && done !== total) throw new Error(`the connection was cut off at byte ${done} of ${total}`);
}
