/**
 * Background scoring of objects that arrive in buckets: from the journal to `<key>.json` in the results.
 *
 * An event is settled only after its result is in the bucket, and a result is written on condition that nobody wrote
 * another one meanwhile; so an event may be computed twice after a crash, but it has its effect once. Trouble with the
 * bucket, the model or memory is waited out for as long as it takes; an object that cannot be scored for its own fault
 * is tried a few times and then written to the dead letters with the reason. @module
 */
import { sha256 } from "../base/sha256.ts";
import { type Batcher, OverloadError } from "../score/batcher.ts";
import { answersJson } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { inputKindOf } from "../card/inputs/registry.ts";
import { isPng } from "../io/png.ts";
import type { Models } from "../score/models.ts";
import type { Found } from "../score/examples.ts";
import { type Blob, type Blobs, ConflictError, RefusedKeyError } from "../store/blobs.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { isFolderMarker, type ObjectEvent, readNotification } from "./notifications.ts";
import type { EventCounts } from "./metrics.ts";
import type { Decoder, EventIntake, LogEntry } from "./service.ts";

/** What scores the objects. */
export interface EventScorer {
  models: Models;
  batcher: Batcher;
  decoder: Decoder;
}

/** A bucket and the start of keys in it. */
export interface Place {
  bucket: string;
  /** "" for all; else it ends where a key may go on, usually with "/". */
  prefix: string;
}

/** What {@linkcode createDaq} needs. */
export interface DaqOptions {
  journal: Journal;
  /** Access to a bucket. */
  bucket: (name: string) => Blobs;
  /** Only objects here are scored; events of others are ignored. */
  sources: readonly Place[];
  /** These are also looked through every `watchMs`, for servers that do not notify. @default {none} */
  watch?: readonly Place[];
  /** @default {5_000} */
  watchMs?: number;
  /** Where results go: a bucket of its own, or the object's with `bucket` undefined. @default {"results/"} */
  results?: Partial<Place>;
  /** Where objects that cannot be scored are listed. @default {"dead-letters/"} */
  dead?: Partial<Place>;
  /** Model, and after a "/" its version or alias. @default {the only model} */
  model?: string;
  /** Objects in work at the same time. @default {8} */
  concurrency?: number;
  /** How often an object is tried that fails for its own fault. @default {4} */
  attempts?: number;
  /** Wait after the first failure; it doubles with each further one. @default {1_000} */
  retryMs?: number;
  /** Longest wait. @default {60_000} */
  maxRetryMs?: number;
  log?: (entry: LogEntry) => void;
}

/** Takes events and scores them until it is closed. */
export type Daq = EventIntake & {
  counts(): EventCounts;
  /** Waits for what is in work, then closes the journal. */
  close(): Promise<void>;
};

/** What is written of one picture of an object. */
interface ScoredPicture {
  name: string;
  /** By the name of the output. */
  answers: Record<string, unknown>;
  /** What was assumed of the file, and what looks wrong in it. */
  warnings?: string[];
}

/** The object itself is at fault: another try will hardly help. */
class ObjectFault extends Error {
  override name = "ObjectFault";
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

/** Pictures of one object that wait for a compute unit at the same time. */
const AT_ONCE = 8;
/** How long pictures of one object may wait for a compute unit. */
const SCORE_MS = 60_000;

const bare = (tag: string) => tag.replaceAll('"', "");
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");

function isIn({ bucket, prefix }: Place, event: ObjectEvent): boolean {
  return event.bucket === bucket && event.key.startsWith(prefix);
}

/** The part of a written result that says what it is of; undefined if it is none of ours. */
function sourceOf(bytes: Uint8Array): { eTag?: string } | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)).source;
  } catch {
    return undefined;
  }
}

