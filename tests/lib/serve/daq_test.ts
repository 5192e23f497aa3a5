/** Events from a bucket in memory through the journal to results. */
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { flatPng, post, withHost } from "./_service.ts";
import { sha256 } from "../../../lib/base/sha256.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { createDaq, type DaqOptions } from "../../../lib/serve/daq.ts";
import { type Journal, openJournal } from "../../../lib/serve/journal.ts";
import { type Blobs, ConflictError, RefusedKeyError } from "../../../lib/store/blobs.ts";
import type { Host } from "../../../lib/serve/host.ts";

/** A bucket in memory that refuses keys of more than 1,024 bytes, as S3 does. */
function memoryBucket(): Blobs & { objects: Map<string, Uint8Array<ArrayBuffer>>; gets: number } {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const check = (key: string) => {
    if (key.length > 1024) throw new RefusedKeyError(`Cannot use "${key.slice(0, 20)}…": KeyTooLongError`);
  };
  return {
    location: "memory",
    objects,
    gets: 0,
    async get(key) {
      this.gets++;
      check(key);
      const bytes = objects.get(key);
      return bytes && { bytes, tag: await sha256(bytes) };
    },
    async put(key, bytes, { ifNoneMatch, ifMatch } = {}) {
      check(key);
      const there = objects.get(key);
      if (ifNoneMatch && there) throw new ConflictError("there is one");
      if (ifMatch !== undefined && (!there || await sha256(there) !== ifMatch)) {
        throw new ConflictError("changed");
      }
      objects.set(key, bytes.slice());
      return await sha256(bytes);
    },
    list: (prefix) =>
      Promise.resolve(
        [...objects].filter(([key]) => key.startsWith(prefix)).map(([key, { length }]) => ({
          key,
          bytes: length,
        })),
      ),
    delete: (key) => Promise.resolve(void objects.delete(key)),
  };
}

type Bucket = ReturnType<typeof memoryBucket>;

async function withDaq(
  test: (host: Host, bucket: Bucket, journal: Journal) => Promise<void>,
  options: Partial<DaqOptions> & { prepare?: (journal: Journal) => Promise<void> } = {},
): Promise<void> {
  const { prepare, ...rest } = options;
  await withFolder(async (folder) => {
    const bucket = memoryBucket(), journal = await openJournal(folder);
    await prepare?.(journal);
    const sources = [{ bucket: "daq", prefix: "in/" }];
    const daq = { journal, bucket: () => bucket, sources, retryMs: 1, attempts: 2, ...rest };
    await withHost((host) => test(host, bucket, journal), { events: (scorer) => createDaq(scorer, daq) });
  });
}

const notify = (host: Host, ...objects: Record<string, unknown>[]) =>
  post(
    host,
    "/events",
    JSON.stringify({
      Records: objects.map((object) => ({
        eventName: "ObjectCreated:Put",
        s3: { bucket: { name: "daq" }, object },
      })),
    }),
  );

async function settled(journal: Journal): Promise<void> {
  await until("every event to be settled", () => journal.counts().pending === 0);
}

const read = (bucket: Bucket, key: string) => {
  const bytes = bucket.objects.get(key);
  return bytes && JSON.parse(new TextDecoder().decode(bytes));
};

Deno.test("events of keys that are not encoded score both of two objects that decoding would make one", () =>
  withDaq(async (host, bucket, journal) => {
    const tags: Record<string, string> = {};
    for (const [key, counts] of [["in/a b.png", 10], ["in/a+b.png", 20]] as const) {
      tags[key] = await bucket.put(key, flatPng(counts));
    }
    await notify(host, ...Object.entries(tags).map(([key, eTag]) => ({ key, eTag })));
    await settled(journal);
    for (const [key, energy] of [["in/a b.png", 1], ["in/a+b.png", 2]] as const) {
      assertClose(read(bucket, `results/${key}.json`).pictures[0].answers.energy.value, energy, 1e-6);
    }
  }));

