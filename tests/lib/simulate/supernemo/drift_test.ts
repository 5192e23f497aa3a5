import { assert, assertClose } from "../../../assert.ts";
import { driftRadius, driftTime, LONGEST_DRIFT_US } from "../../../../lib/simulate/supernemo/drift.ts";

Deno.test("driftRadius() is TKEvent's Manchester law", () => {
  // python: u = 10 t; 10 * min(.5709 u / (u**.5801 + 1.6567), 1.8694 u / u**.9499) for t = .1, .5, 1, 2, 5, 10
  assertClose([0.1, 0.5, 1, 2, 5, 10].map(driftRadius), [
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

Deno.test("driftTime() turns it round, and ends at the longest drift", () => {
  for (const radius of [0.1, 1, 5, 12, 19, 22, 23]) {
    assertClose(driftRadius(driftTime(radius)), radius, 1e-3, `${radius} mm`);
  }
  assertClose([driftTime(0), driftTime(31)], [0, LONGEST_DRIFT_US]);
});
