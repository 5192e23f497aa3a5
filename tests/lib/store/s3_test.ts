import { join } from "@std/path";
import { createRng } from "../../../lib/base/rng.ts";
import { BlobsError, ConflictError, RefusedKeyError } from "../../../lib/store/blobs.ts";
import { S3Blobs, type S3Options, s3OptionsFrom } from "../../../lib/store/s3.ts";
import { IntegrityError, openStore } from "../../../lib/store/store.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { type Chooser, type FaultProxy, startFaultProxy } from "../../servers/fault_proxy.ts";
import { freePort } from "../../servers/free_port.ts";
import { type S3Server, startVersitygw } from "../../servers/versitygw.ts";
import { exampleCard } from "../card/example_card.ts";
import { assertStoreKeepsItsPromises } from "./promises.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const rng = createRng(3);
const random = (length: number) => Uint8Array.from({ length }, () => 256 * rng());

Deno.test("s3OptionsFrom() reads the usual variables, and refuses half a key pair or a bare host", () => {
  const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  assertEquals(
    s3OptionsFrom({ ...keys, AWS_DEFAULT_REGION: "eu-south-1", AWS_ENDPOINT_URL: "http://h:9000" }),
    {
      endpoint: "http://h:9000",
      region: "eu-south-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: undefined },
    },
  );
  assertEquals(s3OptionsFrom({ AWS_ENDPOINT_URL_S3: "http://h:1" }, "https://h:2").endpoint, "https://h:2");
  assertThrows(() => s3OptionsFrom({ AWS_ACCESS_KEY_ID: "a" }), TypeError, "AWS_SECRET_ACCESS_KEY is not");
  assertThrows(() => s3OptionsFrom(keys, "127.0.0.1:9000"), TypeError, "must start with http:// or https://");
});

/** A test on a bucket called "models" behind a proxy that can fail, quick to give up. */
function testOnS3(
  name: string,
  use: (s3: { server: S3Server; proxy: FaultProxy; options: S3Options; blobs: S3Blobs }) => Promise<void>,
): void {
  testWith("versitygw", name, async (program) => {
    await using server = await startVersitygw(program);
    await server.createBucket("models");
    await using proxy = startFaultProxy(server.endpoint);
    const options = { ...server.options, endpoint: proxy.endpoint, retryDelayMs: 5, timeoutMs: 60_000 };
    const blobs = new S3Blobs("models", "at/cygno", options);
    try {
      await use({ server, proxy, options, blobs });
    } finally {
      blobs.close();
    }
  });
}

/** Fails the first `times` requests that match. */
function first(times: number, pattern: RegExp, fault: ReturnType<Chooser>): Chooser {
  return (method, path) => pattern.test(`${method} ${path}`) && times-- > 0 ? fault : undefined;
}

testOnS3("Store keeps its promises in a bucket", async ({ options }) => {
  const store = openStore("s3://models/some/prefix/", { s3: options });
  assertEquals(store.location, "s3://models/some/prefix");
  await assertStoreKeepsItsPromises(store);
  store.close();
});

testOnS3("S3Blobs writes, reads, lists by pages and deletes", async ({ server, options, blobs }) => {
  assertEquals(await blobs.get("a/x"), undefined);
  const data = random(300_000);
  const tag = await blobs.put("a/x y+ü%.bin", data);
  assertEquals(await blobs.get("a/x y+ü%.bin"), { bytes: data, tag });
  assertEquals(await Deno.readFile(join(server.folder, "models", "at", "cygno", "a", "x y+ü%.bin")), data);
  await blobs.put("a/empty", bytes(""));
  assertEquals((await blobs.get("a/empty"))!.bytes.length, 0);
  const listed = await blobs.list("a/");
  assertEquals(listed.map((entry) => [entry.key, entry.bytes]), [["a/empty", 0], ["a/x y+ü%.bin", 300_000]]);
  assertEquals(listed[1].tag, tag);
  await blobs.delete("a/empty");
  await blobs.delete("a/empty");
  assertEquals((await new S3Blobs("models", "", options).list("")).map(({ key }) => key), [
    "at/cygno/a/x y+ü%.bin",
  ]);
  await Deno.mkdir(join(server.folder, "models", "many"));
  for (let i = 0; i < 1203; i++) {
    await Deno.writeFile(join(server.folder, "models", "many", `${i}`), new Uint8Array());
  }
  assertEquals((await new S3Blobs("models", "many", options).list("")).length, 1203);
});

testOnS3("S3Blobs sends a large blob in parts, and mends a part that was cut", async ({ proxy, options }) => {
  const blobs = new S3Blobs("models", "", { ...options, partBytes: 5 << 20 });
  const data = random((11 << 20) + 17);
  proxy.choose = first(1, /^PUT .*partNumber=2/, { kind: "cut request", after: 1 << 20 });
  await blobs.put("large", data);
  assertEquals(proxy.requests.filter((line) => line.includes("partNumber=2")).length, 2);
  const { bytes } = (await blobs.get("large"))!;
  assert(bytes.length === data.length && bytes.every((byte, i) => byte === data[i]));

  // A failed one leaves neither an object nor parts behind.
  proxy.choose = first(99, /^PUT .*partNumber=3/, { kind: "status", status: 503 });
  await assertRejects(() => blobs.put("other", data), BlobsError, "answered 503");
  assert(proxy.requests.at(-1)!.startsWith("DELETE /models/other?"), proxy.requests.at(-1));
  assertEquals(await blobs.get("other"), undefined);
  blobs.close();
});

