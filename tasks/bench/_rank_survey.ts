/**
 * Ranks a survey, or gives its model ready tensors: asked for over standard input, so that the memory is its own.
 *
 * Usage: `_rank_survey.ts RUN FILE COUNT`. Request `{"way": "ranked" | "bare", "batch"}`, the batch of tensors where it is bare: answers
 * `{"seconds", "mebibytes"}`.
 * @module
 */
import { join } from "@std/path";
import { parseCard } from "../../lib/card/card.ts";
import type { FileArray } from "../../lib/io/file_array.ts";
import { openFile } from "../../lib/io/formats.ts";
import { rankArray } from "../../lib/score/rank.ts";
import { createScorer } from "../../lib/score/scorer.ts";
import { peakMebibytes } from "./_memory.ts";

const [run, path, countText] = Deno.args, count = Number(countText);
const card = parseCard(JSON.parse(await Deno.readTextFile(join(run, "model.json"))));
const onnx = await Deno.readFile(join(run, "model.onnx"));
const scorer = await createScorer({ card, onnx, threads: navigator.hardwareConcurrency });
const file = await openFile(path), [whole] = file.arrays;
const array: FileArray = { ...whole, shape: [count, ...whole.shape.slice(1)] };
const [{ name, shape }] = card.inputs;

/** Ready examples, as many as a batch has. */
function tensorOf(batch: number) {
  const data = new Float32Array(shape.reduce((a, b) => a * b, batch)).fill(0.3);
  return { name, type: "FP32" as const, shape: [batch, ...shape], data };
}

for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const { way, batch = 128 } = JSON.parse(text.trim()), tensor = tensorOf(batch), start = performance.now();
  if (way === "ranked") await rankArray(scorer, array);
  else for (let done = 0; done < count; done += batch) await scorer.infer([tensor]);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, mebibytes: peakMebibytes(Deno.pid) ?? 0 }));
}
