/**
 * Object-created notifications as S3, MinIO and versitygw send them.
 *
 * Source: AWS S3 user guide, "Event message structure"; minio/minio, internal/event/event.go. @module
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

/**
 * Reads the created objects out of a notification.
 *
 * Other kinds of event, and S3's test message, hold none.
 *
 * @throws {TypeError} If it is no notification: no `Records`, or one without bucket and key.
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
  const { Records: records, Event: test } = notification;
  if (records === undefined && typeof test === "string") return []; // "s3:TestEvent"
  if (!Array.isArray(records)) throw new TypeError(`A notification must have a list of "Records"`);
  const events: ObjectEvent[] = [];
  for (const [i, record] of records.entries()) {
    const { eventName, s3 } = isObject(record) ? record : {};
    if (typeof eventName !== "string") throw new TypeError(`Records[${i}] has no eventName`);
    if (!/^(s3:)?ObjectCreated:/.test(eventName)) continue;
    const { bucket, object } = isObject(s3) ? s3 : {};
    const name = isObject(bucket) ? bucket.name : undefined;
    const { key, eTag, etag, versionId, sequencer } = isObject(object) ? object : {};
    if (typeof name !== "string" || name === "" || typeof key !== "string" || key === "") {
      throw new TypeError(`Records[${i}] names no bucket and object`);
    }
    const tag = [eTag, etag, versionId].find((value) => typeof value === "string" && value !== "") ?? "";
    events.push({
      bucket: name,
      ...readKey(key),
      eTag: String(tag).replaceAll('"', ""),
      ...(typeof sequencer === "string" && sequencer !== "" ? { sequencer } : {}),
    });
  }
  return events;
}

/** Whether sequencer `a` comes before `b`: as hexadecimal numbers of any length. */
export function isEarlier(a: string, b: string): boolean {
  const length = Math.max(a.length, b.length);
  return a.toUpperCase().padStart(length, "0") < b.toUpperCase().padStart(length, "0");
}
