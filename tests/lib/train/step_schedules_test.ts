import {
  cosineDecay,
  cosineRestarts,
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstant,
  polynomialDecay,
  type Schedule,
} from "../../../lib/train/mod.ts";
import { assertClose, assertThrows } from "../../assert.ts";

// Printed by Keras 3.15:
//   s = keras.optimizers.schedules
//   print([float(s.ExponentialDecay(0.1, 3, 0.5)(step)) for step in range(7)]) # and so on
const KERAS: [string, Schedule, number[]][] = [
  [
    "ExponentialDecay(0.1, 3, 0.5)",
    exponentialDecay(0.1, { steps: 3, decay: 0.5 }),
    [0.1, 0.0793701, 0.0629961, 0.05, 0.039685, 0.031498, 0.025],
  ],
  [
    "ExponentialDecay(0.1, 3, 0.5, staircase=True)",
    exponentialDecay(0.1, { steps: 3, decay: 0.5, staircase: true }),
    [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025],
  ],
  [
    "InverseTimeDecay(0.1, 3, 0.5)",
    inverseTimeDecay(0.1, { steps: 3, decay: 0.5 }),
    [0.1, 0.0857143, 0.075, 0.0666667, 0.06, 0.0545455, 0.05],
  ],
  [
    "PolynomialDecay(0.1, 3, 0.01, power=2.0)",
    polynomialDecay(0.1, { steps: 3, end: 0.01, power: 2 }),
    [0.1, 0.05, 0.02, 0.01, 0.01, 0.01, 0.01],
  ],
  [
    "PolynomialDecay(0.1, 3, 0.01, power=2.0, cycle=True)",
    polynomialDecay(0.1, { steps: 3, end: 0.01, power: 2, cycle: true }),
    [0.1, 0.05, 0.02, 0.01, 0.02, 0.0125, 0.01],
  ],
  [
    "PiecewiseConstantDecay([1, 4], [0.1, 0.05, 0.01])",
    piecewiseConstant([1, 4], [0.1, 0.05, 0.01]),
    [0.1, 0.1, 0.05, 0.05, 0.05, 0.01, 0.01],
  ],
  [
    "CosineDecay(0.1, 4, alpha=0.1)",
    cosineDecay(0.1, { steps: 4, end: 0.1 }),
    [0.1, 0.0868198, 0.055, 0.0231802, 0.01, 0.01, 0.01],
  ],
  [
    "CosineDecay(0.1, 4, alpha=0.1, warmup_target=0.3, warmup_steps=2)",
    cosineDecay(0.1, { steps: 4, end: 0.1, peak: 0.3, warmUp: 2 }),
    [0.1, 0.2, 0.3, 0.2604595, 0.165, 0.0695406, 0.03],
  ],
  [
    "CosineDecayRestarts(0.1, 2, t_mul=1.5, m_mul=0.8)",
    cosineRestarts(0.1, { steps: 2, longer: 1.5, lower: 0.8 }),
    [0.1, 0.05, 0.08, 0.06, 0.02, 0.064, 0.0565134],
  ],
];

for (const [name, schedule, expected] of KERAS) {
  Deno.test(`a schedule gives the rates of Keras's ${name}`, () => {
    const rates = expected.map((_, step) => schedule.rate({ step, steps: 7, stepsPerEpoch: 7 }));
    assertClose(rates, expected, 2e-6);
  });
}

Deno.test("cosineDecay() with a peak and no warm-up starts at the peak", () => {
  const schedule = cosineDecay(0.1, { steps: 4, peak: 0.3 });
  assertClose(
    [0, 2, 4].map((step) => schedule.rate({ step, steps: 7, stepsPerEpoch: 7 })),
    [0.3, 0.15, 0],
    1e-9,
  );
});

Deno.test("piecewiseConstant() wants a rate more than boundaries", () => {
  assertThrows(() => piecewiseConstant([1], [0.1]), RangeError, "1 boundaries need 2 rates: got 1");
});
