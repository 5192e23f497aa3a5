import { join } from "@std/path";
import { formatCard, parseCard } from "../../lib/card/card.ts";
import { sha256 } from "../../lib/base/sha256.ts";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals } from "../assert.ts";
import { exampleCard } from "../lib/card/example_card.ts";
import { testWith } from "../needs.ts";
import { freePort } from "../servers/free_port.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import { assertDone, runTask } from "../task_command.ts";

const publish = (cwd: string, args: string[], env?: Record<string, string>) =>
  runTask("publish", args, { cwd, env });

/** A folder with a finished run in `run/`, taken away afterwards. */
async function withRun(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "run"));
    const onnx = Uint8Array.of(1, 2, 3);
    await Deno.writeFile(join(folder, "run", "model.onnx"), onnx);
    const files = { "model.onnx": { bytes: 3, sha256: await sha256(onnx) } };
    await Deno.writeTextFile(
      join(folder, "run", "model.json"),
      formatCard(parseCard({ ...exampleCard(), files })),
    );
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("publish puts a run into a folder, under a name and aliases", () =>
  withRun(async (folder) => {
    const first = await publish(folder, ["run"]);
    assertDone(first);
    assert(first.out.includes("mnist version 1 is in file:"), first.out);
    const second = await publish(folder, ["run", "--alias", "champion,spare", "--json"]);
    assertEquals(second.out.split("\n").map((line) => JSON.parse(line).type), [
      "published",
      "alias",
      "alias",
    ]);
    await publish(folder, ["run", "--name", "digits"]);
    assertEquals(await openStore(join(folder, "store")).list(), [
      { name: "digits", versions: ["1"], aliases: {} },
      { name: "mnist", versions: ["1", "2"], aliases: { champion: "2", spare: "2" } },
    ]);
  }));

Deno.test("publish says in one line what is wrong, and publishes nothing", () =>
  withRun(async (folder) => {
    const cases: [string[], number, string][] = [
      [["nowhere"], 2, `Cannot publish "nowhere" as it is no finished run`],
      [[], 2, "Too few arguments"],
      [["run", "--stroe", "x"], 2, "nearest: --store"],
      [["run", "--store", "gs://bucket"], 1, "must be a folder, file:PATH or s3://BUCKET/PREFIX"],
      [["run", "--name", "../up"], 1, "with --name ../up"],
      [["run", "--store", "run/model.onnx"], 1, "a part of the path is a file"],
      [["run", "--alias", "good,a/b"], 1, 'Cannot use "a/b" as an alias'],
      [["run", "--alias", "latest"], 1, "means a version already"],
    ];
    for (const [args, code, includes] of cases) {
      const result = await publish(folder, args);
      assertEquals([result.code, result.out], [code, ""], result.err);
      assert(result.err.includes(includes) && !result.err.includes("\n"), result.err);
    }
    await Deno.writeFile(join(folder, "run", "model.onnx"), Uint8Array.of(1, 2, 4));
    const changed = await publish(folder, ["run"]);
    assertEquals(changed.code, 1);
    assert(changed.err.includes("its SHA-256 differs") && !changed.err.includes("\n"), changed.err);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["run"]);
  }));

testWith(
  "versitygw",
  "publish puts a run into a bucket, and names any trouble in one line",
  (program) =>
    withRun(async (folder) => {
      await using server = await startVersitygw(program);
      await server.createBucket("models");
      const { accessKeyId, secretAccessKey } = server.options.credentials;
      const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const args = ["run", "--store", "s3://models/a", "--s3-endpoint", server.endpoint];
      assertDone(await publish(folder, args, env));
      assertDone(await publish(folder, args.slice(0, 3), { ...env, AWS_ENDPOINT_URL: server.endpoint }));
      assertEquals(await openStore("s3://models/a", { s3: server.options }).versions("mnist"), ["1", "2"]);
      const cases: [string[], Record<string, string>, string][] = [
        [
          ["run", "--store", "s3://nobody", "--s3-endpoint", server.endpoint],
          env,
          `bucket "nobody" does not exist`,
        ],
        [args, { ...env, AWS_SECRET_ACCESS_KEY: "wrong" }, "does not accept the credentials"],
        [args, { AWS_ACCESS_KEY_ID: "a" }, "AWS_SECRET_ACCESS_KEY is not"],
        [[...args.slice(0, 4), `http://127.0.0.1:${freePort()}`], env, "refuses connections"],
      ];
      for (const [bad, environment, includes] of cases) {
        const result = await publish(folder, bad, environment);
        assertEquals([result.code, result.out], [1, ""], result.err);
        assert(result.err.includes(includes) && !result.err.includes("\n"), result.err);
      }
    }),
);