testOnS3(
  "S3Blobs goes on where a download was cut, and gives up in one clear line",
  async ({ proxy, blobs }) => {
    const data = random(3_000_000);
    await blobs.put("x", data);
    proxy.requests.length = 0;
    proxy.choose = first(2, /^GET/, { kind: "cut answer", after: 1_200_000 });
    const { bytes } = (await blobs.get("x"))!;
    assert(bytes.every((byte, i) => byte === data[i]));
    assertEquals(proxy.requests.length, 3);

    proxy.choose = first(99, /^GET/, { kind: "cut answer", after: 50_000 });
    const { message } = await assertRejects(() => blobs.get("x"), BlobsError, "was cut off after ");
    assert(
      /^Cannot read s3:\/\/models\/at\/cygno\/x: the connection was cut off after \d+ of 3000000 bytes$/.test(
        message,
      ),
    );
  },
);

testOnS3(
  "S3Blobs.read() refuses to mend a download when the object has changed",
  async ({ proxy, blobs }) => {
    await blobs.put("x", random(3_000_000));
    proxy.choose = first(1, /^GET/, { kind: "cut answer", after: 1_000_000 });
    const { chunks } = (await blobs.read("x"))!;
    await chunks.next();
    await blobs.put("x", random(3_000_000));
    const rest = async () => {
      for await (const _ of chunks);
    };
    await assertRejects(rest, BlobsError, "it changed while being read");
  },
);

testOnS3("S3Blobs tries again after 503, a cut, silence", async ({ proxy, options }) => {
  const blobs = new S3Blobs("models", "", options);
  for (
    const fault of [
      { kind: "status", status: 503 },
      { kind: "status", status: 429 },
      { kind: "cut request", after: 100 },
      { kind: "cut answer", after: 10 },
    ] as const
  ) {
    proxy.choose = first(1, /^PUT/, fault);
    await blobs.put("x", bytes(fault.kind));
    proxy.choose = first(1, /^GET/, fault);
    assertEquals(new TextDecoder().decode((await blobs.get("x"))!.bytes), fault.kind);
    proxy.choose = first(1, /^GET/, fault);
    assertEquals((await blobs.list("")).length, 1);
    proxy.choose = first(1, /^DELETE/, fault);
    await blobs.delete("x");
  }
  blobs.close();
  const waiting = new S3Blobs("models", "", { ...options, timeoutMs: 3000 });
  await waiting.put("x", bytes("there"));
  proxy.choose = first(1, /^GET/, { kind: "silence" });
  assertEquals(new TextDecoder().decode((await waiting.get("x"))!.bytes), "there");
  waiting.close();
});

testOnS3(
  "S3Blobs knows its own conditional write again when the answer was lost",
  async ({ proxy, blobs }) => {
    proxy.choose = first(1, /^PUT/, { kind: "cut answer", after: 0 });
    const tag = await blobs.put("x", bytes("mine"), { ifNoneMatch: true });
    proxy.choose = first(1, /^PUT/, { kind: "cut answer", after: 0 });
    const next = await blobs.put("x", bytes("mine too"), { ifMatch: tag });
    assert(next !== tag);
    await assertRejects(() => blobs.put("x", bytes("late"), { ifMatch: tag }), ConflictError);
    await assertRejects(() => blobs.put("x", bytes("late"), { ifNoneMatch: true }), ConflictError);
    await assertRejects(() => blobs.put("never", bytes("late"), { ifMatch: tag }), ConflictError);
  },
);

