/** Files of a bucket that are read in parts, wherever a user may name a file. @module */
import type { ByteSource } from "../io/byte_source.ts";
import { objectSource } from "../io/object_source.ts";
import type { LoadContext } from "./experiment.ts";

/** Whether a place is in a bucket. */
export const isInBucket = (place: string): boolean => /^s3:/i.test(place);

/**
 * The objects of a bucket below a prefix as files that are read by ranges, by their keys.
 *
 * @param place `s3://BUCKET/PREFIX`; a whole key names one object.
 * @param ending What keys of such files end with.
 * @param format What they are called in messages.
 * @throws {TypeError} If the place is no such address, or the task has no access to buckets.
 * @throws {RangeError} If no object fits.
 */
export async function bucketSources(
  place: string,
  { openBucket }: Pick<LoadContext, "openBucket">,
  ending: RegExp,
  format: string,
): Promise<ByteSource[]> {
  const [, location, prefix = ""] = /^(s3:\/\/[^/]+)\/?(.*)$/i.exec(place) ?? [];
  if (!location || !openBucket) {
    throw new TypeError(`Cannot open "${place}": expected s3://BUCKET/PREFIX, and access to buckets`);
  }
  const bucket = await openBucket(location), sources: ByteSource[] = [];
  for (const { key } of await bucket.list(prefix)) {
    const object = ending.test(key) ? await bucket.ranges?.(key) : undefined;
    if (object) sources.push(objectSource(object));
  }
  if (sources.length > 0) return sources;
  throw new RangeError(`Cannot train on "${place}" as it has no ${format} file that is read in parts`);
}
