/**
 * What a store needs of the place where bytes lie, whether a folder or a bucket: whole blobs by key, with conditional
 * writes. Keys are relative paths with "/" between segments. @module
 */

/** One blob in a listing. */
export interface BlobEntry {
  /** Path below the place. */
  key: string;
  /** Size. */
  bytes: number;
  /** As {@linkcode Blob.tag}; undefined where a listing does not say it. */
  tag?: string;
}

/** A blob's content, and the tag that {@linkcode PutOptions.ifMatch} compares. */
export interface Blob {
  /** Content. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Changes with the content. */
  tag: string;
}

/** Conditions under which a blob is written; without any it is replaced. */
export interface PutOptions {
  /** Only if no blob has this key yet. */
  ifNoneMatch?: boolean;
  /** Only if the blob still has this tag. */
  ifMatch?: string;
}

/** A blob that is read in parts. */
export interface BlobRanges {
  /** How a user would write the blob. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Asks for exactly `length` bytes from `offset`, all inside. @throws {BlobsError} If the blob has changed meanwhile. */
  readRange(offset: number, length: number): Promise<Uint8Array>;
}

/** A place for blobs. A blob is there whole or not at all. */
export interface Blobs {
  /** How a user would write this place: `file:/data/models`, `s3://bucket/models`. */
  readonly location: string;
  /** The blob, or undefined if no blob has this key. @throws {BlobsError} */
  get(key: string): Promise<Blob | undefined>;
  /** Writes a blob and gives its tag. @throws {ConflictError} If the condition does not hold. @throws {BlobsError} */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<string>;
  /** All blobs whose key starts with `prefix`, in order of their keys. @throws {BlobsError} */
  list(prefix: string): Promise<BlobEntry[]>;
  /** Deletes a blob; it may be gone already. @throws {BlobsError} */
  delete(key: string): Promise<void>;
  /** Parts of a blob without the rest, where the place has them; undefined if no blob has this key. @throws {BlobsError} */
  ranges?(key: string): Promise<BlobRanges | undefined>;
  /** Drops what is kept open between calls, if anything. */
  close?(): void;
  /** Deletes what writers that were killed before this time left behind, and names it. @throws {BlobsError} */
  prune?(before: Date): Promise<string[]>;
}

/** A conditional write lost against another writer. */
export class ConflictError extends Error {
  /** Tells this error from others. */
  override name = "ConflictError";
}

/** The folder or bucket cannot be used: missing, denied, full, read-only, unreachable, cut off. */
export class BlobsError extends Error {
  /** Tells this error from others. */
  override name = "BlobsError";
}

/** There can be no blob of this name, now or later: it is too long, or not allowed. */
export class RefusedKeyError extends BlobsError {
  /** Tells this error from others. */
  override name = "RefusedKeyError";
}
