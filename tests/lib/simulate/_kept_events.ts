/**
 * A few events of every simulator by their seeds, in figures that a change of any law or constant moves.
 *
 * `kept_events.jsonl` keeps what they were when the simulator was last held against what is published of the
 * experiment (the tests beside this file). A seed gives the same events in every version, unless somebody means
 * otherwise; run as a program, this file then writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/simulate/_kept_events.ts
 * ```
 * @module
 */
import { createDraws } from "../../../lib/base/random.ts";
import { createRng } from "../../../lib/base/rng.ts";
import {
  compareDocumentTracks,
  compareLenses,
  createEcalStatistics,
  drawDocumentTrack,
  drawRunConditions,
  measureBands,
  OTHER_SHARES,
  type SceneKind,
  simulateEcal,
  simulateRecoil,
  simulateScene,
  simulateTracker,
} from "../../../lib/simulate/mod.ts";
import {
  electronicStopping,
  electronStopping,
  nuclearStopping,
  quenching,
} from "../../../lib/simulate/he_cf4.ts";
import { driftRadius, driftTime } from "../../../lib/simulate/supernemo/drift.ts";
import { OPTICAL_MODULES } from "../../../lib/simulate/supernemo/geometry.ts";
import { writeKept } from "../../kept.ts";

const scenes: SceneKind[] = ["lens", ...OTHER_SHARES.map(([kind]) => kind)];
const steps = [0.5, 1, 2, 5, 10, 30, 60];

/** The events by name. */
export const EVENTS: Record<string, () => unknown> = {
  stopping: () => ({
    electron: steps.map(electronStopping),
    ...Object.fromEntries(
      (["He", "C", "F"] as const).map((nucleus) => [
        nucleus,
        [electronicStopping, nuclearStopping, quenching].map((law) => steps.map((keV) => law(nucleus, keV))),
      ]),
    ),
  }),
  drift: () => [steps.map((us) => driftRadius(us / 6)), steps.map((mm) => driftTime(mm / 3))],
  modules: () => OPTICAL_MODULES,
  conditions: () => drawRunConditions(1),
  documentTracks: () => Array.from({ length: 20 }, (_, i) => drawDocumentTrack(createDraws(createRng(1, i)))),
};
/** Pictures of both particles, as a set would hold them. */
function ecalFigures(): unknown {
  const statistics = createEcalStatistics();
  for (const particle of ["photon", "electron"] as const) {
    for (let i = 0; i < 20; i++) statistics.add(simulateEcal(particle, createRng(2, i)).image, particle);
  }
  return statistics.compare();
}
EVENTS["figures of calorimeter pictures"] = ecalFigures;
EVENTS["figures of document tracks"] = () =>
  compareDocumentTracks(
    Array.from({ length: 200 }, (_, i) => drawDocumentTrack(createDraws(createRng(2, i)))),
  );
EVENTS["figures of lenses"] = () => {
  const images = Array.from({ length: 4 }, (_, i) => simulateScene("lens", createRng(2, i)).image);
  const all = Float32Array.from(images.flatMap((image) => [...image]));
  return [measureBands(all), compareLenses(all)];
};
for (const kind of ["NR", "ER"] as const) {
  for (const keV of [1, 6, 30]) {
    EVENTS[`${kind} of ${keV} keV`] = () => simulateRecoil(kind, keV, createRng(1, keV));
  }
  EVENTS[`${kind} at 100 mm`] = () => simulateRecoil(kind, 12, createRng(2), { driftMm: 100 });
}
for (const particle of ["photon", "electron"] as const) {
  for (let i = 0; i < 6; i++) EVENTS[`${particle} ${i}`] = () => simulateEcal(particle, createRng(1, i));
}
for (const tracks of [1, 2, 4]) {
  EVENTS[`${tracks} tracks`] = () => simulateTracker(tracks, drawRunConditions(1), createRng(1, tracks));
}
for (const kind of scenes) {
  for (let i = 0; i < 2; i++) EVENTS[`${kind} ${i}`] = () => simulateScene(kind, createRng(1, i));
}

/** Every number of an event by its path; of long rows of numbers their sum, sum of squares and mean index. */
export function figuresOf(value: unknown, path = ""): Record<string, number | string> {
  if (typeof value === "boolean" || value === null || value === undefined) return { [path]: String(value) };
  if (typeof value === "number") return { [path]: Number.isFinite(value) ? value : String(value) };
  if (typeof value === "string") return { [path]: value };
  const items = value instanceof Set
    ? [...value]
    : ArrayBuffer.isView(value)
    ? Array.from(value as Uint8Array)
    : value;
  if (Array.isArray(items) && items.length > 8) return summed(items, path);
  return Object.assign(
    {},
    ...Object.entries(items as object).map(([key, one]) => figuresOf(one, `${path}.${key}`)),
  );
}

function summed(items: readonly unknown[], path: string): Record<string, number | string> {
  if (items.every((item) => typeof item === "number")) {
    let finite = 0, sum = 0, squares = 0, places = 0;
    items.forEach((item, i) => {
      if (!Number.isFinite(item)) return;
      finite++;
      sum += item;
      squares += item * item;
      places += item * i;
    });
    const figures = { length: items.length, finite, sum, squares, place: places / (sum || 1) };
    return Object.fromEntries(Object.entries(figures).map(([key, figure]) => [`${path}.${key}`, figure]));
  }
  // Rows of objects: column by column.
  const columns = new Map<string, (number | string)[]>();
  for (const item of items) {
    for (const [key, one] of Object.entries(figuresOf(item))) {
      columns.set(key, [...columns.get(key) ?? [], one]);
    }
  }
  return Object.assign(
    {},
    ...[...columns].map(([key, column]) =>
      column.every((one) => typeof one === "number")
        ? summed(column, `${path}[]${key}`)
        : { [`${path}[]${key}`]: column.join(" ") }
    ),
  );
}

/** Where they are kept: a line an event. */
export const KEPT = new URL("kept_events.jsonl", import.meta.url);

if (import.meta.main) {
  await writeKept(KEPT, Object.entries(EVENTS).map(([name, make]) => ({ name, figures: figuresOf(make()) })));
}