Deno.test("an event that came late or from another node leads to the object that is there now", () =>
  withDaq(async (host, bucket, journal) => {
    const old = await sha256(flatPng(10)), eTag = await bucket.put("in/a.png", flatPng(20));
    await notify(host, { key: "in/a.png", eTag, sequencer: "0B" });
    await settled(journal);
    assertEquals(await (await notify(host, { key: "in/a.png", eTag: old, sequencer: "0A" })).json(), {
      accepted: 1,
      known: 0,
      ignored: 0,
    });
    await settled(journal);
    assertEquals(read(bucket, "results/in/a.png.json").source.eTag, eTag);
    const again = await (await notify(host, { key: "in/a.png", eTag, sequencer: "0B" })).json();
    assertEquals(again, { accepted: 0, known: 1, ignored: 0 });
  }));

Deno.test("an object with a pixel that is no number is a dead letter, not a result", () =>
  withDaq(async (host, bucket, journal) => {
    const data = new Float32Array(36).fill(40);
    data[14] = NaN;
    await bucket.put("in/bad.npy", encodeNpy({ data, shape: [6, 6] }));
    await notify(host, { key: "in/bad.npy" });
    await settled(journal);
    assertEquals([journal.counts().dead, read(bucket, "results/in/bad.npy.json")], [1, undefined]);
    const { reason } = read(bucket, "dead-letters/in/bad.npy.json");
    assert(reason.includes("got NaN at row 2, column 2"), reason);
  }));

Deno.test("a stack is scored whole, and a folder marker is nothing", () =>
  withDaq(async (host, bucket, journal) => {
    const stack = encodeNpy({
      data: Uint8Array.from({ length: 75 }, (_, i) => 10 * Math.floor(i / 25)),
      shape: [3, 5, 5],
    });
    await bucket.put("in/stack.npy", stack);
    const { accepted } = await (await notify(host, { key: "in/stack.npy" }, { key: "in/" })).json();
    assertEquals(accepted, 1);
    await settled(journal);
    const { pictures } = read(bucket, "results/in/stack.npy.json");
    assertEquals(pictures.map(({ name }: { name: string }) => name), [
      "stack.npy[0]",
      "stack.npy[1]",
      "stack.npy[2]",
    ]);
  }));

Deno.test("a key whose result no bucket can keep is buried, not tried for ever", () =>
  withDaq(async (host, bucket, journal) => {
    const key = `in/${"x".repeat(1015)}.png`; // 1,022 bytes; the result's key would be longer than 1,024
    await bucket.put(key, flatPng(10));
    await notify(host, { key });
    await settled(journal);
    assertEquals(journal.counts(), { pending: 0, done: 0, dead: 1 });
    const [letter] = [...bucket.objects.keys()].filter((name) => name.startsWith("dead-letters/"));
    assert(read(bucket, letter).reason.includes("cannot be kept"));
  }));

Deno.test("an event that waits for an hour because the clock was set back is tried at once", () =>
  withDaq(async (_, bucket, journal) => {
    await bucket.put("in/a.png", flatPng(10));
    await settled(journal);
    assert(read(bucket, "results/in/a.png.json"), "it was scored");
  }, {
    async prepare(journal) {
      await journal.add({ bucket: "daq", key: "in/a.png", eTag: "" });
      await journal.settle([...journal.pending()][0], { attempts: 1, notBefore: Date.now() + 3_600_000 });
    },
    retryMs: 1000,
    attempts: 50,
  }));

Deno.test("POST /events understands an envelope in header fields, and shows the address that SNS wants opened", () =>
  withDaq(async (host, bucket, journal) => {
    await bucket.put("in/a.png", flatPng(10));
    const data = JSON.stringify({ bucket: "daq", name: "in/a.png" });
    const type = "google.cloud.storage.object.v1.finalized";
    const response = await post(host, "/events", data, { "ce-specversion": "1.0", "ce-type": type });
    assertEquals((await response.json()).accepted, 1);
    await settled(journal);
    assert(read(bucket, "results/in/a.png.json"));
    const question = { Type: "SubscriptionConfirmation", SubscribeURL: "https://sns.example/confirm" };
    assertEquals((await post(host, "/events", JSON.stringify(question))).status, 202);
  }));
