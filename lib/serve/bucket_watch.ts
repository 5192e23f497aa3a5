/** Looks through places in buckets again and again, for servers that do not notify. @module */
import type { Blobs } from "../store/blobs.ts";
import { isFolderMarker, type ObjectEvent } from "./notifications.ts";
import { bare, type Place } from "./object_results.ts";

/** What {@linkcode watchBuckets} needs. */
export interface WatchOptions {
  places: readonly Place[];
  everyMs: number;
  /** Access to a bucket. */
  open: (bucket: string) => Blobs;
  /** Takes every object that is there as an event; what is known already it knows by its ETag. */
  take: (events: readonly ObjectEvent[], place: Place) => Promise<void>;
  onError: (place: Place, error: unknown) => void;
}

/** Starts looking; gives what ends it. */
export function watchBuckets({ places, everyMs, open, take, onError }: WatchOptions): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined, stopped = places.length === 0;

  async function lookAt(place: Place): Promise<void> {
    const events: ObjectEvent[] = [];
    for (const { key, tag } of await open(place.bucket).list(place.prefix)) {
      if (tag !== undefined && !isFolderMarker(key)) {
        events.push({ bucket: place.bucket, key, eTag: bare(tag) });
      }
    }
    await take(events, place);
  }

  async function look(): Promise<void> {
    for (const place of places) await lookAt(place).catch((error) => onError(place, error));
    if (!stopped) timer = setTimeout(look, everyMs);
  }

  if (!stopped) timer = setTimeout(look, 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