/** Starts scoring what the journal holds and what comes. */
export function createDaq(scorer: EventScorer, options: DaqOptions): Daq {
  const { journal, bucket, sources, watch = [], watchMs = 5000, model, log } = options;
  const { results = { prefix: "results/" }, dead = { prefix: "dead-letters/" } } = options;
  const { concurrency = 8, attempts = 4, retryMs = 1000, maxRetryMs = 60_000 } = options;
  const working = new Set<JournalEntry>();
  const buckets = new Map<string, Blobs>();
  /** Tries that failed for others' fault; not in the journal, as they start anew with the process. */
  const delays = new WeakMap<JournalEntry, { tries: number; until: number }>();
  let closed = false, timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (level: LogEntry["level"], event: string, fields: Record<string, unknown>) =>
    log?.({ time: new Date().toISOString(), level, event, ...fields });

  function open(name: string): Blobs {
    const blobs = buckets.get(name) ?? bucket(name);
    buckets.set(name, blobs);
    return blobs;
  }

  function isOurs(event: ObjectEvent): boolean {
    return [results, dead].some(({ bucket = event.bucket, prefix = "" }) =>
      prefix !== "" && isIn({ bucket, prefix }, event)
    ) || [results, dead].some(({ bucket, prefix = "" }) => prefix === "" && bucket === event.bucket);
  }

  async function take(
    events: readonly ObjectEvent[],
  ): Promise<{ accepted: number; known: number; ignored: number }> {
    const wanted = events.filter((event) => !isOurs(event) && sources.some((place) => isIn(place, event)));
    const added = await Promise.all(wanted.map((event) => journal.add(event)));
    const accepted = added.filter(Boolean).length;
    if (accepted > 0) wake(0);
    return { accepted, known: wanted.length - accepted, ignored: events.length - wanted.length };
  }

  /** When an event may be tried: never later than the longest wait from now, in case the clock was set back. */
  function dueOf(entry: JournalEntry, now: number): number {
    const due = Math.max(entry.notBefore, delays.get(entry)?.until ?? 0);
    return due > now + maxRetryMs ? now : due;
  }

  /** Runs what is due, and sets a timer for what will be. */
  function work(): void {
    if (closed) return;
    const now = Date.now();
    let soonest = Infinity;
    for (const entry of journal.pending()) {
      if (working.has(entry)) continue;
      if (working.size >= concurrency) return; // the next that finishes looks again
      const due = dueOf(entry, now);
      if (due > now) soonest = Math.min(soonest, due);
      else {
        working.add(entry);
        void attend(entry).finally(() => {
          working.delete(entry);
          wake(0);
        });
      }
    }
    if (soonest < Infinity) wake(soonest - now);
  }

  function wake(ms: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(work, Math.min(ms, 2 ** 31 - 1));
  }

  /** Does what can be done for an event now; never rejects. */
  async function attend(entry: JournalEntry): Promise<void> {
    const { key } = entry;
    try {
      const written = await score(entry);
      await journal.settle(entry, { state: "done" });
      tell("info", "object scored", { bucket: entry.bucket, key, written });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof ObjectFault)) {
        const tries = (delays.get(entry)?.tries ?? 0) + 1;
        const wait = Math.min(retryMs * 2 ** Math.min(tries - 1, 20), maxRetryMs);
        delays.set(entry, { tries, until: Date.now() + wait * (0.5 + 0.5 * Math.random()) });
        tell("warn", "object delayed", { bucket: entry.bucket, key, reason });
        return;
      }
      await fail(entry, reason).catch((cause) => {
        delays.set(entry, { tries: 1, until: Date.now() + retryMs });
        tell("error", "object not settled", { bucket: entry.bucket, key, reason: String(cause) });
      });
    }
  }

  async function fail(entry: JournalEntry, reason: string): Promise<void> {
    const { bucket: from, key, eTag, sequencer } = entry;
    const tried = entry.attempts + 1;
    if (tried < attempts) {
      const wait = Math.min(retryMs * 2 ** (tried - 1), maxRetryMs);
      await journal.settle(entry, { attempts: tried, notBefore: Date.now() + wait, reason });
      tell("warn", "object failed", { bucket: from, key, reason, attempts: tried });
      return;
    }
    const letter = { source: { bucket: from, key, eTag, sequencer }, reason, attempts: tried };
    await writeLetter(open(dead.bucket ?? from), key, encode(letter));
    await journal.settle(entry, { state: "dead", attempts: tried, reason });
    tell("error", "object dead", { bucket: from, key, reason, attempts: tried });
  }

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
  async function score(entry: JournalEntry): Promise<boolean> {
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
    const scored = await scoreBytes(key, object.bytes);
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

  async function scoreBytes(objectKey: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
    const [name, version] = modelName().split("/");
    const lease = await scorer.models.acquire(name, version);
    try {
      const found = await examplesIn(objectKey, bytes, lease.card);
      const pictures: ScoredPicture[] = [];
      for (let i = 0; i < found.length; i += AT_ONCE) {
        const part = found.slice(i, i + AT_ONCE).map((picture) => scorePicture(lease.key, picture));
        pictures.push(...await Promise.all(part));
      }
      return { model: lease.card.name, version: lease.card.version, pictures };
    } finally {
      lease.release();
    }
  }

  async function examplesIn(key: string, bytes: Uint8Array, { inputs }: Card): Promise<Found[]> {
    const name = key.slice(key.lastIndexOf("/") + 1);
    const takesPicture = inputs.length === 1 && inputKindOf(inputs[0])?.kind === "picture";
    if (takesPicture && isPng(bytes)) return [{ name, png: bytes }];
    let found: Found[];
    try {
      found = await scorer.decoder.decode(bytes, name, { inputs });
    } catch (error) {
      if (error instanceof OverloadError) throw error;
      throw new ObjectFault((error as Error).message);
    }
    if (found.length === 0) throw new ObjectFault(`"${name}" holds nothing to score`);
    return found;
  }

  function modelName(): string {
    if (model !== undefined) return model;
    const names = scorer.models.status().map(({ name }) => name);
    if (names.length === 1) return names[0];
    throw new Error(`Which model scores events must be said: there are ${names.join(", ") || "none yet"}`);
  }

  async function scorePicture(key: string, found: Found): Promise<ScoredPicture> {
    if ("fault" in found) throw new ObjectFault(found.fault);
    const item = "png" in found ? { png: found.png } : { arrays: found.arrays };
    const { result } = await scorer.batcher.submit(key, item, { deadline: performance.now() + SCORE_MS });
    if ("fault" in result) {
      throw result.fault.who === "server"
        ? new Error(result.fault.message)
        : new ObjectFault(result.fault.message);
    }
    if (!("answers" in result)) throw new Error("Tensors came where a picture's answer was asked for");
    const { answers, warnings } = result;
    return { name: found.name, answers: answersJson(answers), ...(warnings.length > 0 ? { warnings } : {}) };
  }

  /** Looks through the watched places: every object there that the journal does not know is an event. */
  async function look(): Promise<void> {
    for (const place of watch) {
      try {
        const listed = await open(place.bucket).list(place.prefix);
        const events = listed.filter(({ key, tag }) => tag !== undefined && !isFolderMarker(key)).map((
          { key, tag },
        ) => ({
          bucket: place.bucket,
          key,
          eTag: bare(tag as string),
        }));
        const { accepted } = await take(events);
        if (accepted > 0) {
          tell("info", "objects found", { bucket: place.bucket, prefix: place.prefix, accepted });
        }
      } catch (error) {
        tell("error", "watch", { bucket: place.bucket, prefix: place.prefix, reason: String(error) });
      }
    }
    if (!closed) watching = setTimeout(look, watchMs);
  }
  let watching: ReturnType<typeof setTimeout> | undefined = watch.length > 0
    ? setTimeout(look, 0)
    : undefined;

  wake(0);
  return {
    async accept(notification) {
      return await take(readNotification(notification));
    },
    counts: () => journal.counts(),
    async close() {
      closed = true;
      clearTimeout(timer);
      clearTimeout(watching);
      while (working.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await journal.close();
      for (const blobs of buckets.values()) blobs.close?.();
    },
  };
}
