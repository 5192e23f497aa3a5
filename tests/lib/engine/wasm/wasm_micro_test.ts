import { assemble, op } from "../../../../lib/base/wasm_assembler.ts";
import { makeMicroKernels, TILE_ROWS, TILE_WIDTHS } from "../../../../lib/engine/wasm/wasm_micro.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

const A = 0, B = 16384, C = 32768, TERMS = 7, LINES = 2;

/** A memory with waves in it, and kernels over it. */
function withKernels(fused: boolean, shared = false) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = Math.sin(i * 0.7);
  return { floats, kernels: makeMicroKernels(memory, fused) };
}

/** The result of a kernel of each tile size, row by row. */
function tiles(
  { floats, kernels }: ReturnType<typeof withKernels>,
  run: (kernels: ReturnType<typeof makeMicroKernels>, width: number, height: number) => void,
) {
  return TILE_WIDTHS.flatMap((width) =>
    Array.from({ length: TILE_ROWS }, (_, i) => {
      const start = C / 4, size = (i + 1) * width;
      floats.fill(0.5, start, start + size);
      run(kernels, width, i + 1);
      return floats.slice(start, start + size);
    })
  );
}

/** Both kernels of each tile size, and what they are to give, in numbers of 64 bits. */
const CASES = {
  rows: {
    run: (kernels: ReturnType<typeof makeMicroKernels>, width: number, height: number) =>
      kernels.rows[width][height - 1](A, 40, B, C, width * 4, TERMS, LINES, 400, 0),
    sum: (floats: Float32Array, width: number, m: number, n: number) => {
      let sum = 0;
      for (let line = 0; line < LINES; line++) {
        for (let k = 0; k < TERMS; k++) {
          sum += floats[line * 100 + m * 10 + k] * floats[B / 4 + (line * TERMS + k) * width + n];
        }
      }
      return sum;
    },
  },
  columns: {
    run: (kernels: ReturnType<typeof makeMicroKernels>, width: number, height: number) =>
      kernels.columns[width][height - 1](A, 40, B, 48, C, width * 4, TERMS, LINES, 400, 480),
    sum: (floats: Float32Array, _: number, m: number, n: number) => {
      let sum = 0.5;
      for (let line = 0; line < LINES; line++) {
        for (let k = 0; k < TERMS; k++) {
          sum += floats[line * 100 + k * 10 + m] * floats[B / 4 + line * 120 + k * 12 + n];
        }
      }
      return sum;
    },
  },
};

/** Whether this machine has relaxed SIMD. */
const HAS_RELAXED = WebAssembly.validate(
  assemble([{
    name: "f",
    parameters: 1,
    locals: [],
    body: [
      ...op.get(0),
      ...Array.from({ length: 3 }, () => op.zeroVector).flat(),
      ...op.multiplyAdd,
      ...op.store(),
    ],
  }]),
);

for (const [name, { run, sum }] of Object.entries(CASES)) {
  Deno.test(`${name} kernels give the sums of products, fused or not`, () => {
    for (const fused of [true, false]) {
      const made = withKernels(fused);
      assertEquals(made.kernels.fused, fused && HAS_RELAXED);
      const results = tiles(made, run);
      const expected = TILE_WIDTHS.flatMap((width) =>
        Array.from({ length: TILE_ROWS }, (_, i) =>
          Float32Array.from(
            { length: (i + 1) * width },
            (_, at) => sum(made.floats, width, Math.floor(at / width), at % width),
          ))
      );
      results.forEach((result, i) => assertClose(result, expected[i], 1e-6, `${name} ${i} ${fused}`, 1));
    }
  });

  Deno.test(`${name} kernels give the same bits at each call and over shared memory`, () => {
    const alone = tiles(withKernels(true), run), again = tiles(withKernels(true), run);
    assertEquals(again, alone);
    const shared = tiles(withKernels(true, true), run);
    assertEquals(shared.map((result) => [...result]), alone.map((result) => [...result]));
  });
}
