/** The data acquisition's way with MinIO: a bucket that notifies, a token, and a scoring server that gets killed. */
import { join } from "@std/path";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { startMinio } from "../servers/minio.ts";
import { startScoring } from "../servers/scoring.ts";
import { freePort } from "../servers/free_port.ts";
import { tinyAnswer, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { S3Blobs } from "../../lib/store/s3.ts";
import { openStore } from "../../lib/store/store.ts";

const OBJECTS = 60, KILLS = 3;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

testWith(
  "minio",
  "serve --events scores all that a bucket of MinIO tells of, though it is killed",
  async (program) => {
    const folder = await Deno.makeTempDir(), port = freePort(), token = "a-token-of-the-daq";
    try {
      await openStore(join(folder, "store")).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
      await Deno.writeTextFile(join(folder, "tokens"), `score ${token}\n`);
      await using server = await startMinio(program, { webhook: `http://127.0.0.1:${port}/events`, token });
      const start = () =>
        startScoring(
          [
            ["--store", join(folder, "store"), "--workers", "1", "--journal", join(folder, "journal")],
            ["--events", "s3://daq/in/", "--results", "s3://results", "--tokens", join(folder, "tokens")],
          ].flat(),
          { s3: server.options, port },
        );
      let scoring = await start();
      try {
        await server.createBucket("daq");
        await server.createBucket("results");
        await server.notify("daq", "in/", ".png");
        const daq = new S3Blobs("daq", "", server.options),
          results = new S3Blobs("results", "", server.options);
        const keys = Array.from({ length: OBJECTS }, (_, i) => `in/run 7+ü/${i}.png`);
        for (const [i, key] of keys.entries()) {
          await daq.put(key, flatPng(i));
          if (i % (OBJECTS / KILLS) === 10) {
            scoring.child.kill("SIGKILL"); // whatever it has just been told of
            await scoring.status;
            scoring = await start();
          }
        }
        await daq.put("in/notes.txt", new Uint8Array(3)); // neither of these is asked for
        await daq.put("out/1.png", flatPng(1));

        const list = async () => (await results.list("")).map(({ key }) => key).sort();
        const wanted = keys.map((key) => `${key}.json`).sort();
        for (const end = Date.now() + 120_000; (await list()).length < wanted.length && Date.now() < end;) {
          await sleep(200);
        }
        assertEquals(await list(), wanted);
        for (const [i, key] of keys.entries()) {
          const written = JSON.parse(new TextDecoder().decode((await results.get(`${key}.json`))!.bytes));
          assertEquals(written.source.key, key);
          assertClose(written.pictures[0].answers.energy.value, tinyAnswer(i).energy, 1e-5);
        }
        const refused = await fetch(`${scoring.url}/events`, { method: "POST", body: "{}" });
        await refused.body?.cancel();
        assertEquals(refused.status, 401);
        const metrics =
          await (await fetch(`${scoring.url}/metrics`, { headers: { authorization: `Bearer ${token}` } }))
            .text();
        assert(!/events\{state="dead"\} [1-9]/.test(metrics), metrics);
        daq.close();
        results.close();
      } finally {
        await scoring[Symbol.asyncDispose]();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
