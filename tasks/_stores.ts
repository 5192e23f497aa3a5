/** Stores and buckets, reached as the environment says. @module */
import type { Experiment } from "../lib/run/experiment.ts";
import { S3Blobs, s3OptionsFrom } from "../lib/store/s3.ts";
import { openStore, type Store } from "../lib/store/store.ts";

type OpenBucket = NonNullable<Parameters<Experiment["load"]>[1]["openBucket"]>;

/** Opens a store in a folder or a bucket. */
export function openPlace(place: string, s3Endpoint?: string): Store {
  const s3 = place.startsWith("s3:") ? s3OptionsFrom(Deno.env.toObject(), s3Endpoint) : undefined;
  return openStore(place, { s3 });
}

/** Opens a bucket that data are read from, by its address, `s3://BUCKET`. */
export const openBucket: OpenBucket = (address) =>
  new S3Blobs(address.slice("s3://".length), "", s3OptionsFrom(Deno.env.toObject()));