testOnS3("S3Blobs says in one line what is wrong with a bucket", async ({ server, proxy, options }) => {
  const { endpoint } = proxy;
  const impatient = { ...options, attempts: 2, timeoutMs: 300 };
  const refused = `http://127.0.0.1:${freePort()}`;
  const cases: [S3Blobs, string][] = [
    [new S3Blobs("nobody", "", options), `bucket "nobody" does not exist at ${endpoint}`],
    [
      new S3Blobs("models", "", {
        ...options,
        credentials: { accessKeyId: "tester", secretAccessKey: "wrong" },
      }),
      `${endpoint} does not accept the credentials (SignatureDoesNotMatch)`,
    ],
    [new S3Blobs("models", "", { ...options, credentials: undefined }), "access denied by"],
    [new S3Blobs("models", "", { ...options, endpoint: refused }), `${refused} refuses connections`],
    [
      new S3Blobs("models", "", { ...options, attempts: 1, endpoint: "http://no-such-host.invalid" }),
      "http://no-such-host.invalid ",
    ],
  ];
  for (const [blobs, why] of cases) {
    for (
      const call of [
        () => blobs.list(""),
        () => blobs.put("x", bytes("x")),
        () => blobs.put("x", bytes("x"), { ifNoneMatch: true }),
        () => blobs.get("x"),
        () => blobs.delete("x"),
      ]
    ) {
      const { message } = await assertRejects(call, BlobsError, why);
      assert(message.startsWith("Cannot ") && !message.includes("\n"), message);
    }
    blobs.close();
  }
  const blobs = new S3Blobs("models", "", impatient);
  proxy.choose = () => ({ kind: "silence" });
  await assertRejects(() => blobs.list(""), BlobsError, "was silent for 0.3 s");
  proxy.choose = () => ({ kind: "status", status: 500 });
  await assertRejects(() => blobs.list(""), BlobsError, "answered 500");
  proxy.choose = () => ({ kind: "cut request", after: 10 });
  await assertRejects(() => blobs.list(""), BlobsError, "was cut off");
  blobs.close();
  assertEquals([...Deno.readDirSync(join(server.folder, "models"))], []);
});

testOnS3("Store.publish() interrupted at any request shows nothing, and the next try works", async (s3) => {
  const { proxy, options } = s3;
  const files = new Map([["model.onnx", random(100_000)], ["model.keras", random(1000)]]);
  const store = openStore("s3://models", { s3: { ...options, attempts: 2 } });
  for (
    const [i, name] of ["claim.json", "model.onnx", "model.keras", "model.json", "manifest.json"].entries()
  ) {
    for (const fault of [{ kind: "cut request", after: 500 }, { kind: "status", status: 503 }] as const) {
      // From that request on the line is dead, so that nothing can be tidied up either.
      let dead = false;
      proxy.choose = (method, path) => {
        dead ||= method === "PUT" && path.includes(name);
        return dead ? fault : undefined;
      };
      await assertRejects(
        () => store.publish(files, exampleCard()),
        BlobsError,
        "Cannot write s3://models/mnist/",
      );
      proxy.choose = () => undefined;
      assertEquals(await store.list(), [], `${i} ${name} ${fault.kind}`);
    }
  }
  const version = await store.publish(files, exampleCard());
  assertEquals(await store.versions("mnist"), [version]);
  assertEquals((await store.fetch("mnist")).files.get("model.onnx"), files.get("model.onnx"));
  store.close();
});

testOnS3("Store.fetch() notices a file that was changed in the bucket", async ({ server, options }) => {
  const store = openStore("s3://models", { s3: options });
  await store.publish(new Map([["model.onnx", Uint8Array.of(1, 2, 3)]]), exampleCard());
  await Deno.writeFile(join(server.folder, "models", "mnist", "1", "model.onnx"), Uint8Array.of(1, 2, 4));
  await assertRejects(() => store.fetch("mnist"), IntegrityError, `file "model.onnx" must have 3 bytes`);
  store.close();
});

testOnS3("Store works through a line that loses every third request", async ({ proxy, options }) => {
  const faults = [
    { kind: "cut request", after: 300 },
    { kind: "status", status: 503 },
    { kind: "cut answer", after: 0 },
    { kind: "cut answer", after: 200 },
  ] as const;
  proxy.choose = (_method, _path, count) => count % 3 === 0 ? faults[count / 3 % faults.length] : undefined;
  const store = openStore("s3://models", { s3: { ...options, attempts: 6, partBytes: 5 << 20 } });
  const data = random((5 << 20) + 5);
  for (let i = 0; i < 3; i++) {
    const version = await store.publish(new Map([["model.onnx", data]]), exampleCard());
    assertEquals(await store.setAlias("mnist", "champion", version), version);
    const found = (await store.fetch("mnist", "champion")).files.get("model.onnx")!;
    assert(found.length === data.length && found.every((byte, at) => byte === data[at]));
  }
  assertEquals((await store.versions("mnist")).length, 3);
  assertEquals((await store.aliasHistory("mnist")).length, 3);
  store.close();
});

testOnS3(
  "S3Blobs tells a key that no object can have from a bucket that is in trouble",
  async ({ blobs }) => {
    await assertRejects(() => blobs.put("x".repeat(1100), bytes("a")), RefusedKeyError, "KeyTooLong");
  },
);

testOnS3(
  "S3Blobs.ranges() reads parts of an object, and says where it has changed since",
  async ({ blobs }) => {
    const data = random(5000);
    await blobs.put("a.h5", data);
    const object = (await blobs.ranges("a.h5"))!;
    assertEquals([object.name, object.size], ["s3://models/at/cygno/a.h5", 5000]);
    for (const [offset, length] of [[0, 1], [1234, 2048], [4096, 904]]) {
      assertEquals(await object.readRange(offset, length), data.slice(offset, offset + length));
    }
    assertEquals(await blobs.ranges("b.h5"), undefined);
    await blobs.put("a.h5", random(5000));
    await assertRejects(() => object.readRange(0, 1), BlobsError, "it changed while being read");
  },
);
