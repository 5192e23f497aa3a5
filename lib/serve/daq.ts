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
import { DueWork } from "./due_work.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { EventCounts } from "./metrics.ts";
import { type ObjectEvent, readNotification } from "./notifications.ts";
import { createObjectResults, type Place } from "./object_results.ts";
import { createObjectScorer, type EventScorer, ObjectFault } from "./object_scorer.ts";
import { type RetryOptions, RetryTimes } from "./retry_times.ts";
import type { EventIntake, LogEntry } from "./context.ts";
import { tellTo } from "./tell.ts";

/** What {@linkcode createDaq} needs. */
export interface DaqOptions extends RetryOptions {
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

/** Places that are written to, and so nothing is taken from. */
type OwnPlaces = readonly Partial<Place>[];

/** Whether an event is of an object that scoring itself wrote. */
function isOwn(event: ObjectEvent, places: OwnPlaces): boolean {
  return places.some(({ bucket, prefix = "" }) =>
    prefix === "" ? bucket === event.bucket : isIn({ bucket: bucket ?? event.bucket, prefix }, event)
  );
}

/** Access to each bucket that is asked for, opened once. */
function keepBuckets(bucket: (name: string) => Blobs) {
  const buckets = new Map<string, Blobs>();
  return {
    open(name: string): Blobs {
      const blobs = buckets.get(name) ?? bucket(name);
      buckets.set(name, blobs);
      return blobs;
    },
    close() {
      for (const blobs of buckets.values()) blobs.close?.();
    },
  };
}

/** Starts scoring what the journal holds and what comes. */
export function createDaq(scorer: EventScorer, options: DaqOptions): Daq {
  const { journal, sources, watch = [], watchMs = 5000, model, log } = options;
  const { results = { prefix: "results/" }, dead = { prefix: "dead-letters/" } } = options;
  const { concurrency = 8, attempts = 4 } = options;
  const { open, close } = keepBuckets(options.bucket);
  const objects = createObjectResults({ open, results, dead, score: createObjectScorer(scorer, model) });
  const times = new RetryTimes(options), tell = tellTo(log);
  const work = new DueWork<JournalEntry>({
    pending: () => journal.pending(),
    dueOf: (entry, now) => times.dueOf(entry, now),
    attend,
    concurrency,
  });

  async function take(
    events: readonly ObjectEvent[],
  ): Promise<{ accepted: number; known: number; ignored: number }> {
    const wanted = events.filter((event) =>
      !isOwn(event, [results, dead]) && sources.some((place) => isIn(place, event))
    );
    const added = await Promise.all(wanted.map((event) => journal.add(event)));
    const accepted = added.filter(Boolean).length;
    if (accepted > 0) work.wake();
    return { accepted, known: wanted.length - accepted, ignored: events.length - wanted.length };
  }

  /** Does what can be done for an event now; never rejects. */
  async function attend(entry: JournalEntry): Promise<void> {
    const { bucket, key } = entry;
    try {
      const written = await objects.write(entry);
      await journal.settle(entry, { state: "done" });
      tell("info", "object scored", { bucket, key, written });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof ObjectFault)) {
        times.delay(entry);
        tell("warn", "object delayed", { bucket, key, reason });
        return;
      }
      await fail(entry, reason).catch((cause) => {
        times.delayAnew(entry);
        tell("error", "object not settled", { bucket, key, reason: String(cause) });
      });
    }
  }

  async function fail(entry: JournalEntry, reason: string): Promise<void> {
    const { bucket, key } = entry, tried = entry.attempts + 1;
    if (tried < attempts) {
      const notBefore = Date.now() + times.waitAfter(tried);
      await journal.settle(entry, { attempts: tried, notBefore, reason });
      tell("warn", "object failed", { bucket, key, reason, attempts: tried });
      return;
    }
    await objects.bury(entry, reason, tried);
    await journal.settle(entry, { state: "dead", attempts: tried, reason });
    tell("error", "object dead", { bucket, key, reason, attempts: tried });
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

  work.wake();
  return {
    accept: async (notification) => await take(readNotification(notification)),
    counts: () => journal.counts(),
    async close() {
      stopWatching();
      await work.close();
      await journal.close();
      close();
    },
  };
}
