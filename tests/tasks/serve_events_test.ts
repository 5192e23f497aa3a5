/** What the data acquisition relies on, against a real S3 server and a real server process that gets killed. */
import { join } from "@std/path";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { startScoring } from "../servers/scoring.ts";
import { freePort } from "../servers/free_port.ts";
import { type S3Server, startVersitygw } from "../servers/versitygw.ts";
import { until } from "../until.ts";
import { tinyAnswer, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { S3Blobs } from "../../lib/store/s3.ts";
import { openStore } from "../../lib/store/store.ts";

interface Written {
  source: { bucket: string; key: string; eTag: string };
  model: string;
  pictures: { answers: { energy: { value: number } } }[];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A folder with a store of the tiny model and a place for the journal. */
async function withFolder(test: (folder: string, args: string[]) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const store = openStore(join(folder, "store"));
    await store.publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    const args = ["--store", join(folder, "store"), "--workers", "1", "--journal", join(folder, "journal")];
    await test(folder, args);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = async (blobs: S3Blobs, key: string): Promise<Written | undefined> => {
  const blob = await blobs.get(key);
  return blob && JSON.parse(new TextDecoder().decode(blob.bytes));
};

/** Turns versions on, so that every write of a result can be counted. */
async function keepVersions(server: S3Server, bucket: string): Promise<() => Promise<Map<string, number>>> {
  const { ListObjectVersionsCommand, PutBucketVersioningCommand, S3Client } = await import(
    "@aws-sdk/client-s3"
  );
  const client = new S3Client({ ...server.options, region: "us-east-1", forcePathStyle: true });
  await client.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  return async () => {
    const counts = new Map<string, number>();
    let KeyMarker: string | undefined, VersionIdMarker: string | undefined;
    do {
      const page = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, KeyMarker, VersionIdMarker }),
      );
      for (const { Key = "" } of page.Versions ?? []) counts.set(Key, (counts.get(Key) ?? 0) + 1);
      ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
    } while (KeyMarker !== undefined && KeyMarker !== "");
    client.destroy();
    return counts;
  };
}

testWith(
  "versitygw",
  "serve --events scores what versitygw's own webhook tells of",
  (program) =>
    withFolder(async (_, args) => {
      const port = freePort(); // the gateway wants its receiver to be up first
      const credentials = { accessKeyId: "tester", secretAccessKey: "not-a-secret" };
      await using scoring = await startScoring([...args, "--events", "s3://daq/in/"], {
        s3: { endpoint: `http://127.0.0.1:${port}`, credentials },
      });
      await using server = await startVersitygw(program, { webhook: `${scoring.url}/events`, port });
      await server.createBucket("daq");
      const blobs = new S3Blobs("daq", "", server.options);
      for (const name of ["in/x y+ü.png", "in/a+b.png"]) {
        await blobs.put(name, flatPng(40));
        await until("the result", async () => await read(blobs, `results/${name}.json`) !== undefined);
        const written = await read(blobs, `results/${name}.json`);
        assertClose(written!.pictures[0].answers.energy.value, 4, 1e-6);
      }
      blobs.close();
    }),
);

testWith(
  "versitygw",
  "serve --events writes results, ignores other places, and buries what is no picture",
  (program) =>
    withFolder(async (_, args) => {
      await using server = await startVersitygw(program);
      await server.createBucket("daq");
      await using scoring = await startScoring(
        [...args, "--events", "s3://daq/in/", "--attempts", "2"],
        { s3: server.options },
      );
      const blobs = new S3Blobs("daq", "", server.options);
      const tags: Record<string, string> = {};
      const objects = {
        "in/run 7/a.png": flatPng(40),
        "in/notes.txt": new TextEncoder().encode("none"),
        "out/b.png": flatPng(1),
      };
      for (const [key, bytes] of Object.entries(objects)) tags[key] = await blobs.put(key, bytes);
      const Records = Object.keys(objects).map((key) => ({
        eventName: "s3:ObjectCreated:Put",
        s3: {
          bucket: { name: "daq" },
          object: { key: encodeURIComponent(key).replaceAll("%20", "+"), eTag: tags[key], sequencer: "01" },
        },
      }));
      const tell = async () => {
        const response = await fetch(`${scoring.url}/events`, {
          method: "POST",
          body: JSON.stringify({ Records }),
        });
        return [response.status, await response.json()];
      };
      assertEquals(await tell(), [202, { accepted: 2, known: 0, ignored: 1 }]);
      await until("the result", async () => await read(blobs, "results/in/run 7/a.png.json") !== undefined);
      const written = await read(blobs, "results/in/run 7/a.png.json") as Written;
      assertEquals([written.source.key, written.model], ["in/run 7/a.png", "tiny"]);
      assertClose(written.pictures[0].answers.energy.value, tinyAnswer(40).energy, 1e-6);
      await until(
        "the dead letter",
        async () => await read(blobs, "dead-letters/in/notes.txt.json") !== undefined,
      );
      const letter = await read(blobs, "dead-letters/in/notes.txt.json") as unknown as {
        reason: string;
        attempts: number;
      };
      assert(letter.reason.includes("no format that is read") && letter.attempts === 2, letter.reason);
      assertEquals(await tell(), [202, { accepted: 0, known: 2, ignored: 1 }]);
      // A letter is there before its event is noted as dead.
      await until("both counts", async () => {
        const metrics = await (await fetch(`${scoring.url}/metrics`)).text();
        return metrics.includes('events{state="done"} 1') && metrics.includes('events{state="dead"} 1');
      });
      assertEquals(await read(blobs, "results/out/b.png.json"), undefined);
      blobs.close();
    }),
);

