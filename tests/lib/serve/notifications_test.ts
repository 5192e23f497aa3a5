import { assertEquals, assertThrows } from "../../assert.ts";
import { isEarlier, readNotification, subscriptionOf } from "../../../lib/serve/notifications.ts";

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

Deno.test("isEarlier() pads the shorter sequencer on the right, as S3 says", () => {
  assertEquals(isEarlier("10", "9"), true);
  assertEquals([isEarlier("A", "A0"), isEarlier("A0", "A")], [false, false]);
  assertEquals(isEarlier("0055AED6DCD90281E5", "0055AED6DCD90281E501"), true);
  assertEquals(isEarlier("1B", "1a"), false);
});

/** As the documents of each service show them. */
const ENVELOPES: Record<string, Record<string, unknown>> = {
  EventBridge: {
    version: "0",
    "detail-type": "Object Created",
    source: "aws.s3",
    detail: {
      bucket: { name: "daq" },
      object: { key: "in/a b+c.png", size: 5, etag: "0f", sequencer: "1A" },
    },
  },
  SNS: {
    Type: "Notification",
    MessageId: "1",
    Message: JSON.stringify({ Records: [record("in%2Fa+b%2Bc.png")] }),
  },
  SQS: {
    Records: [{ eventSource: "aws:sqs", body: JSON.stringify({ Records: [record("in%2Fa+b%2Bc.png")] }) }],
  },
  "SNS in SQS": {
    Records: [{
      eventSource: "aws:sqs",
      body: JSON.stringify({
        Type: "Notification",
        Message: JSON.stringify({ Records: [record("in%2Fa+b%2Bc.png")] }),
      }),
    }],
  },
  "SQS ReceiveMessage": { Messages: [{ Body: JSON.stringify({ Records: [record("in%2Fa+b%2Bc.png")] }) }] },
  CloudEvents: {
    specversion: "1.0",
    type: "com.amazonaws.s3.ObjectCreated:Put",
    data: { bucket: { name: "daq" }, object: { key: "in/a b+c.png", eTag: "0f", sequencer: "1A" } },
  },
  "CloudEvents in base64": {
    specversion: "1.0",
    type: "google.cloud.storage.object.v1.finalized",
    data_base64: btoa(JSON.stringify({ bucket: "daq", name: "in/a b+c.png", etag: "0f", sequencer: "1A" })),
  },
};

Deno.test("readNotification() finds the object in the envelope of every service", () => {
  for (const [name, envelope] of Object.entries(ENVELOPES)) {
    const [{ bucket, key, eTag, sequencer }] = readNotification(envelope);
    assertEquals([name, bucket, key, eTag, sequencer], [name, "daq", "in/a b+c.png", "0f", "1A"]);
  }
});

Deno.test("readNotification() leaves out other events in envelopes, questions of SNS, and folder markers", () => {
  const { detail } = ENVELOPES.EventBridge;
  assertEquals(readNotification({ "detail-type": "Object Deleted", detail }), []);
  assertEquals(readNotification({ specversion: "1.0", type: "x.object.deleted", data: {} }), []);
  assertEquals(readNotification({ Type: "SubscriptionConfirmation", SubscribeURL: "https://x" }), []);
  assertEquals(readNotification({ Records: [record("in/"), record("in/a_%24folder%24")] }), []);
  const deep = ENVELOPES.SNS;
  const wrap = (message: Record<string, unknown>, times: number): Record<string, unknown> =>
    times === 0 ? message : wrap({ Type: "Notification", Message: JSON.stringify(message) }, times - 1);
  assertThrows(() => readNotification(wrap(deep, 6)), TypeError, "within more than four");
  assertThrows(() => readNotification({ Type: "Notification", Message: "hello" }), TypeError, "Message");
});

Deno.test("readNotification() wants a bucket and a key that are texts, each of them", () => {
  const bad = [[undefined, "a"], ["", "a"], [7, "a"], ["daq", undefined], ["daq", ""], ["daq", 7]];
  for (const [name, key] of bad) {
    const s3 = { bucket: { name }, object: { key, eTag: "0f" } };
    const detail = { bucket: { name }, object: { key } };
    for (
      const message of [
        { Records: [{ eventName: "ObjectCreated:Put", s3 }] },
        { "detail-type": "Object Created", detail },
        { specversion: "1.0", type: "s3:ObjectCreated:Put", data: detail },
        { specversion: "1.0", type: "s3:ObjectCreated:Put", data: { s3 } },
      ]
    ) assertThrows(() => readNotification(message), TypeError);
  }
});

Deno.test("readNotification() reads S3's own words in an event of CloudEvents, their key encoded", () => {
  const { s3 } = record("in%2Fa+b.png"), type = "com.amazonaws.s3.ObjectCreated:Put";
  assertEquals(readNotification({ specversion: "1.0", type, data: { s3 } }).map(({ key }) => key), [
    "in/a b.png",
  ]);
});

/** A message in one more envelope of each service. */
const WRAPPERS: Record<string, (message: Record<string, unknown>) => Record<string, unknown>> = {
  SNS: (message) => ({ Type: "Notification", Message: JSON.stringify(message) }),
  "SNS of a function": (message) => ({ Records: [{ Sns: { Message: JSON.stringify(message) } }] }),
  SQS: (message) => ({ Records: [{ eventSource: "aws:sqs", body: JSON.stringify(message) }] }),
  ReceiveMessage: (message) => ({ Messages: [{ Body: JSON.stringify(message) }] }),
  CloudEvents: (message) => ({ specversion: "1.0", type: "any", data: message }),
};

Deno.test("readNotification() opens four envelopes within each other, of every service, and no more", () => {
  const message = { Records: [record("in%2Fa.png")] };
  for (const [name, wrap] of Object.entries(WRAPPERS)) {
    let wrapped: Record<string, unknown> = message;
    for (let depth = 1; depth <= 4; depth++) {
      wrapped = wrap(wrapped);
      assertEquals(readNotification(wrapped).map(({ key }) => key), ["in/a.png"], `${name} ${depth}`);
    }
    assertThrows(() => readNotification(wrap(wrapped)), TypeError, "within more than four");
  }
});

Deno.test("subscriptionOf() gives the address of a question, and of nothing else", () => {
  const url = "https://sns/x";
  assertEquals(subscriptionOf({ Type: "SubscriptionConfirmation", SubscribeURL: url }), url);
  assertEquals(subscriptionOf({ Type: "Notification", SubscribeURL: url }), undefined);
  assertEquals(subscriptionOf({ Type: "SubscriptionConfirmation", SubscribeURL: 7 }), undefined);
});
