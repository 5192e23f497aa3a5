import type { EcalData } from "../../../../lib/experiments/ecal/data.ts";
import { measure } from "../../../../lib/experiments/ecal/report.ts";
import { SHAPE_NAMES } from "../../../../lib/experiments/ecal/shapes.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

/** Ten photons and ten electrons; nine of the electrons and three of the photons look like electrons, `wide` in number. */
const LABELS = Array.from({ length: 20 }, (_, i) => Number(i >= 10));
const looksLikeElectron = (i: number) => i >= 11 || i < 3;

/** Shapes of a shower of energy 1.1, all the same but for one number. */
const shape = (isElectron: boolean) =>
  Float64Array.from(SHAPE_NAMES, (name) => name === "sum" ? 1.1 : name === "hits" && isElectron ? 9 : 4);

const trainLabels = Int32Array.from({ length: 200 }, (_, i) => i % 2);
const data = {
  parts: { train: { labels: trainLabels }, test: { labels: Uint8Array.from(LABELS) } },
  shapes: {
    train: Array.from(trainLabels, (label) => shape(label === 1)),
    trainLabels,
    test: LABELS.map((_, i) => shape(looksLikeElectron(i))),
  },
} as unknown as EcalData;

Deno.test("measure() has the network's rejection at 90 % of electrons beside that of trees on shapes, by hand", () => {
  // The network is sure of nine electrons and one photon, half sure of one electron, and gives the other photons 0.1.
  const own = Float32Array.from(
    LABELS,
    (label, i) => label === 1 ? (i === 10 ? 0.4 : 0.9) : i === 0 ? 0.95 : 0.1,
  );
  const { rejection90, auc, accuracy, ...others } = measure({ own, saw: "energy alone" }, data, 1);
  // Nine of ten electrons: of the network's photons one is above their 0.9, of the trees' three are with them.
  assertClose([rejection90.value, rejection90.baseline!.value], [0.9, 0.7], 1e-6);
  // Pairs in order: the network's 10 · 9 of 100; the trees' 9 · 7 with 9 · 3 and 1 · 7 alike, counted half.
  assertClose([auc.value, auc.baseline!.value], [0.9, 0.63 + (0.27 + 0.07) / 2], 1e-6);
  // Wrong at a half are one photon and one electron; the more frequent of two as frequent kinds is right in half.
  assertClose([accuracy.value, accuracy.baseline!.value], [0.9, 0.5], 1e-6);
  assertEquals(Object.keys(others), ["auc_52.5to62.5GeV"]); // 1.05 to 1.25 in the files' 50 GeV
});

Deno.test("measure() compares with the same network that saw the other, by its name", () => {
  const own = Float32Array.from(LABELS), other = Float32Array.from(LABELS, (label) => 1 - label);
  const alone = measure({ own, saw: "energy alone", other }, data, 1);
  const both = measure({ own, saw: "energy and time", other }, data, 1);
  assertEquals([alone.aucWithTime.value, alone.aucWithTime.baseline], [0, {
    name: "energy alone",
    value: 1,
  }]);
  assertEquals(both.aucEnergyAlone.baseline, { name: "energy and time", value: 1 });
  assert(!("aucEnergyAlone" in alone) && !("aucWithTime" in both));
});
