/**
 * Object-created notifications as S3, MinIO and versitygw send them, alone or in the envelopes of EventBridge, SNS, SQS
 * and CloudEvents.
 *
 * Source: AWS S3 user guide, "Event message structure" and "Using EventBridge"; minio/minio, internal/event/event.go; SNS
 * developer guide, "HTTP/HTTPS notification JSON format"; Lambda developer guide, "Using Lambda with Amazon SQS";
 * CloudEvents 1.0.2, JSON format; Google Cloud, `google.cloud.storage.object.v1.finalized`. @module
 */
import { isObject } from "./json.ts";

/** An object that came into being. */
export interface ObjectEvent {
  bucket: string;
  /** As the object is called, not URL-encoded. */
  key: string;
  /** What it is called if the sender does not encode keys. */
  alternative?: string;
  /** The object's ETag without quotes; empty where the sender does not say. */
  eTag: string;
  /** Rises with each change of the same key; hexadecimal, of any length. */
  sequencer?: string;
}

/**
 * Keys come URL-encoded with "+" for spaces from S3 and MinIO, as they are from versitygw. A key that holds what an
 * encoder would not have left is plain; where both are possible, the plain reading is the `alternative`.
 */
function readKey(key: string): Pick<ObjectEvent, "key" | "alternative"> {
  if (/[^\x21-\x7e]|%(?![0-9A-Fa-f]{2})/.test(key)) return { key };
  try {
    const decoded = decodeURIComponent(key.replaceAll("+", " "));
    return decoded === key ? { key } : { key: decoded, alternative: key };
  } catch {
    return { key }; // encodes no UTF-8: it was sent as it is
  }
}

/** An ETag without quotes, or a version where there is none. */
function tagOf({ eTag, etag, versionId, ["version-id"]: version }: Record<string, unknown>): string {
  const tag = [eTag, etag, versionId, version].find((value) => typeof value === "string" && value !== "") ??
    "";
  return String(tag).replaceAll('"', "");
}

/** An event from its parts. @throws {TypeError} If bucket or key is none. */
function eventOf(
  bucket: unknown,
  key: unknown,
  object: Record<string, unknown>,
  where: string,
  encoded: boolean,
): ObjectEvent {
  if (typeof bucket !== "string" || bucket === "" || typeof key !== "string" || key === "") {
    throw new TypeError(`${where} names no bucket and object`);
  }
  const { sequencer } = object;
  return {
    bucket,
    ...(encoded ? readKey(key) : { key }),
    eTag: tagOf(object),
    ...(typeof sequencer === "string" && sequencer !== "" ? { sequencer } : {}),
  };
}

/** A record as S3 sends it; undefined where it is of another kind of event. */
function readRecord(record: unknown, where: string): ObjectEvent | undefined {
  const { eventName, s3 } = isObject(record) ? record : {};
  if (typeof eventName !== "string") throw new TypeError(`${where} has no eventName`);
  if (!/^(s3:)?ObjectCreated:/.test(eventName)) return undefined;
  const { bucket, object } = isObject(s3) ? s3 : {};
  const described = isObject(object) ? object : {};
  return eventOf(isObject(bucket) ? bucket.name : undefined, described.key, described, where, true);
}

/** A message within another, which is JSON as text. @throws {TypeError} */
function inner(text: unknown, where: string): Record<string, unknown> {
  let value = text;
  if (typeof text === "string") {
    try {
      value = JSON.parse(text);
    } catch {
      // refused below
    }
  }
  if (!isObject(value)) throw new TypeError(`${where} holds no notification`);
  return value;
}

/** EventBridge: keys are not encoded, and the fields have names of their own. */
function readBridge({ ["detail-type"]: type, detail }: Record<string, unknown>): ObjectEvent[] {
  if (type !== "Object Created") return [];
  const { bucket, object } = isObject(detail) ? detail : {};
  const described = isObject(object) ? object : {};
  return [eventOf(isObject(bucket) ? bucket.name : undefined, described.key, described, "detail", false)];
}

const CREATED = /ObjectCreated|object[.:-]?created|\.object\.v\d+\.finalized$/i;

