/**
 * Blobs in an S3 bucket, on any server that speaks S3.
 *
 * The AWS client is loaded by the first request, as it takes a third of a second. Its own retries are off: here a retry
 * covers the whole exchange, so that a download cut off midway goes on at the byte where it stopped, provided that the
 * object is still the same, and a conditional write whose answer was lost is looked up before it is called lost. @module
 */
import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import {
  type Blob,
  type BlobEntry,
  type BlobRanges,
  type Blobs,
  BlobsError,
  ConflictError,
  type PutOptions,
  RefusedKeyError,
} from "./blobs.ts";
import { sha256 } from "../base/sha256.ts";

/** A key pair, with a session's token where it is a temporary one. */
export interface S3Credentials {
  /** Public half of the key pair. */
  accessKeyId: string;
  /** Secret half of the key pair. */
  secretAccessKey: string;
  /** Of a temporary key pair. */
  sessionToken?: string;
}

/** Where and as whom to speak to a bucket. */
export interface S3Options {
  /** Address of the server, such as `http://127.0.0.1:9000`; buckets are then in the path. @default {AWS, by region} */
  endpoint?: string;
  /** Region of the bucket. @default {"us-east-1"} */
  region?: string;
  /** Without them requests go unsigned, which only public buckets answer. */
  credentials?: S3Credentials;
  /** How often a request is tried in all. @default {4} */
  attempts?: number;
  /** Wait before the second try; it doubles for each further one. @default {200} */
  retryDelayMs?: number;
  /** How long a server may be silent. @default {30000} */
  timeoutMs?: number;
  /** Larger blobs are sent in parts of this size, at least 5 MiB. @default {16 MiB} */
  partBytes?: number;
}

/** Options for {@linkcode S3Blobs.read}. */
export interface S3ReadOptions {
  /** First byte wanted. @default {0} */
  start?: number;
}

type Sdk = typeof import("@aws-sdk/client-s3");

/** The slowest upload that is still waited for. */
const LEAST_BYTES_PER_MS = 50;
/** Progress after which a download has its full number of tries again. */
const RENEWING_BYTES = 1 << 20;

/**
 * The options that the usual environment variables give.
 *
 * @param env AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION or AWS_DEFAULT_REGION,
 *   AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL; all may be missing.
 * @param endpoint Goes before the environment's.
 * @throws {TypeError} If only one half of the key pair is there, or the endpoint is no http(s) address.
 * @example A local server
 * ```ts
 * import { s3OptionsFrom } from "./s3.ts";
 * s3OptionsFrom({ AWS_ACCESS_KEY_ID: "me", AWS_SECRET_ACCESS_KEY: "secret" }, "http://127.0.0.1:9000").endpoint;
 * ```
 */
export function s3OptionsFrom(env: Record<string, string | undefined>, endpoint?: string): S3Options {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId !== !secretAccessKey) {
    const [there, missing] = accessKeyId
      ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
      : ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"];
    throw new TypeError(`Cannot sign S3 requests as ${there} is set but ${missing} is not`);
  }
  const address = endpoint || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined;
  if (address !== undefined && !/^https?:\/\/[^/]/.test(address)) {
    throw new TypeError(`Cannot use S3 endpoint "${address}" as it must start with http:// or https://`);
  }
  return {
    endpoint: address,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined,
    credentials: accessKeyId && secretAccessKey
      ? { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined }
      : undefined,
  };
}

/** What the client's errors carry, all of it optional. */
interface Failure {
  name?: string;
  message?: string;
  code?: string;
  cause?: unknown;
  $metadata?: { httpStatusCode?: number };
}

/** The body of an object ended too early. */
class CutError extends Error {
  override name = "CutError";
}

/** The server was silent for too long. */
class SilenceError extends Error {
  override name = "SilenceError";
}

/** What servers call a key that none of their objects can have. */
const REFUSED_KEY = /KeyTooLong|InvalidObjectName|InvalidResourceName|InvalidURI|InvalidArgument|BadRequest/i;

function statusOf(error: unknown): number | undefined {
  return (error as Failure).$metadata?.httpStatusCode;
}

