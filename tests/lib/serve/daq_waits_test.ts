/** How long an event waits before it is tried again, how often, and what is said of it. */
import { createDaq, type DaqOptions } from "../../../lib/serve/daq.ts";
import { openJournal } from "../../../lib/serve/journal.ts";
import type { EventScorer } from "../../../lib/serve/object_scorer.ts";
import type { LogEntry } from "../../../lib/serve/service.ts";
import { type Blobs, BlobsError } from "../../../lib/store/blobs.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { withWaits } from "../../waits.ts";

/** A scorer that nobody gets to: what is tried here fails before. */
const scorer = {} as EventScorer;

/** A bucket of which every read is answered by the test. */
function bucketOf(
  get: (key: string) => ReturnType<Blobs["get"]>,
): Blobs & { written: Record<string, string>; closed: number } {
  const written: Record<string, string> = {};
  return {
    location: "memory",
    written,
    closed: 0,
    get,
    list: () => Promise.resolve([]),
    put: (key, bytes) => {
      written[key] = new TextDecoder().decode(bytes);
      return Promise.resolve("t");
    },
    delete: () => Promise.resolve(),
    close() {
      this.closed++;
    },
  };
}

const notification = (key: string) => ({
  Records: [{ eventName: "ObjectCreated:Put", s3: { bucket: { name: "daq" }, object: { key, eTag: "1" } } }],
});

interface Watched {
  daq: ReturnType<typeof createDaq>;
  log: LogEntry[];
  waits: number[];
  /** Waits until so many lines of a kind were logged. */
  until(event: string, count?: number): Promise<void>;
  close(): Promise<void>;
}

async function withDaq(
  blobs: Blobs,
  use: (watched: Watched) => Promise<void>,
  options: Partial<DaqOptions> = {},
): Promise<void> {
  await withFolder((folder) =>
    withWaits(async (waits) => {
      const log: LogEntry[] = [], journal = await openJournal(folder);
      let heard = () => {};
      const daq = createDaq(scorer, {
        journal,
        bucket: () => blobs,
        sources: [{ bucket: "daq", prefix: "" }],
        log: (entry) => {
          log.push(entry);
          heard();
        },
        ...options,
      });
      const until = async (event: string, count = 1) => {
        while (log.filter((entry) => entry.event === event).length < count) {
          await new Promise<void>((resolve) => heard = resolve);
        }
      };
      let closing: Promise<void> | undefined;
      const close = () => closing ??= daq.close();
      try {
        await use({ daq, log, waits, until, close });
      } finally {
        await close();
      }
    }, { random: 0.5, most: 1e9 })
  );
}

/** Waits that are pauses. */
const pauses = (waits: number[]) => waits.filter((ms) => ms > 300);

Deno.test("an object at fault is tried four times, each pause twice the last, and then buried with the reason", () => {
  const blobs = bucketOf(() => Promise.resolve(undefined));
  return withDaq(blobs, async ({ daq, log, waits, until }) => {
    assertEquals(await daq.accept(notification("a")), { accepted: 1, known: 0, ignored: 0 });
    await until("object dead");
    assertEquals(log.map(({ level, event, attempts, reason }) => [level, event, attempts, reason]), [
      ["warn", "object failed", 1, "the object is not there any more"],
      ["warn", "object failed", 2, "the object is not there any more"],
      ["warn", "object failed", 3, "the object is not there any more"],
      ["error", "object dead", 4, "the object is not there any more"],
    ]);
    assert(
      log.every(({ bucket, key, time }) =>
        bucket === "daq" && key === "a" && !Number.isNaN(Date.parse(String(time)))
      ),
    );
    assertEquals(pauses(waits), [1000, 2000, 4000]);
    assertEquals(daq.counts(), { pending: 0, done: 0, dead: 1 });
    assertEquals(Object.keys(blobs.written), ["dead-letters/a.json"]);
    assertEquals(JSON.parse(blobs.written["dead-letters/a.json"]).attempts, 4);
    assertEquals(await daq.accept(notification("a")), { accepted: 0, known: 1, ignored: 0 });
  });
});

Deno.test("pauses are as long as asked for, and never longer than the longest", () =>
  withDaq(bucketOf(() => Promise.resolve(undefined)), async ({ daq, waits, until }) => {
    await daq.accept(notification("a"));
    await until("object dead");
    assertEquals(pauses(waits), [2000, 4000, 5000, 5000]);
  }, { retryMs: 2000, maxRetryMs: 5000, attempts: 5 }));

Deno.test("trouble with the bucket is waited out for as long as it takes, half of each pause by chance", () => {
  let fails = 9;
  const blobs = bucketOf(() =>
    fails-- > 0 ? Promise.reject(new BlobsError("the line is down")) : Promise.resolve(undefined)
  );
  return withDaq(blobs, async ({ daq, log, waits, until }) => {
    await daq.accept(notification("a"));
    await until("object failed");
    assertEquals(log.filter(({ event }) => event === "object delayed").length, 9);
    assertEquals(log[0].reason, "the line is down");
    // three quarters of 1, 2, 4, … s and at most a minute
    assertEquals(pauses(waits).slice(0, 9), [750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000, 45_000]);
    assertEquals(daq.counts().pending, 1, "not counted as tried");
  });
});

