/** The store on MinIO, which the course uses; the short tests have versitygw. @module */
import { BlobsError, ConflictError } from "../../lib/store/blobs.ts";
import { S3Blobs } from "../../lib/store/s3.ts";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { exampleCard } from "../lib/store/example_card.ts";
import { assertStoreKeepsItsPromises } from "../lib/store/promises.ts";
import { testWith } from "../needs.ts";
import { startFaultProxy } from "../servers/fault_proxy.ts";
import { startMinio } from "../servers/minio.ts";

testWith("minio", "Store keeps its promises on MinIO, also through a bad line", async (program) => {
  await using server = await startMinio(program);
  await server.createBucket("models");
  await using proxy = startFaultProxy(server.endpoint);
  const options = { ...server.options, endpoint: proxy.endpoint, retryDelayMs: 5, partBytes: 5 << 20 };
  const store = openStore("s3://models/clean", { s3: options });
  await assertStoreKeepsItsPromises(store);

  // Every third request is lost before, in the middle of, or after its work.
  const faults = [
    { kind: "cut request", after: 300 },
    { kind: "status", status: 503 },
    { kind: "cut answer", after: 0 },
    { kind: "cut answer", after: 200 },
  ] as const;
  proxy.choose = (_method, _path, count) => count % 3 === 0 ? faults[count / 3 % faults.length] : undefined;
  const rough = openStore("s3://models/rough", { s3: { ...options, attempts: 6 } });
  const data = new Uint8Array((11 << 20) + 5).map((_, i) => i * 31);
  for (const expected of ["1", "2", "3"]) {
    const version = await rough.publish(new Map([["model.onnx", data]]), exampleCard());
    assert(Number(version) >= Number(expected));
    assertEquals((await rough.fetch("mnist")).files.get("model.onnx"), data);
  }
  assertEquals((await rough.versions("mnist")).length, 3);
  proxy.choose = () => undefined;

  const blobs = new S3Blobs("models", "", options);
  const tag = await blobs.put("x", Uint8Array.of(1), { ifNoneMatch: true });
  await assertRejects(() => blobs.put("x", Uint8Array.of(2), { ifNoneMatch: true }), ConflictError);
  await blobs.put("x", Uint8Array.of(2), { ifMatch: tag });
  await assertRejects(() => blobs.put("x", Uint8Array.of(3), { ifMatch: tag }), ConflictError);
  const nobody = new S3Blobs("nobody", "", options);
  await assertRejects(() => nobody.list(""), BlobsError, `bucket "nobody" does not exist`);
  const wrong = { ...options, credentials: { accessKeyId: "tester", secretAccessKey: "wrong" } };
  const stranger = new S3Blobs("models", "", wrong);
  await assertRejects(() => stranger.list(""), BlobsError, "does not accept the credentials");
  for (const open of [store, rough, blobs, nobody, stranger]) open.close();
});
