/** A thread that simulates SuperNEMO's events, a block of a file's at a time. @module */
import { createDraws } from "../../base/random.ts";
import { createRng } from "../../base/rng.ts";
import { answerTasks } from "../../base/worker_task.ts";
import type { Block } from "../blocks.ts";
import { createColumns, type JaggedColumns } from "./columns.ts";
import { type DocumentTrack, drawDocumentTrack } from "./document.ts";
import { drawRunConditions, type RunConditions, simulateTracker } from "./event.ts";
import type { DriftLaw } from "./drift.ts";
import type { Wall } from "./geometry.ts";
import { DETECTOR_LAYOUT, DOCUMENT_LAYOUT, typesOf } from "./layout.ts";

/** Which generator: the document's, or ours. */
export type SuperNemoLaw = "document" | "detector";

/** What all blocks of a file share. */
export interface SuperNemoSetup {
  law: SuperNemoLaw;
  seed: number;
  /** Electrons an event. */
  tracks: number;
  /** Number of the file. */
  file: number;
  /** Of the detector's events. */
  drift: DriftLaw;
}

/** The columns of a block by group, and of the document's generator the tracks, as far as they are asked for. */
export interface SuperNemoBlock {
  groups: Record<string, JaggedColumns>;
  tracks: DocumentTrack[];
}

/** Tracks of a block that are handed out for the comparison with published numbers. */
const COMPARED = 256;

/** Number of the random stream of an event: no two of a seed are alike. */
function streamOf({ tracks, file }: SuperNemoSetup, event: number): number {
  return (tracks * 1000 + file) * 2 ** 32 + event;
}

function simulateDocument(block: Block, setup: SuperNemoSetup): SuperNemoBlock {
  const hits = createColumns(typesOf(DOCUMENT_LAYOUT.hit));
  const ends = createColumns(typesOf(DOCUMENT_LAYOUT.track)), compared: DocumentTrack[] = [];
  for (let event = block.first; event < block.first + block.count; event++) {
    const draws = createDraws(createRng(setup.seed, streamOf(setup, event)));
    let split = 0;
    for (let i = 0; i < setup.tracks; i++) {
      const track = drawDocumentTrack(draws);
      split += track.layer.length;
      track.layer.forEach((layer, hit) =>
        hits.add({
          wirez: track.heightMm[hit],
          radius: track.radiusMm[hit],
          grid_layer: layer,
          grid_column: track.column[hit],
        })
      );
      ends.add({
        calo_column: track.calorimeterColumn,
        calo_row: track.calorimeterRow,
        track_split: split,
        "truth/vertex_y": track.vertexY,
        "truth/vertex_z": track.vertexZ,
        "truth/slope_y": track.slopeY,
        "truth/slope_z": track.slopeZ,
      });
      if (compared.length < COMPARED) compared.push(track);
    }
    hits.endEvent();
    ends.endEvent();
  }
  return { groups: { hit: hits.finish(), track: ends.finish() }, tracks: compared };
}

const WALLS: readonly Wall[] = ["main", "x-wall", "veto"];
let kept: { seed: number; drift: DriftLaw; run: RunConditions } | undefined;

function simulateDetector(block: Block, setup: SuperNemoSetup): SuperNemoBlock {
  const { seed, drift } = setup;
  if (kept?.seed !== seed || kept.drift !== drift) {
    kept = { seed, drift, run: { ...drawRunConditions(seed), drift } };
  }
  const hits = createColumns(typesOf(DETECTOR_LAYOUT.hit));
  const modules = createColumns(typesOf(DETECTOR_LAYOUT.calo));
  const tracks = createColumns(typesOf(DETECTOR_LAYOUT.track));
  for (let at = block.first; at < block.first + block.count; at++) {
    const event = simulateTracker(setup.tracks, kept.run, createRng(setup.seed, streamOf(setup, at)));
    for (const hit of event.hits) {
      hits.add({
        wirez: hit.heightMm,
        radius: hit.radiusMm,
        grid_side: hit.side,
        grid_layer: hit.layer,
        grid_column: hit.column,
        grid_id: hit.cell,
        "truth/tracks": hit.tracks,
        "truth/radius": hit.trueRadiusMm,
      });
    }
    for (const { module, energyMeV, timeNs, tracks } of event.modules) {
      modules.add({
        calo_id: module.id,
        calo_type: WALLS.indexOf(module.wall),
        calo_side: module.side,
        calo_column: module.column,
        calo_row: module.row,
        calo_energy: energyMeV,
        calo_time: timeNs,
        "truth/calo_tracks": tracks,
      });
    }
    for (const track of event.tracks) {
      tracks.add({
        "truth/side": track.side,
        "truth/vertex_y": track.vertexY,
        "truth/vertex_z": track.vertexZ,
        "truth/slope_y": track.slopeY,
        "truth/slope_z": track.slopeZ,
        "truth/kink_layer": track.kinkLayer,
        "truth/kink_angle": track.kinkDegrees,
        "truth/energy": track.energyMeV,
        "truth/calo": track.module,
        "truth/cells": track.cells,
      });
    }
    for (const writer of [hits, modules, tracks]) writer.endEvent();
  }
  return { groups: { hit: hits.finish(), calo: modules.finish(), track: tracks.finish() }, tracks: [] };
}

answerTasks<Block, SuperNemoBlock, SuperNemoSetup>((block, setup) => {
  const result = setup.law === "document" ? simulateDocument(block, setup) : simulateDetector(block, setup);
  const transfer = Object.values(result.groups).flatMap(({ offsets, columns }) =>
    [offsets, ...Object.values(columns)].map((values) => values.buffer as ArrayBuffer)
  );
  return { result, transfer };
});
