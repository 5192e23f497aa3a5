/** What a model says of an object of a bucket, whatever file it is. @module */
import { answersJson } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { type Batcher, OverloadError } from "../score/batcher.ts";
import { type Found, itemOf } from "../score/found.ts";
import type { Models } from "../score/models.ts";
import { packedPicture } from "../score/packed_picture.ts";
import type { Decoder } from "./context.ts";

/** What scores the objects. */
export interface EventScorer {
  models: Models;
  batcher: Batcher;
  decoder: Decoder;
}

/** What is written of one picture of an object. */
interface ScoredPicture {
  name: string;
  /** By the name of the output. */
  answers: Record<string, unknown>;
  /** What was assumed of the file, and what looks wrong in it. */
  warnings?: string[];
}

/** The object itself is at fault: another try will hardly help. */
export class ObjectFault extends Error {
  override name = "ObjectFault";
}

/** Pictures of one object that wait for a compute unit at the same time. */
const AT_ONCE = 8;
/** How long pictures of one object may wait for a compute unit. */
const SCORE_MS = 60_000;

/**
 * Makes what scores objects.
 *
 * @param model Model, and after a "/" its version or alias. @default {the only model}
 * @returns Scores an object's bytes. Throws {@linkcode ObjectFault} where the object itself is at fault.
 */
export function createObjectScorer(
  scorer: EventScorer,
  model?: string,
): (key: string, bytes: Uint8Array) => Promise<Record<string, unknown>> {
  async function score(objectKey: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
    const [name, version] = modelName().split("/");
    const lease = await scorer.models.acquire(name, version);
    try {
      const found = await examplesIn(objectKey, bytes, lease.card);
      const pictures: ScoredPicture[] = [];
      for (let i = 0; i < found.length; i += AT_ONCE) {
        const part = found.slice(i, i + AT_ONCE).map((picture) => scorePicture(lease.key, picture));
        pictures.push(...await Promise.all(part));
      }
      return { model: lease.card.name, version: lease.card.version, pictures };
    } finally {
      lease.release();
    }
  }

  async function examplesIn(key: string, bytes: Uint8Array, { inputs }: Card): Promise<Found[]> {
    const name = key.slice(key.lastIndexOf("/") + 1);
    const packed = packedPicture(bytes, { inputs, name });
    if (packed) return packed;
    let found: Found[];
    try {
      found = await scorer.decoder.decode(bytes, name, { inputs });
    } catch (error) {
      if (error instanceof OverloadError) throw error;
      throw new ObjectFault((error as Error).message);
    }
    if (found.length === 0) throw new ObjectFault(`"${name}" holds nothing to score`);
    return found;
  }

  function modelName(): string {
    if (model !== undefined) return model;
    const names = scorer.models.status().map(({ name }) => name);
    if (names.length === 1) return names[0];
    throw new Error(`Which model scores events must be said: there are ${names.join(", ") || "none yet"}`);
  }

  async function scorePicture(key: string, found: Found): Promise<ScoredPicture> {
    const item = itemOf(found);
    if ("fault" in item) throw new ObjectFault(item.fault);
    const { result } = await scorer.batcher.submit(key, item, { deadline: performance.now() + SCORE_MS });
    if ("fault" in result) {
      throw result.fault.who === "server"
        ? new Error(result.fault.message)
        : new ObjectFault(result.fault.message);
    }
    if (!("answers" in result)) throw new Error("Tensors came where a picture's answer was asked for");
    const { answers, warnings } = result;
    return { name: found.name, answers: answersJson(answers), ...(warnings.length > 0 ? { warnings } : {}) };
  }

  return score;
}
