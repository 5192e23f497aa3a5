/** Background scoring of objects that arrive in a bucket. @module */
import type { Batcher } from "../score/batcher.ts";
import type { Models } from "../score/models.ts";
import type { Decoder } from "./service.ts";

/** What scores the objects. */
export interface EventScorer {
  models: Models;
  batcher: Batcher;
  decoder: Decoder;
}
