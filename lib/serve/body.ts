/**
 * Request bodies within limits: on the wire and unpacked, in bytes and in time. @module
 */
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { plain } from "../io/gzip.ts";
import { HttpProblem } from "./problem.ts";
import { type RoomShare, UNLIMITED } from "./room.ts";

/** Limits of {@linkcode readBody}. */
export interface BodyLimits {
  /** Most bytes of a body, before and after unpacking. @default {67_108_864} */
  maxBytes?: number;
  /** A body must have arrived after this time. @default {30_000} */
  bodyTimeoutMs?: number;
  /** Least bytes a second, after a grace of 3 s: of those announced, or of those that have come where none are. @default {16_384} */
  leastBytesPerSecond?: number;
}

const tooLarge = (maxBytes: number) =>
  new HttpProblem(413, `The body is larger than ${maxBytes} bytes`, { connection: "close" });

/** The announced length; undefined for a chunked body. */
function lengthOf(request: Request): number | undefined {
  const text = request.headers.get("content-length");
  if (text === null) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw new HttpProblem(400, `Content-Length must be a number of bytes: got "${text}"`);
  }
  return Number(text);
}

/** Fails when time is up, so that a client that sends slowly does not hold its place for ever; it may gain time meanwhile. */
function within<T>(work: Promise<T>, patience: () => number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>, waited = 0;
    const look = () => {
      const left = patience() - waited;
      if (left > 0) {
        waited += left;
        timer = setTimeout(look, left);
        return;
      }
      reject(
        new HttpProblem(408, `The body did not arrive within ${Math.round(waited)} ms`, {
          connection: "close",
        }),
      );
    };
    look();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** How long any body may take, so that a slow start costs nobody an answer. */
const GRACE_MS = 3000;

/** How long so many bytes may take: not as long as the largest body, as each holds a place meanwhile. */
function patienceFor(bytes: number, limits: BodyLimits): number {
  const { bodyTimeoutMs = 30_000, leastBytesPerSecond = 16_384 } = limits;
  return Math.min(bodyTimeoutMs, GRACE_MS + 1000 * bytes / leastBytesPerSecond);
}

/** Joins a stream, telling how much has come, and stopping as soon as it is longer than allowed. Memory: twice its length while it is joined. */
async function collect(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  room: RoomShare,
  onBytes: (length: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      onBytes(length);
      if (length > maxBytes) throw tooLarge(maxBytes);
      room.take(value.length);
      chunks.push(value);
    }
  } finally {
    reader.cancel().catch(() => {}); // what is left of the body is of no interest
  }
  room.take(length);
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  room.give(length); // the pieces
  return bytes;
}

/**
 * What a body most likely unpacks to: what the last four bytes of a gzip say, where so much can be in it; of a deflate the
 * most that it can.
 */
function likelySize(bytes: Uint8Array, isGzip: boolean): number {
  const most = bytes.length * MAX_RATIO;
  if (!isGzip || bytes.length < 18) return most;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Math.min(most, view.getUint32(bytes.length - 4, true));
}

/** Deflate packs at most 258 bytes into two bits. */
const MAX_RATIO = 1032;

/** Unpacks to at most so many bytes; undefined where there is more. @throws {Error} If it is damaged. */
async function unpackTo(bytes: Uint8Array, isGzip: boolean, most: number): Promise<Uint8Array | undefined> {
  try {
    // Takes several members one after the other, which DecompressionStream does not, and stops at the limit.
    return plain(await promisify(isGzip ? gunzip : inflate)(bytes, { maxOutputLength: Math.max(1, most) }));
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
}

/** Unpacks `Content-Encoding: gzip` or `deflate`; the limit counts what comes out. */
async function unpack(
  bytes: Uint8Array<ArrayBuffer>,
  encoding: string,
  maxBytes: number,
  room: RoomShare,
): Promise<Uint8Array<ArrayBuffer>> {
  if (encoding === "" || encoding === "identity") return bytes;
  if (encoding !== "gzip" && encoding !== "deflate") {
    throw new HttpProblem(415, `Content-Encoding "${encoding}" is not understood: use gzip or deflate`, {
      "accept-encoding": "gzip, deflate",
    });
  }
  const isGzip = encoding === "gzip";
  try {
    // What a gzip says of itself is believed at first, as room for the most it could be would be refused to many.
    for (const most of [Math.min(maxBytes, likelySize(bytes, isGzip)), maxBytes]) {
      room.take(most);
      const unpacked = await unpackTo(bytes, isGzip, most);
      room.give(most - (unpacked?.length ?? 0));
      if (unpacked) return unpacked as Uint8Array<ArrayBuffer>;
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, `The body is not valid ${encoding}`);
  }
  throw tooLarge(maxBytes);
}

/**
 * Reads a request's body whole.
 *
 * @param room Counts what is held: the body, and beside it what it unpacks to.
 * @throws {HttpProblem} 400 for a body that cannot be read or unpacked, 408 too slow, 413 too large, 415 other encoding,
 * 503 where there is no room for it now.
 */
export async function readBody(
  request: Request,
  limits: BodyLimits = {},
  room: RoomShare = UNLIMITED,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes = 1 << 26 } = limits;
  const length = lengthOf(request);
  if (length !== undefined && length > maxBytes) throw tooLarge(maxBytes);
  if (length === undefined && !request.body) return new Uint8Array();
  if (length !== undefined) room.take(length);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // One copy less than chunk by chunk, two less than by arrayBuffer(); to look at `body` would make it a stream.
    let due = length ?? 0; // without an announced length, what has come
    const whole = length === undefined
      ? collect(request.body as ReadableStream<Uint8Array>, maxBytes, room, (come) => due = come)
      : request.bytes();
    bytes = await within(whole, () => patienceFor(due, limits));
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, "The body ended too early", { connection: "close" });
  }
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  return await unpack(bytes, encoding, maxBytes, room);
}
