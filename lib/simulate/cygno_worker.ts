/**
 * A thread that simulates events of a CYGNO set: gets {@linkcode SimulateRequest}, answers {@linkcode SimulateReply}.
 * Any thread may make any event, as an event's random numbers depend on the seed and its number alone. @module
 */
import { answerTasks } from "../base/worker_task.ts";
import { encodePng } from "../io/png.ts";
import { createRng } from "../base/rng.ts";
import { type RecoilKind, type RecoilTruth, simulateRecoil } from "./cygno.ts";
import type { Nucleus } from "./he_cf4.ts";

/** Asks for one event. */
export interface SimulateRequest {
  event: number;
  seed: number;
  kind: RecoilKind;
  energyKeV: number;
  nuclei: readonly Nucleus[];
}

/** One event, its picture packed. */
export interface SimulateReply {
  png: Uint8Array;
  truth: RecoilTruth;
}

answerTasks<SimulateRequest, SimulateReply>(({ event, seed, kind, energyKeV, nuclei }) => {
  const { frame, truth } = simulateRecoil(kind, energyKeV, createRng(seed, event), { nuclei, camera: seed });
  const png = encodePng(frame, { filter: "none", huffmanOnly: true }); // noise has no repeats
  return { result: { png, truth }, transfer: [png.buffer as ArrayBuffer] };
});
