/** A thread that simulates calorimeter pictures, a block of one particle's at a time. @module */
import { createRng } from "../../base/rng.ts";
import { answerTasks } from "../../base/worker_task.ts";
import type { Block } from "../blocks.ts";
import { type EcalTruth, simulateEcal } from "./event.ts";
import type { EcalParticle } from "./tracker.ts";

/** What all blocks share. */
export interface EcalSetup {
  seed: number;
  particle: EcalParticle;
}

/** The pictures of a block, [count, 32, 32, 2], and what was there. */
export interface EcalBlock {
  images: Float32Array;
  truth: EcalTruth[];
}

answerTasks<Block, EcalBlock, EcalSetup>(({ first, count }, { seed, particle }) => {
  const size = 2 * 32 * 32, images = new Float32Array(count * size), truth: EcalTruth[] = [];
  for (let i = 0; i < count; i++) {
    // Photons and electrons of a seed have streams of their own.
    const stream = 2 * (first + i) + (particle === "electron" ? 1 : 0);
    const event = simulateEcal(particle, createRng(seed, stream));
    images.set(event.image, i * size);
    truth.push(event.truth);
  }
  return { result: { images, truth }, transfer: [images.buffer] };
});
