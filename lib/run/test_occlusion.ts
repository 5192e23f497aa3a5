/** What mattered for a model's answers on test examples, asked of the exported model as a server would run it. @module */
import type { Card } from "../card/mod.ts";
import { kindOf } from "../card/outputs/registry.ts";
import { type Occlusion, occlusionMap } from "../score/occlusion.ts";
import { openSession } from "../score/session.ts";
import { prepareRaw } from "./check_serving.ts";
import type { Data } from "./experiment.ts";

/** Places along the longer side of a picture that are covered one after the other. */
const PLACES = 14;

/** What is needed to ask. */
interface Asked {
  card: Card;
  /** The bytes of model.onnx. */
  onnx: Uint8Array;
  data: Data;
  /** Of ONNX Runtime: no more than the training had. @default {1} */
  threads?: number;
}

/** Whether covering a place means something: one picture in, and an answer that stands on one number. */
function canAsk({ card, data }: Asked): boolean {
  const [input, ...others] = card.inputs;
  return data.raw !== undefined && others.length === 0 && input.shape.length === 3 &&
    card.outputs.some((output) => kindOf(output).focus);
}

/**
 * Covers one place after the other of some test examples and sees how the answer changes.
 *
 * @param rows Numbers of the test examples.
 * @returns A map for each of them, in their order; none where the model takes no single picture, its answer does not stand
 * on one number, or the examples are not there as they were before preprocessing.
 */
export async function occlusionOfTest(asked: Asked, rows: readonly number[]): Promise<Occlusion[]> {
  if (rows.length === 0 || !canAsk(asked)) return [];
  const { card, onnx, data, threads } = asked;
  const session = await openSession(onnx, { threads });
  try {
    const maps: Occlusion[] = [];
    for (const example of await data.raw!(rows)) {
      const view = prepareRaw(card, 0, example[card.inputs[0].name] ?? Object.values(example)[0]);
      maps.push(
        await occlusionMap(card, view, (input) => session.run([input]), { places: PLACES, batch: 64 }),
      );
    }
    return maps;
  } finally {
    await session.close();
  }
}
