/**
 * Functions that samplers are compared on; `peers/search_optuna.py` has the same ones. All are to be made small.
 *
 * Source: Branin and Hartmann's function as in S. Surjanovic and D. Bingham, "Virtual library of simulation experiments";
 * Rosenbrock's in 8 dimensions; two of our own with conditions and with mixed kinds of parameters. @module
 */
import { defineSpace, type Params, type Space } from "../../lib/search/space.ts";

/** A problem. */
export interface Problem {
  name: string;
  space: Space;
  objective(params: Params): number;
}

const float = (low: number, high: number, log = false) => ({ low, high, log, float: true });
const named = (count: number, low: number, high: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, float(low, high)]));
const numbers = (params: Params) => Object.values(params) as number[];

const HARTMANN_A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];
const HARTMANN_C = [1, 1.2, 3, 3.2];

/** The problems. */
export const PROBLEMS: readonly Problem[] = [
  {
    name: "branin",
    space: defineSpace({ x0: float(-5, 10), x1: float(0, 15) }),
    objective(params) {
      const [x, y] = numbers(params);
      const inner = y - 5.1 / (4 * Math.PI ** 2) * x * x + 5 / Math.PI * x - 6;
      return inner ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
    },
  },
  {
    name: "hartmann6",
    space: defineSpace(named(6, 0, 1)),
    objective(params) {
      const x = numbers(params);
      return -HARTMANN_C.reduce((sum, c, i) => {
        const exponent = x.reduce((e, xj, j) => e + HARTMANN_A[i][j] * (xj - HARTMANN_P[i][j] / 1e4) ** 2, 0);
        return sum + c * Math.exp(-exponent);
      }, 0);
    },
  },
  {
    name: "rosenbrock8",
    space: defineSpace(named(8, -2.048, 2.048)),
    objective(params) {
      const x = numbers(params);
      let sum = 0;
      for (let i = 0; i + 1 < x.length; i++) sum += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2;
      return sum;
    },
  },
  {
    name: "conditional",
    space: defineSpace({
      model: ["linear", "net", "trees"],
      alpha: { ...float(1e-5, 1, true), when: { model: "linear" } },
      rate: { ...float(1e-5, 1e-1, true), when: { model: "net" } },
      layers: { low: 1, high: 3, when: { model: "net" } },
      units1: { low: 8, high: 512, log: true, when: { model: "net" } },
      units2: { low: 8, high: 512, log: true, when: { model: "net", layers: [2, 3] } },
      units3: { low: 8, high: 512, log: true, when: { model: "net", layers: [3] } },
      depth: { low: 1, high: 20, when: { model: "trees" } },
      share: { ...float(0.1, 1), when: { model: "trees" } },
    }),
    objective(p) {
      const ten = (x: unknown) => Math.log10(x as number), two = (x: unknown) => Math.log2(x as number);
      if (p.model === "linear") return 0.5 + 0.1 * (ten(p.alpha) + 2) ** 2;
      if (p.model === "trees") {
        return 0.3 + 0.005 * ((p.depth as number) - 7) ** 2 + (p.share as number - 0.6) ** 2;
      }
      const layers = p.layers as number;
      let loss = 0.1 + 0.2 * (ten(p.rate) + 3) ** 2 + 0.1 * (3 - layers) + 0.02 * (two(p.units1) - 7) ** 2;
      if (layers >= 2) loss += 0.02 * (two(p.units2) - 6) ** 2;
      if (layers >= 3) loss += 0.02 * (two(p.units3) - 5) ** 2;
      return loss;
    },
  },
  {
    name: "mixed",
    space: defineSpace({
      optimizer: ["sgd", "adam", "rmsprop", "nadam"],
      activation: ["relu", "elu", "tanh"],
      rate: float(1e-5, 1, true),
      decay: float(1e-7, 1e-1, true),
      dropout: float(0, 0.8),
      units: { low: 8, high: 1024, log: true },
      layers: { low: 1, high: 10 },
    }),
    objective(p) {
      const best: Record<string, number> = { sgd: -1, adam: -3, rmsprop: -3.5, nadam: -2.7 };
      const extra: Record<string, number> = { sgd: 0.2, adam: 0, rmsprop: 0.1, nadam: 0.05 };
      const bend: Record<string, number> = { relu: 0, elu: 0.05, tanh: 0.15 };
      const rate = Math.log10(p.rate as number) - best[p.optimizer as string];
      const decay = Math.log10(p.decay as number) + 4, units = Math.log2(p.units as number) - 8;
      return extra[p.optimizer as string] + bend[p.activation as string] + 0.15 * rate ** 2 +
        0.02 * decay ** 2 +
        (p.dropout as number - 0.3) ** 2 + 0.03 * units ** 2 + 0.02 * (p.layers as number - 4) ** 2 +
        0.1 * Math.abs(rate * units) * (p.layers as number) / 10;
    },
  },
];
