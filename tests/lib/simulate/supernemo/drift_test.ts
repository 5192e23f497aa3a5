import { assert, assertClose } from "../../../assert.ts";
import {
  DRIFT_LAWS,
  driftRadius,
  driftTime,
  LONGEST_DRIFT_US,
} from "../../../../lib/simulate/supernemo/drift.ts";

Deno.test("driftRadius() is TKEvent's Manchester law", () => {
  // python: u = 10 t; 10 * min(.5709 u / (u**.5801 + 1.6567), 1.8694 u / u**.9499) for t = .1, .5, 1, 2, 5, 10
  assertClose([0.1, 0.5, 1, 2, 5, 10].map((us) => driftRadius(us)), [
    2.1489065,
    6.7957187,
    10.4570600,
    15.5523386,
    22.7415801,
    23.5451921,
  ], 1e-6);
  assertClose(driftRadius(0), 0);
  for (let t = 0.01; t < LONGEST_DRIFT_US; t += 0.01) assert(driftRadius(t) > driftRadius(t - 0.01), `${t}`);
});

Deno.test("driftRadius() is TKEvent's Betsy law", () => {
  // python: 10 * (t / .828)**(1 / 1.907) for t = .1, .5, 1, 2, 3.08; 10 * (t / .402)**(1 / 2.955) for t = 3.09, 5, 10
  const betsy = (us: number) => driftRadius(us, "betsy");
  assertClose([0.1, 0.5, 1, 2, 3.08, 3.09, 5, 10].map(betsy), [
    3.3006519,
    7.6758822,
    11.0403685,
    15.8795736,
    19.9146039,
    19.9406929,
    23.4677648,
    29.6717478,
  ], 1e-6);
  assertClose(betsy(3.0845), betsy(3.0845 - 1e-9), 0.005, "both of its laws meet");
  for (let t = 0.01; t < LONGEST_DRIFT_US; t += 0.01) assert(betsy(t) > betsy(t - 0.01), `${t}`);
});

Deno.test("driftTime() turns either law round, and ends at the longest drift", () => {
  for (const law of DRIFT_LAWS) {
    for (const radius of [0.1, 1, 5, 12, 19, 19.9, 20, 22, 23]) {
      assertClose(driftRadius(driftTime(radius, law), law), radius, 1e-3, `${law}, ${radius} mm`);
    }
  }
  assertClose([driftTime(0), driftTime(31)], [0, LONGEST_DRIFT_US]);
});
