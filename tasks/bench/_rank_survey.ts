/**
 * Ranks a survey, or gives its model ready tensors: asked for over standard input, so that the memory is its own.
 *
 * Usage: `_rank_survey.ts RUN FILE COUNT`. Request `{"way": "ranked" | "bare"}`: answers `{"seconds", "mebibytes"}`.
 * @module
 */
import { join } from "@std/path";
import { parseCard } from "../../lib/card/card.ts";
import type { FileArray } from "../../lib/io/file_array.ts";
import { openFile } from "../../lib/io/formats.ts";
import { rankArray } from "../../lib/score/rank.ts";
import { createScorer } from "../../lib/score/scorer.ts";
import { peakMebibytes } from "./_memory.ts";

const [run, path, countText] = Deno.args, count = Number(countText), BATCH = 128;
const card = parseCard(JSON.parse(await Deno.readTextFile(join(run, "model.json"))));
const onnx = await Deno.readFile(join(run, "model.onnx"));
const scorer = await createScorer({ card, onnx, threads: navigator.hardwareConcurrency });
const file = await openFile(path), [whole] = file.arrays;
const array: FileArray = { ...whole, shape: [count, ...whole.shape.slice(1)] };
const [{ name, shape }] = card.inputs, size = shape.reduce((a, b) => a * b, BATCH);
const tensor = {
  name,
  type: "FP32" as const,
  shape: [BATCH, ...shape],
  data: new Float32Array(size).fill(0.3),
};

for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const { way } = JSON.parse(text.trim()), start = performance.now();
  if (way === "ranked") await rankArray(scorer, array, { batch: BATCH });
  else for (let done = 0; done < count; done += BATCH) await scorer.infer([tensor]);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, mebibytes: peakMebibytes(Deno.pid) ?? 0 }));
}
