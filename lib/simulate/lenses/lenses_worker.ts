/** A thread that simulates pictures of lenses or of others, a block at a time. @module */
import { createRng } from "../../base/rng.ts";
import { answerTasks } from "../../base/worker_task.ts";
import type { Block } from "../blocks.ts";
import { type SceneTruth, simulateScene } from "./scenes.ts";

/** What all blocks share. */
export interface LensesSetup {
  seed: number;
  kind: "lens" | "other";
}

/** The pictures of a block, [count, 100, 100, 3], and what was there. */
export interface LensesBlock {
  images: Float32Array;
  truth: SceneTruth[];
}

answerTasks<Block, LensesBlock, LensesSetup>(({ first, count }, { seed, kind }) => {
  const size = 100 * 100 * 3, images = new Float32Array(count * size), truth: SceneTruth[] = [];
  for (let i = 0; i < count; i++) {
    // Lenses and others of a seed have streams of their own.
    const stream = 2 * (first + i) + (kind === "lens" ? 0 : 1);
    const scene = simulateScene(kind, createRng(seed, stream));
    images.set(scene.image, i * size);
    truth.push(scene.truth);
  }
  return { result: { images, truth }, transfer: [images.buffer] };
});
