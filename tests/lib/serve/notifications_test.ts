import { assertEquals, assertThrows } from "../../assert.ts";
import { isEarlier, readNotification } from "../../../lib/serve/notifications.ts";

const record = (key: string, object: Record<string, unknown> = {}, eventName = "s3:ObjectCreated:Put") => ({
  eventName,
  s3: { bucket: { name: "daq" }, object: { key, eTag: "0f", sequencer: "1A", ...object } },
});

Deno.test("readNotification() reads MinIO's message, its key URL-encoded", () => {
  const message = {
    EventName: "s3:ObjectCreated:Put",
    Key: "daq/in/x y.bin",
    Records: [record("in%2Fx+y.bin")],
  };
  assertEquals(readNotification(message), [
    { bucket: "daq", key: "in/x y.bin", alternative: "in%2Fx+y.bin", eTag: "0f", sequencer: "1A" },
  ]);
});

Deno.test("readNotification() reads versitygw's keys, which are as they are", () => {
  const keyOf = (key: string) => readNotification({ Records: [record(key)] })[0];
  assertEquals(keyOf("in/x y+ü.bin").key, "in/x y+ü.bin");
  assertEquals(keyOf("100%.bin").key, "100%.bin");
  assertEquals([keyOf("a+b").key, keyOf("a+b").alternative], ["a b", "a+b"]);
});

Deno.test("readNotification() takes an ETag in quotes, a version where there is no ETag, and no sequencer", () => {
  const message = { Records: [record("a", { eTag: '"ff"', sequencer: undefined })] };
  assertEquals(readNotification(message), [{ bucket: "daq", key: "a", eTag: "ff" }]);
  const versioned = { Records: [record("a", { eTag: undefined, versionId: "v7" })] };
  assertEquals(readNotification(versioned)[0].eTag, "v7");
});

Deno.test("readNotification() leaves out removals and test messages", () => {
  assertEquals(readNotification({ Records: [record("a", {}, "s3:ObjectRemoved:Delete")] }), []);
  assertEquals(readNotification({ Event: "s3:TestEvent" }), []);
});

Deno.test("readNotification() refuses what is no notification", () => {
  assertThrows(() => readNotification({}), TypeError, "Records");
  assertThrows(() => readNotification({ Records: [7] }), TypeError, "Records[0]");
  assertThrows(
    () => readNotification({ Records: [{ eventName: "ObjectCreated:Put" }] }),
    TypeError,
    "no bucket",
  );
});

Deno.test("isEarlier() compares sequencers as hexadecimal numbers of any length", () => {
  assertEquals(isEarlier("9", "10"), true);
  assertEquals(isEarlier("0a", "A"), false);
  assertEquals(isEarlier("1B", "1a"), false);
});