testWith(
  "versitygw",
  "serve --watch finds objects by itself, and a new content of an old key",
  (program) =>
    withFolder(async (_, args) => {
      await using server = await startVersitygw(program);
      await server.createBucket("daq");
      const blobs = new S3Blobs("daq", "", server.options);
      await blobs.put("in/a.png", flatPng(10));
      await using _scoring = await startScoring(
        [...args, "--watch", "s3://daq/in/", "--watch-every", "0.1"],
        {
          s3: server.options,
        },
      );
      const energy = async () =>
        (await read(blobs, "results/in/a.png.json"))?.pictures[0].answers.energy.value;
      await until("the first result", async () => await energy() !== undefined);
      assertClose(await energy() as number, 1, 1e-6);
      await blobs.put("in/a.png", flatPng(20));
      await until("the second result", async () => Math.abs(await energy() as number - 2) < 1e-5);
      blobs.close();
    }),
);

testWith(
  "versitygw",
  "serve --events waits out a bucket that is down, without burying anything",
  (program) =>
    withFolder(async (_, args) => {
      const dead: { endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } } = {
        endpoint: `http://127.0.0.1:${freePort()}`,
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
      };
      const Records = [{
        eventName: "s3:ObjectCreated:Put",
        s3: { bucket: { name: "daq" }, object: { key: "in/a.png", eTag: "x", sequencer: "1" } },
      }];
      {
        await using scoring = await startScoring([...args, "--events", "s3://daq/"], { s3: dead });
        const response = await fetch(`${scoring.url}/events`, {
          method: "POST",
          body: JSON.stringify({ Records }),
        });
        assertEquals([response.status, (await response.json()).accepted], [202, 1]);
        await until("a delay", () => scoring.lines.some(({ event }) => event === "object delayed"));
        await (await fetch(`${scoring.url}/v2/health/live`)).body?.cancel(); // it waits for no bucket
      }
      await using server = await startVersitygw(program);
      await server.createBucket("daq");
      const blobs = new S3Blobs("daq", "", server.options);
      await blobs.put("in/a.png", flatPng(50));
      await using _again = await startScoring([...args, "--events", "s3://daq/"], { s3: server.options });
      await until("the result", async () => await read(blobs, "results/in/a.png.json") !== undefined);
      blobs.close();
    }),
);

testWith(
  "versitygw",
  "serve --events loses nothing and writes nothing twice, though it is killed again and again",
  (program) =>
    withFolder(async (_, args) => {
      const OBJECTS = 120, KILLS = 5;
      await using server = await startVersitygw(program);
      await server.createBucket("daq");
      await server.createBucket("scores");
      const versions = await keepVersions(server, "scores");
      const blobs = new S3Blobs("daq", "", server.options);
      const port = freePort();
      const start = () =>
        startScoring([
          ...args,
          "--events",
          "s3://daq/in/",
          "--results",
          "s3://scores/r/",
          "--dead",
          "s3://scores/dead/",
        ], {
          port,
          s3: server.options,
          ready: false,
        });
      let scoring = await start(), killing = true, told = 0;
      const random = (() => {
        let state = 42;
        return () => (state = state * 1103515245 + 12345 & 0x7fffffff) / 0x7fffffff;
      })();
      const killer = (async () => {
        for (let i = 0; i < KILLS; i++) {
          const before = told;
          await until("some load", () => told >= Math.min(before + 8, OBJECTS));
          await sleep(200 * random());
          scoring.child.kill("SIGKILL");
          await scoring.status;
          scoring = await start();
        }
        killing = false;
      })();
      /** As a notifier does: again until it is acknowledged, and now and then once more. */
      const tell = async (key: string, eTag: string) => {
        const body = JSON.stringify({
          Records: [{
            eventName: "s3:ObjectCreated:Put",
            s3: { bucket: { name: "daq" }, object: { key, eTag, sequencer: "01" } },
          }],
        });
        for (let left = random() < 0.3 ? 2 : 1; left > 0;) {
          const status = await fetch(`http://127.0.0.1:${port}/events`, { method: "POST", body }).then(
            async (response) => {
              await response.body?.cancel();
              return response.status;
            },
            () => 0,
          );
          if (status === 202) left--;
          else await sleep(20);
        }
        told++;
      };
      const senders = Array.from({ length: 4 }, async (_, sender) => {
        for (let i = sender; i < OBJECTS; i += 4) {
          const key = `in/${String(i).padStart(4, "0")}.png`;
          await tell(key, await blobs.put(key, flatPng(i % 100)));
          await sleep(10);
        }
      });
      await Promise.all([...senders, killer]);
      assertEquals(killing, false);
      await until("all results", async () => (await versions()).size >= OBJECTS);
      await sleep(500);
      const counts = await versions();
      assertEquals(
        [...counts.values()].filter((count) => count !== 1),
        [],
        "results that were written twice",
      );
      assertEquals(counts.size, OBJECTS);
      const scores = new S3Blobs("scores", "r/", server.options);
      for (let i = 0; i < OBJECTS; i += 13) {
        const written = await read(scores, `in/${String(i).padStart(4, "0")}.png.json`);
        assertClose(
          written?.pictures[0].answers.energy.value ?? NaN,
          tinyAnswer(i % 100).energy,
          1e-6,
          "",
          1,
        );
      }
      scores.close();
      blobs.close();
      await scoring[Symbol.asyncDispose]();
    }),
);
