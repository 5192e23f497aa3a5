/**
 * Background scoring of objects that arrive in buckets: from the journal to `<key>.json` in the results.
 *
 * An event is settled only after its result is in the bucket, and a result is written on condition that nobody wrote
 * another one meanwhile; so an event may be computed twice after a crash, but it has its effect once. Trouble with the
 * bucket, the model or memory is waited out for as long as it takes; an object that cannot be scored for its own fault
 * is tried a few times and then written to the dead letters with the reason. @module
 */
import type { Blobs } from "../store/blobs.ts";
import { watchBuckets } from "./bucket_watch.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { EventCounts } from "./metrics.ts";
import { type ObjectEvent, readNotification } from "./notifications.ts";
import { createObjectResults, type Place } from "./object_results.ts";
import { createObjectScorer, type EventScorer, ObjectFault } from "./object_scorer.ts";
import type { EventIntake, LogEntry } from "./context.ts";

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

function isIn({ bucket, prefix }: Place, event: ObjectEvent): boolean {
  return event.bucket === bucket && event.key.startsWith(prefix);
}

/** Starts scoring what the journal holds and what comes. */
export function createDaq(scorer: EventScorer, options: DaqOptions): Daq {
  const { journal, bucket, sources, watch = [], watchMs = 5000, model, log } = options;
  const { results = { prefix: "results/" }, dead = { prefix: "dead-letters/" } } = options;
  const { concurrency = 8, attempts = 4, retryMs = 1000, maxRetryMs = 60_000 } = options;
  const objects = createObjectResults({ open, results, dead, score: createObjectScorer(scorer, model) });
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
      const written = await objects.write(entry);
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
    const { bucket: from, key } = entry;
    const tried = entry.attempts + 1;
    if (tried < attempts) {
      const wait = Math.min(retryMs * 2 ** (tried - 1), maxRetryMs);
      await journal.settle(entry, { attempts: tried, notBefore: Date.now() + wait, reason });
      tell("warn", "object failed", { bucket: from, key, reason, attempts: tried });
      return;
    }
    await objects.bury(entry, reason, tried);
    await journal.settle(entry, { state: "dead", attempts: tried, reason });
    tell("error", "object dead", { bucket: from, key, reason, attempts: tried });
  }

  const stopWatching = watchBuckets({
    places: watch,
    everyMs: watchMs,
    open,
    async take(events, { bucket, prefix }) {
      const { accepted } = await take(events);
      if (accepted > 0) tell("info", "objects found", { bucket, prefix, accepted });
    },
    onError: ({ bucket, prefix }, error) => tell("error", "watch", { bucket, prefix, reason: String(error) }),
  });

  wake(0);
  return {
    async accept(notification) {
      return await take(readNotification(notification));
    },
    counts: () => journal.counts(),
    async close() {
      closed = true;
      clearTimeout(timer);
      stopWatching();
      while (working.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await journal.close();
      for (const blobs of buckets.values()) blobs.close?.();
    },
  };
}