/** CloudEvents: around a notification, or with bucket and object in `data`. */
function readCloudEvent(
  { type, data, data_base64: base64 }: Record<string, unknown>,
  depth: number,
): ObjectEvent[] {
  const text = typeof base64 === "string" ? new TextDecoder().decode(Uint8Array.fromBase64(base64)) : data;
  const content = inner(text, "data");
  if (isEnvelope(content)) return readAny(content, depth + 1);
  if (typeof type !== "string" || !CREATED.test(type)) return [];
  const { bucket, object, s3 } = content;
  if (isObject(s3)) {
    return [readRecord({ eventName: "ObjectCreated:", s3 }, "data")].filter((event) => event !== undefined);
  }
  const described = isObject(object) ? object : content;
  const key = described.key ?? described.name;
  return [eventOf(isObject(bucket) ? bucket.name : bucket, key, described, "data", false)];
}

function isEnvelope(value: Record<string, unknown>): boolean {
  return "Records" in value || "detail-type" in value || "specversion" in value || "Messages" in value ||
    (typeof value.Type === "string" && "Message" in value) || typeof value.Event === "string";
}

/** One of SQS's messages, or a record of S3. */
function readEntry(record: unknown, i: number, depth: number): ObjectEvent[] {
  const where = `Records[${i}]`;
  if (isObject(record) && record.eventSource === "aws:sqs") {
    return readAny(inner(record.body, where), depth + 1);
  }
  if (isObject(record) && isObject(record.Sns)) return readAny(inner(record.Sns.Message, where), depth + 1);
  const event = readRecord(record, where);
  return event ? [event] : [];
}

function readAny(notification: Record<string, unknown>, depth: number): ObjectEvent[] {
  if (depth > 4) throw new TypeError("A notification must not be within more than four others");
  const { Records: records, Messages: messages, Event: test, Type: type, Message: message } = notification;
  if (records === undefined && typeof test === "string") return []; // "s3:TestEvent"
  if ("specversion" in notification) return readCloudEvent(notification, depth);
  if ("detail-type" in notification) return readBridge(notification);
  if (type === "Notification") return readAny(inner(message, "Message"), depth + 1);
  if (type === "SubscriptionConfirmation" || type === "UnsubscribeConfirmation") return [];
  if (Array.isArray(messages)) {
    return messages.flatMap((one, i) =>
      readAny(inner(isObject(one) ? one.Body : one, `Messages[${i}]`), depth + 1)
    );
  }
  if (!Array.isArray(records)) {
    throw new TypeError(
      `A notification must have a list of "Records", or be an event of EventBridge, SNS, SQS or CloudEvents`,
    );
  }
  return records.flatMap((record, i) => readEntry(record, i, depth));
}

/**
 * Reads the created objects out of a notification, in whichever envelope it is.
 *
 * Other kinds of event, test messages, the question of SNS whether one subscribes, and folder markers hold none.
 *
 * @throws {TypeError} If it is no notification, or one without bucket and key.
 * @example
 * ```ts
 * import { readNotification } from "./notifications.ts";
 * readNotification({
 *   Records: [{
 *     eventName: "s3:ObjectCreated:Put",
 *     s3: { bucket: { name: "daq" }, object: { key: "run+7%2Fa.png", eTag: "0f", sequencer: "1A" } },
 *   }],
 * })[0].key; // "run 7/a.png"
 * ```
 */
export function readNotification(notification: Record<string, unknown>): ObjectEvent[] {
  return readAny(notification, 0).filter(({ key }) => !isFolderMarker(key));
}

/** Whether an object only stands for a folder, as consoles and Hadoop make them. */
export function isFolderMarker(key: string): boolean {
  return key.endsWith("/") || key.endsWith("_$folder$");
}

/** What SNS asks to be opened by whoever subscribes an address to a topic. */
export function subscriptionOf(
  { Type: type, SubscribeURL: url }: Record<string, unknown>,
): string | undefined {
  return type === "SubscriptionConfirmation" && typeof url === "string" ? url : undefined;
}

/**
 * Whether sequencer `a` comes before `b`: the shorter is padded with zeros on the right, then they compare as text.
 *
 * Source: AWS S3 user guide, "Event message structure". Only those of one key, and of one node of a server, compare.
 */
export function isEarlier(a: string, b: string): boolean {
  const length = Math.max(a.length, b.length);
  return a.toUpperCase().padEnd(length, "0") < b.toUpperCase().padEnd(length, "0");
}
