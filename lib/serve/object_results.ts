/**
 * From an event to `<key>.json` in the results: the object is read, scored and its result written, on condition that
 * nobody wrote another one meanwhile. @module
 */
import { sha256 } from "../base/sha256.ts";
import { type Blob, type Blobs, ConflictError, RefusedKeyError } from "../store/blobs.ts";
import type { JournalEntry } from "./journal.ts";
import { ObjectFault } from "./object_scorer.ts";

/** A bucket and the start of keys in it. */
export interface Place {
  bucket: string;
  /** "" for all; else it ends where a key may go on, usually with "/". */
  prefix: string;
}

/** An object that was read. */
interface Source {
  key: string;
  object: Blob;
}

/** Whether a bucket says that there can be no such key, now or later: it is too long, or not allowed. */
function isRefusal(error: unknown): error is Error {
  return error instanceof RefusedKeyError || error instanceof RangeError;
}

/** An ETag without quotes. */
export const bare = (tag: string): string => tag.replaceAll('"', "");
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");

/** The part of a written result that says what it is of; undefined if it is none of ours. */
function sourceOf(bytes: Uint8Array): { eTag?: string } | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)).source;
  } catch {
    return undefined;
  }
}

/** What {@linkcode createObjectResults} needs. */
export interface ObjectResultsOptions {
  /** Access to a bucket. */
  open: (bucket: string) => Blobs;
  /** Where results go: a bucket of its own, or the object's with `bucket` undefined. */
  results: Partial<Place>;
  /** Where objects that cannot be scored are listed. */
  dead: Partial<Place>;
  /** Scores an object. */
  score: (key: string, bytes: Uint8Array) => Promise<Record<string, unknown>>;
}

/** Results of objects in buckets. */
export interface ObjectResults {
  /** Scores what an event is about unless that has been done; gives whether a result was written. @throws {ObjectFault} */
  write(entry: JournalEntry): Promise<boolean>;
  /** Writes why an object cannot be scored. */
  bury(entry: JournalEntry, reason: string, attempts: number): Promise<void>;
}

/** Makes what writes results. */
export function createObjectResults(options: ObjectResultsOptions): ObjectResults {
  const { open, results, dead } = options;

  /** Writes a dead letter; under a checksum where the key is one that the bucket refuses. */
  async function writeLetter(target: Blobs, key: string, letter: Uint8Array): Promise<void> {
    const prefix = dead.prefix ?? "";
    try {
      await target.put(`${prefix}${key}.json`, letter);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await target.put(`${prefix}${await sha256(new TextEncoder().encode(key))}.json`, letter);
    }
  }

  /** Scores what an event is about unless that has been done; gives whether a result was written. */
  async function write(entry: JournalEntry): Promise<boolean> {
    let written = false;
    for (const { key, object } of await objectsOf(entry)) {
      if (await scoreObject(entry.bucket, key, object)) written = true;
    }
    return written;
  }

  /**
   * The object of an event. Where it is not known whether the sender encodes keys there may be two of them: the one
   * with the event's ETag is meant, or both in doubt.
   */
  async function objectsOf({ bucket: from, key, alternative, eTag }: JournalEntry): Promise<Source[]> {
    const source = open(from), found: Source[] = [];
    for (const name of alternative === undefined ? [key] : [key, alternative]) {
      const object = await source.get(name).catch((error) => {
        if (isRefusal(error)) return undefined; // no object has such a name
        throw error;
      });
      if (object) found.push({ key: name, object });
    }
    if (found.length === 0) throw new ObjectFault("the object is not there any more");
    const meant = found.filter(({ object }) => bare(object.tag) === eTag);
    return meant.length > 0 ? meant : found;
  }

  async function scoreObject(from: string, key: string, object: Blob): Promise<boolean> {
    const eTag = bare(object.tag);
    const target = open(results.bucket ?? from), resultKey = `${results.prefix ?? ""}${key}.json`;
    const there = await target.get(resultKey).catch((error) => {
      throw isRefusal(error) ? new ObjectFault(`its result cannot be kept: ${error.message}`) : error;
    });
    if (there && sourceOf(there.bytes)?.eTag === eTag) return false;
    const scored = await options.score(key, object.bytes);
    const result = { source: { bucket: from, key, eTag, bytes: object.bytes.length }, ...scored };
    try {
      await target.put(resultKey, encode(result), there ? { ifMatch: there.tag } : { ifNoneMatch: true });
    } catch (error) {
      if (isRefusal(error)) throw new ObjectFault(`its result cannot be kept: ${(error as Error).message}`);
      // A process that was killed while it wrote may have been heard after all.
      const now = error instanceof ConflictError ? await target.get(resultKey) : undefined;
      if (now && sourceOf(now.bytes)?.eTag === eTag) return false;
      throw error;
    }
    return true;
  }

  return {
    write,
    async bury({ bucket: from, key, eTag, sequencer }, reason, attempts) {
      const letter = { source: { bucket: from, key, eTag, sequencer }, reason, attempts };
      await writeLetter(open(dead.bucket ?? from), key, encode(letter));
    },
  };
}