/** Whether another try may help: no answer, a half one, or one that says "later". */
function isPassing(error: unknown): boolean {
  if (error instanceof BlobsError) return false;
  const status = statusOf(error);
  if (status === undefined) return (error as Failure).name !== "TypeError";
  return status >= 500 && status !== 501 && status !== 507 || status === 429 || status === 408 ||
    status === 409 ||
    status < 300; // an answer of "well done" that could not be read to its end
}

/** Collects the codes of an error and of what caused it, as clients wrap them. */
function codesOf(error: unknown): string {
  const codes: string[] = [];
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const { name, code, message, cause } = at as Failure;
    codes.push(name ?? "", code ?? "", message ?? "");
    at = cause ?? (at as { errors?: unknown[] }).errors?.[0];
  }
  return codes.join(" ");
}

/** {@linkcode Blobs} in an S3 bucket. Call {@linkcode S3Blobs.close} to drop kept connections. */
export class S3Blobs implements Blobs {
  readonly location: string;
  /** Name of the bucket. */
  readonly bucket: string;
  readonly #prefix: string;
  readonly #options: S3Options & {
    attempts: number;
    retryDelayMs: number;
    timeoutMs: number;
    partBytes: number;
  };
  #client?: Promise<{ sdk: Sdk; client: S3Client }>;

  /**
   * Blobs in one bucket.
   *
   * @param bucket Name of the bucket, which must exist.
   * @param prefix Put before every key, with a "/" between; may be empty.
   * @param options Where and as whom.
   */
  constructor(bucket: string, prefix = "", options: S3Options = {}) {
    const { attempts = 4, retryDelayMs = 200, timeoutMs = 30_000, partBytes = 16 << 20 } = options;
    this.bucket = bucket;
    this.#prefix = prefix === "" ? "" : prefix.replace(/\/+$/, "") + "/";
    this.#options = { ...options, attempts, retryDelayMs, timeoutMs, partBytes };
    this.location = `s3://${bucket}/${this.#prefix}`.replace(/\/$/, "");
  }

  #connect(): Promise<{ sdk: Sdk; client: S3Client }> {
    return this.#client ??= (async () => {
      const sdk = await import("@aws-sdk/client-s3");
      const { endpoint, region = "us-east-1", credentials } = this.#options;
      const client = new sdk.S3Client({
        endpoint,
        region,
        forcePathStyle: endpoint !== undefined,
        // The client's own search for credentials would read the environment and files; unsigned needs a null signer.
        ...credentials ? { credentials } : {
          credentials: { accessKeyId: "", secretAccessKey: "" },
          signer: { sign: (request) => Promise.resolve(request) },
        },
        maxAttempts: 1,
        retryMode: "standard",
        responseChecksumValidation: "WHEN_REQUIRED",
      });
      return { sdk, client };
    })();
  }

  /** Closes kept connections; the next request opens new ones. */
  close(): void {
    this.#client?.then(({ client }) => client.destroy(), () => {});
    this.#client = undefined;
  }

  /** Runs `exchange` under a watch that `heard` calms, again after a passing failure. */
  async #exchange<T>(
    action: string,
    exchange: (use: { sdk: Sdk; client: S3Client }, signal: AbortSignal, lost: boolean) => Promise<T>,
    bytes = 0,
  ): Promise<T> {
    const { attempts } = this.#options;
    let lost = false; // whether an earlier try may have done its work though no answer came
    for (let attempt = 1;; attempt++) {
      const watch = new Watch(this.#options.timeoutMs + bytes / LEAST_BYTES_PER_MS);
      try {
        return await exchange(await this.#connect(), watch.signal, lost);
      } catch (error) {
        const known = watch.explain(error);
        if (known instanceof ConflictError) throw known;
        const most = known instanceof SilenceError ? Math.min(2, attempts) : attempts; // silence is long already
        if (attempt >= most || !isPassing(known)) throw this.#explain(action, known);
        lost ||= (statusOf(known) ?? 500) >= 500;
        await this.#pause(attempt);
      } finally {
        watch.stop();
      }
    }
  }

  #pause(attempt: number): Promise<void> {
    // Half of the wait is drawn at random, so that many clients do not come back all at once.
    const wait = this.#options.retryDelayMs * 2 ** (attempt - 1) * (0.5 + 0.5 * Math.random());
    return new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** One clear line for any failure. */
  #explain(action: string, error: unknown): BlobsError {
    if (error instanceof BlobsError) return error;
    const { endpoint = "AWS", region = "us-east-1", credentials } = this.#options;
    const codes = codesOf(error), status = statusOf(error), name = (error as Failure).name ?? "";
    let why: string;
    if (/NoSuchBucket/.test(name)) why = `bucket "${this.bucket}" does not exist at ${endpoint}`;
    else if (/SignatureDoesNotMatch|InvalidAccessKeyId|InvalidToken|ExpiredToken/.test(name)) {
      why = `${endpoint} does not accept the credentials (${name})`;
    } else if (status === 403 || status === 401 || /AccessDenied/.test(name)) {
      why = `access denied by ${endpoint}${credentials ? "" : ", no credentials were given"}`;
    } else if (
      status === 301 || status === 307 || /PermanentRedirect|AuthorizationHeaderMalformed/.test(name)
    ) {
      why = `bucket "${this.bucket}" is not in region ${region}`;
    } else if (status === 507 || /StorageFull|QuotaExceeded|NoSpace/i.test(codes)) {
      why = `the disk of ${endpoint} is full`;
    } else if (error instanceof CutError) why = error.message;
    else if (error instanceof SilenceError) why = `${endpoint} ${error.message}`;
    else if (/ECONNREFUSED|refused/i.test(codes)) why = `${endpoint} refuses connections`;
    else if (/ENOTFOUND|EAI_AGAIN|lookup|dns/i.test(codes)) why = `${endpoint} is not a known host`;
    else if (/NotCapable/.test(codes)) why = `Deno has no permission to reach ${endpoint}`;
    else if (/ECONNRESET|EPIPE|socket hang up|aborted|closed|reset|incomplete/i.test(codes)) {
      why = `the connection to ${endpoint} was cut off`;
    } else if (/ETIMEDOUT|timed? ?out/i.test(codes)) why = `${endpoint} does not answer`;
    else if (status !== undefined && status >= 300) why = `${endpoint} answered ${status} ${name}`;
    else why = (error as Failure).message || name || String(error);
    const isKeyRefused = status === 414 || (status === 400 && REFUSED_KEY.test(name));
    const Kind = isKeyRefused ? RefusedKeyError : BlobsError;
    return new Kind(`Cannot ${action}: ${why}`, { cause: error });
  }

  /**
   * Reads an object as it comes; a cut is mended by asking for the rest.
   *
   * @returns The chunks from byte `start` on, or undefined at once if there is no such object.
   * @throws {BlobsError} If the bucket cannot be read, or the object changed meanwhile.
   */
  async read(
    key: string,
    options: S3ReadOptions = {},
  ): Promise<
    { bytes: number; tag: string; chunks: AsyncGenerator<Uint8Array<ArrayBuffer>, void> } | undefined
  > {
    const { start = 0 } = options;
    const action = `read s3://${this.bucket}/${this.#prefix}${key}`;
    const open = (position: number, tag?: string) =>
      this.#exchange(action, async ({ sdk, client }, abortSignal) => {
        try {
          return await client.send(
            new sdk.GetObjectCommand({
              Bucket: this.bucket,
              Key: this.#prefix + key,
              Range: position > 0 ? `bytes=${position}-` : undefined,
              IfMatch: tag,
            }),
            { abortSignal },
          );
        } catch (error) {
          if ((error as Failure).name === "NoSuchKey") return undefined;
          if (statusOf(error) === 412) throw new BlobsError(`Cannot ${action}: it changed while being read`);
          throw error;
        }
      });
    const first = await open(start);
    if (!first) return undefined;
    const { ContentLength: bytes, ETag: tag = "" } = first;
    if (bytes === undefined) { // which S3 always says
      await first.Body!.transformToWebStream().cancel();
      throw new BlobsError(`Cannot ${action}: the server does not say how many bytes it has`);
    }
    return {
      bytes,
      tag,
      chunks: this.#chunks(action, first, start, bytes, (position) => open(position, tag)),
    };
  }

  async *#chunks(
    action: string,
    first: GetObjectCommandOutput,
    start: number,
    bytes: number,
    reopen: (position: number) => Promise<GetObjectCommandOutput | undefined>,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    let position = start, renewedAt = start, attempt = 0;
    for (let response: GetObjectCommandOutput | undefined = first;;) {
      const watch = new Watch(this.#options.timeoutMs);
      try {
        if (!response) throw new BlobsError(`Cannot ${action}: it was deleted while being read`);
        if (position > 0 && !response.ContentRange?.startsWith(`bytes ${position}-`)) {
          throw new BlobsError(`Cannot ${action}: the server does not go on where it was cut off`);
        }
        const body = (response.Body!.transformToWebStream() as ReadableStream<Uint8Array<ArrayBuffer>>)
          .getReader();
        try {
          for (;;) {
            const { value, done } = await Promise.race([body.read(), watch.silence]);
            if (done) break;
            watch.heard();
            position += value.length;
            yield value;
          }
        } finally {
          await body.cancel().catch(() => {}); // frees the connection; a body that failed is closed already
        }
        if (position === start + bytes) return;
        throw new CutError(`the connection was cut off after ${position - start} of ${bytes} bytes`);
      } catch (error) {
        if (position - renewedAt >= RENEWING_BYTES) [attempt, renewedAt] = [0, position];
        if (position === start + bytes) return; // all there, whatever went wrong at the very end
        if (++attempt >= this.#options.attempts || error instanceof BlobsError) {
          const cut = error instanceof BlobsError || error instanceof SilenceError
            ? error
            : new CutError(`the connection was cut off after ${position - start} of ${bytes} bytes`, {
              cause: error,
            });
          throw this.#explain(action, cut);
        }
        await this.#pause(attempt);
      } finally {
        watch.stop();
      }
      response = await reopen(position);
    }
  }

  async ranges(key: string): Promise<BlobRanges | undefined> {
    const name = `s3://${this.bucket}/${this.#prefix}${key}`, action = `read ${name}`;
    const object = { Bucket: this.bucket, Key: this.#prefix + key };
    const head = await this.#exchange(action, async ({ sdk, client }, abortSignal) => {
      try {
        return await client.send(new sdk.HeadObjectCommand(object), { abortSignal });
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
    if (!head) return undefined;
    const { ContentLength: size, ETag: tag } = head;
    if (size === undefined) {
      throw new BlobsError(`Cannot ${action}: the server does not say how many bytes it has`);
    }
    const readRange = (offset: number, length: number) =>
      this.#exchange(action, async ({ sdk, client }, abortSignal) => {
        const range = `bytes=${offset}-${offset + length - 1}`;
        const command = new sdk.GetObjectCommand({ ...object, Range: range, IfMatch: tag });
        const answer = await client.send(command, { abortSignal }).catch((error) => {
          if (statusOf(error) !== 412) throw error;
          throw new BlobsError(`Cannot ${action}: it changed while being read`);
        });
        const bytes = await answer.Body!.transformToByteArray();
        if (bytes.length === length) return bytes;
        throw new BlobsError(`Cannot ${action}: of ${length} bytes from byte ${offset} came ${bytes.length}`);
      }, length);
    return { name, size, readRange };
  }

  async get(key: string): Promise<Blob | undefined> {
    const found = await this.read(key);
    if (!found) return undefined;
    const bytes = new Uint8Array(found.bytes);
    let position = 0;
    for await (const chunk of found.chunks) {
      bytes.set(chunk, position);
      position += chunk.length;
    }
    return { bytes, tag: found.tag };
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<string> {
    const { ifNoneMatch, ifMatch } = options;
    const conditional = ifNoneMatch || ifMatch !== undefined;
    if (!conditional && bytes.length > this.#options.partBytes) return await this.#putParts(key, bytes);
    const action = `write s3://${this.bucket}/${this.#prefix}${key}`;
    return await this.#exchange(action, async ({ sdk, client }, abortSignal, lost) => {
      try {
        const { ETag } = await client.send(
          new sdk.PutObjectCommand({
            Bucket: this.bucket,
            Key: this.#prefix + key,
            Body: bytes,
            IfNoneMatch: ifNoneMatch ? "*" : undefined,
            IfMatch: ifMatch,
          }),
          { abortSignal },
        );
        return ETag ?? "";
      } catch (error) {
        const gone = ifMatch !== undefined && (error as Failure).name === "NoSuchKey";
        if (!conditional || statusOf(error) !== 412 && !gone) throw error;
        // The write that "lost" may have lost against itself, when only the answer to an earlier try was cut off.
        const present = lost ? await this.get(key) : undefined;
        if (present && await sha256(present.bytes) === await sha256(bytes)) return present.tag;
        throw new ConflictError(`Cannot ${action}: another writer was faster`);
      }
    }, bytes.length);
  }

  /** Sends a large blob in parts, each with tries of its own; nothing is visible before the last word. */
  async #putParts(key: string, bytes: Uint8Array): Promise<string> {
    const action = `write s3://${this.bucket}/${this.#prefix}${key}`;
    const { partBytes } = this.#options;
    const object = { Bucket: this.bucket, Key: this.#prefix + key };
    const { UploadId } = await this.#exchange(
      action,
      ({ sdk, client }, abortSignal) =>
        client.send(new sdk.CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "CRC32" }), {
          abortSignal,
        }),
    );
    try {
      const parts: { PartNumber: number; ETag?: string; ChecksumCRC32?: string }[] = [];
      for (let start = 0, number = 1; start < bytes.length; start += partBytes, number++) {
        const body = bytes.subarray(start, start + partBytes);
        const { ETag, ChecksumCRC32 } = await this.#exchange(
          action,
          ({ sdk, client }, abortSignal) =>
            client.send(
              new sdk.UploadPartCommand({
                ...object,
                UploadId,
                PartNumber: number,
                Body: body,
                ChecksumAlgorithm: "CRC32",
              }),
              { abortSignal },
            ),
          body.length,
        );
        parts.push({ PartNumber: number, ETag, ChecksumCRC32 });
      }
      const { ETag } = await this.#exchange(action, async ({ sdk, client }, abortSignal, lost) => {
        try {
          return await client.send(
            new sdk.CompleteMultipartUploadCommand({
              ...object,
              UploadId,
              MultipartUpload: { Parts: parts },
            }),
            { abortSignal },
          );
        } catch (error) {
          // Completed by an earlier try whose answer was lost: the upload is gone and the object is there.
          if (!lost || (error as Failure).name !== "NoSuchUpload") throw error;
          return await client.send(new sdk.HeadObjectCommand(object), { abortSignal });
        }
      }, bytes.length);
      return ETag ?? "";
    } catch (error) {
      const { sdk, client } = await this.#connect();
      await client.send(new sdk.AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => {}); // litter only
      throw error;
    }
  }

  async list(prefix: string): Promise<BlobEntry[]> {
    const found: BlobEntry[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#exchange(
        `list ${this.location}`,
        ({ sdk, client }, abortSignal) =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket: this.bucket,
              Prefix: this.#prefix + prefix,
              ContinuationToken,
            }),
            { abortSignal },
          ),
      );
      for (const { Key = "", Size = 0, ETag } of page.Contents ?? []) {
        found.push({ key: Key.slice(this.#prefix.length), bytes: Size, tag: ETag });
      }
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
    return found.sort((a, b) => a.key < b.key ? -1 : 1);
  }

  async delete(key: string): Promise<void> {
    await this.#exchange(
      `delete s3://${this.bucket}/${this.#prefix}${key}`,
      ({ sdk, client }, abortSignal) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: this.bucket, Key: this.#prefix + key }), {
          abortSignal,
        }),
    );
  }
}

/** Ends an exchange that has been silent for too long. */
class Watch {
  readonly #abort = new AbortController();
  readonly #limitMs: number;
  #timer: ReturnType<typeof setTimeout>;
  #reject: (error: SilenceError) => void = () => {};
  /** Rejects when the time is over; never resolves. */
  readonly silence: Promise<never>;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.silence = new Promise((_, reject) => this.#reject = reject);
    this.silence.catch(() => {}); // not everyone listens
    this.#timer = setTimeout(() => this.#end(), limitMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  #end(): void {
    this.#abort.abort();
    this.#reject(new SilenceError(`was silent for ${Math.round(this.#limitMs / 100) / 10} s`));
  }

  /** Starts the time anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), this.#limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** What `error` really was: silence, where this watch made it. */
  explain(error: unknown): unknown {
    return this.#abort.signal.aborted
      ? new SilenceError(`was silent for ${Math.round(this.#limitMs / 100) / 10} s`)
      : error;
  }
}