Deno.test("a pause beyond what a timer can hold is cut into pauses that it can", () =>
  withDaq(bucketOf(() => Promise.resolve(undefined)), async ({ daq, waits, until }) => {
    await daq.accept(notification("a"));
    await until("object failed");
    while (!waits.some((ms) => ms > 1e9)) await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(Math.max(...waits), 2 ** 31 - 1);
  }, { retryMs: 1e11, maxRetryMs: 1e12 }));

Deno.test("an object whose result is there is done, and the log says that nothing was written", () => {
  const result = new TextEncoder().encode(JSON.stringify({ source: { eTag: "1" } }));
  const blobs = bucketOf((key) =>
    Promise.resolve({ bytes: key === "results/a.json" ? result : new Uint8Array(3), tag: '"1"' })
  );
  return withDaq(blobs, async ({ daq, log, until }) => {
    await daq.accept(notification("a"));
    await until("object scored");
    const [{ level, event, bucket, key, written }] = log;
    assertEquals([level, event, bucket, key, written], ["info", "object scored", "daq", "a", false]);
    assertEquals([daq.counts(), Object.keys(blobs.written)], [{ pending: 0, done: 1, dead: 0 }, []]);
  });
});

Deno.test("an object that cannot be buried is tried again later", () => {
  const blobs = bucketOf(() => Promise.resolve(undefined)), { put } = blobs;
  let fails = 1;
  blobs.put = (...args) => fails-- > 0 ? Promise.reject(new BlobsError("the disk is full")) : put(...args);
  return withDaq(blobs, async ({ daq, log, waits, until }) => {
    await daq.accept(notification("a"));
    await until("object dead");
    assertEquals(log.map(({ event }) => event), ["object not settled", "object dead"]);
    assert(String(log[0].reason).includes("the disk is full"));
    assertEquals(pauses(waits), [1000]);
  }, { attempts: 1 });
});

Deno.test("no more objects are in work at once than asked for, and all are worked through", () => {
  let now = 0, most = 0, open = () => {};
  const gate = new Promise<void>((resolve) => open = resolve);
  const blobs = bucketOf(async () => {
    most = Math.max(most, ++now);
    await gate;
    now--;
    return undefined;
  });
  return withDaq(blobs, async ({ daq, until }) => {
    for (let i = 0; i < 10; i++) await daq.accept(notification(`k${i}`));
    while (now < 3) await new Promise((resolve) => setTimeout(resolve, 0));
    open();
    await until("object dead", 10);
    assertEquals([most, daq.counts().dead], [3, 10]);
  }, { attempts: 1, concurrency: 3 });
});

Deno.test("events of other places are ignored, and those that results and dead letters make", () =>
  withDaq(bucketOf(() => Promise.resolve(undefined)), async ({ daq, until }) => {
    for (
      const [key, ignored] of [["in/a", 0], ["out/a", 1], ["in/results/a", 1], ["in/dead/a", 1]] as const
    ) {
      assertEquals((await daq.accept(notification(key))).ignored, ignored, key);
    }
    await until("object dead");
  }, {
    attempts: 1,
    sources: [{ bucket: "daq", prefix: "in/" }, { bucket: "other", prefix: "" }],
    results: { prefix: "in/results/" },
    dead: { bucket: "daq", prefix: "in/dead/" },
  }));

Deno.test("every event of a bucket that only results go to is ignored", () =>
  withDaq(bucketOf(() => Promise.resolve(undefined)), async ({ daq, until }) => {
    assertEquals((await daq.accept(notification("a"))).ignored, 1);
    await until("nothing", 0);
  }, { results: { bucket: "daq" } }));

Deno.test("closing waits for what is in work, lets the buckets go, and starts nothing more", () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  let reads = 0;
  const blobs = bucketOf(async () => {
    reads++;
    await held;
    return undefined;
  });
  return withDaq(blobs, async ({ daq, log, close }) => {
    await daq.accept(notification("a"));
    while (reads === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    const closing = close();
    release();
    await closing;
    assertEquals([log.map(({ event }) => event), blobs.closed, reads], [["object failed"], 1, 1]);
  });
});

Deno.test("objects that are found by looking are told of once, one or many, and nothing where there are none", () => {
  let there = ["one"], looks = 0;
  const blobs: Blobs = {
    ...bucketOf(() => Promise.resolve(undefined)),
    list: () => {
      looks++;
      return Promise.resolve(there.map((key) => ({ key, tag: '"1"', bytes: 1 })));
    },
  };
  /** Until every object that is there has been looked at. */
  const look = async () => {
    for (const seen = looks; looks < seen + 2;) await new Promise((resolve) => setTimeout(resolve));
  };
  return withDaq(blobs, async ({ daq, log }) => {
    await look();
    there = ["one", "two", "three"];
    await look();
    await look();
    const found = log.filter(({ event }) => event === "objects found");
    assertEquals(found.map(({ level, bucket, prefix, accepted }) => [level, bucket, prefix, accepted]), [
      ["info", "daq", "in/", 1],
      ["info", "daq", "in/", 2],
    ]);
    assertEquals((await daq.accept(notification("two"))).known, 1);
  }, { watch: [{ bucket: "daq", prefix: "in/" }], watchMs: 1 });
});
