/**
 * Background scoring of objects that arrive in buckets: from the journal to `<key>.json` in the results.
 *
 * An event is settled only after its result is in the bucket, and a result is written on condition that nobody wrote
 * another one meanwhile; so an event may be computed twice after a crash, but it has its effect once. Trouble with the
 * bucket, the model or memory is waited out for as long as it takes; an object that cannot be scored for its own fault
 * is tried a few times and then written to the dead letters with the reason. @module
 */
import { type Batcher, OverloadError } from "../score/batcher.ts";
import { answersJson } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { inputKindOf } from "../card/inputs/registry.ts";
import { isPng } from "../io/png.ts";
import type { Models } from "../score/models.ts";
import type { Found } from "../score/examples.ts";
import { type Blobs, ConflictError } from "../store/blobs.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { type ObjectEvent, readNotification } from "./notifications.ts";
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

  /** Runs what is due, and sets a timer for what will be. */
  function work(): void {
    if (closed) return;
    const now = Date.now();
    let soonest = Infinity;
    for (const entry of journal.pending()) {
      if (working.has(entry)) continue;
      if (working.size >= concurrency) return; // the next that finishes looks again
      const due = Math.max(entry.notBefore, delays.get(entry)?.until ?? 0);
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
    await open(dead.bucket ?? from).put(`${dead.prefix ?? ""}${key}.json`, encode(letter));
    await journal.settle(entry, { state: "dead", attempts: tried, reason });
    tell("error", "object dead", { bucket: from, key, reason, attempts: tried });
  }

  /** Scores an object unless that has been done; gives whether a result was written. */
  async function score(entry: JournalEntry): Promise<boolean> {
    if (await isWritten(entry.bucket, entry.key, entry.eTag)) return false; // before a crash
    const source = open(entry.bucket);
    let { key } = entry, object = await source.get(key);
    if (!object && entry.alternative !== undefined) {
      key = entry.alternative;
      if (await isWritten(entry.bucket, key, entry.eTag)) return false;
      object = await source.get(key);
    }
    if (!object) throw new ObjectFault("the object is not there any more");
    const eTag = bare(object.tag), { target, resultKey, there } = await writtenFor(entry.bucket, key);
    if (there && sourceOf(there.bytes)?.eTag === eTag) return false;
    const scored = await scoreBytes(key, object.bytes);
    const result = { source: { bucket: entry.bucket, key, eTag, bytes: object.bytes.length }, ...scored };
    try {
      await target.put(resultKey, encode(result), there ? { ifMatch: there.tag } : { ifNoneMatch: true });
    } catch (error) {
      // A process that was killed while it wrote may have been heard after all.
      if (error instanceof ConflictError && await isWritten(entry.bucket, key, eTag)) return false;
      throw error;
    }
    return true;
  }

  /** Where the result of an object goes, and what is there. */
  async function writtenFor(from: string, key: string) {
    const target = open(results.bucket ?? from), resultKey = `${results.prefix ?? ""}${key}.json`;
    return { target, resultKey, there: await target.get(resultKey) };
  }

  async function isWritten(from: string, key: string, eTag: string): Promise<boolean> {
    if (eTag === "") return false;
    const { there } = await writtenFor(from, key);
    return there !== undefined && sourceOf(there.bytes)?.eTag === eTag;
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
        const events = listed.filter(({ key, tag }) => tag !== undefined && !key.endsWith("/")).map((
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
