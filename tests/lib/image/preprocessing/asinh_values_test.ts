import { asinhValues } from "../../../../lib/image/preprocessing/asinh_values.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

Deno.test("asinhValues() gives what Math.asinh gives, from the smallest to the largest", () => {
  const values = Float32Array.from({ length: 4000 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (i / 52.5 - 38));
  const out = new Float32Array(values.length);
  asinhValues(values, 1, out);
  const relative = out.map((value, i) => value / Math.asinh(values[i]));
  assertClose(relative, new Float32Array(values.length).fill(1), 1.2e-7);
});

Deno.test("asinhValues() keeps what is no finite number, and zero", () => {
  const values = Float32Array.of(NaN, Infinity, -Infinity, 0, 3.4e38), out = new Float32Array(5);
  asinhValues(values, 1, out);
  assertEquals(out, Float32Array.from(values, Math.asinh));
});

Deno.test("asinhValues() writes every so many values, each times a factor", () => {
  const out = new Float32Array(5);
  asinhValues(Float32Array.of(1, 2, 3, 4, 5), 10, out, 1, 3);
  assertClose(out, [0, Math.asinh(20), 0, 0, Math.asinh(50)], 1e-7);
});
