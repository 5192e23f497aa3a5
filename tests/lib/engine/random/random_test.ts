import { compile, evenParts, random, startEngine, tf, withStepRows } from "../../../../lib/engine/mod.ts";
import { drawForAll, drawTogether } from "../../../../lib/engine/random/random.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

/** Runs `test` on every backend, and compiled. */
async function everywhere(test: (draw: (fn: () => tf.Tensor) => Float32Array, where: string) => void) {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    test((fn) => tf.tidy(() => Float32Array.from(fn().dataSync())), backend);
  }
  test((fn) => {
    const compiled = compile(fn), values = Float32Array.from(compiled().dataSync());
    compiled.dispose();
    return values;
  }, "compiled");
}

const least = (values: Float32Array) => values.reduce((low, value) => Math.min(low, value), Infinity);
const most = (values: Float32Array) => values.reduce((high, value) => Math.max(high, value), -Infinity);

Deno.test("uniform() fills [min, max) up to its ends and never reaches max", async () => {
  const count = 200_000;
  await everywhere((draw, where) => {
    for (const [min, max] of [[0, 1], [-2, 6], [5, 5.5]]) {
      random.setState({ seed: 4, counter: 0 });
      const values = draw(() => random.uniform([count], min, max)), gap = (max - min) * 20 / count;
      assert(least(values) >= min && least(values) < min + gap, `${where}: from ${least(values)}`);
      assert(most(values) < max && most(values) > max - gap, `${where}: to ${most(values)}`);
      const quarters = [0, 0, 0, 0];
      for (const value of values) quarters[Math.floor(4 * (value - min) / (max - min))]++;
      // five standard deviations of a binomial
      const noise = 5 * Math.sqrt(count * 3 / 16);
      for (const quarter of quarters) assert(Math.abs(quarter - count / 4) < noise, `${where}: ${quarters}`);
    }
  });
});

Deno.test("normal() has the tails of a normal distribution, on both sides", async () => {
  const count = 200_000;
  await everywhere((draw, where) => {
    random.setState({ seed: 8, counter: 0 });
    const values = draw(() => random.normal([count], -1, 2));
    // shares of a normal distribution beyond 1, 2 and 3 standard deviations on one side
    for (const [distance, share] of [[1, 0.158655], [2, 0.0227501], [3, 0.0013499]]) {
      for (const side of [-1, 1]) {
        const beyond = values.filter((value) => side * (value + 1) / 2 > distance).length;
        assert(
          Math.abs(beyond - count * share) < 5 * Math.sqrt(count * share),
          `${where}: ${beyond} beyond ${side * distance}`,
        );
      }
    }
    assert(values.every(Number.isFinite), where);
  });
});

Deno.test("keepMask() and dropout() give 0 or the factor that keeps the mean", async () => {
  await everywhere((draw, where) => {
    for (const rate of [0.01, 0.25, 0.4, 0.99]) {
      random.setState({ seed: 2, counter: 0 });
      // a byte decides between 2 % and 98 %: the rate is rounded to 1/256, and the factor with it
      const rounded = rate < 0.02 || rate > 0.98 ? rate : Math.round(rate * 256) / 256;
      const factor = Math.fround(1 / (1 - rounded));
      const mask = draw(() => random.keepMask([20_001], rate));
      assertClose([...new Set(mask)].sort((a, b) => a - b), [0, factor], 1e-6, where);
      const kept = draw(() => random.dropout(tf.fill([5000], 3), rate));
      assertClose([...new Set(kept)].sort((a, b) => a - b), [0, 3 * factor], 1e-6, where);
    }
    assertEquals([...new Set(draw(() => random.keepMask([9], 0)))], [1], where);
  });
  for (const rate of [-0.1, 1, NaN]) {
    assertThrows(() => random.keepMask([2], rate), RangeError, `Cannot drop a share of ${rate}`);
    assertThrows(() => random.dropout(tf.ones([2]), rate), RangeError, `Cannot drop a share of ${rate}`);
  }
});

Deno.test("setState() takes 32-bit integers alone, and getState() gives a copy", () => {
  for (const wrong of [0.5, NaN, 2 ** 32, -(2 ** 31) - 1]) {
    assertThrows(() => random.setState({ seed: wrong, counter: 0 }), RangeError, `got ${wrong}`);
    assertThrows(() => random.setState({ seed: 0, counter: wrong }), RangeError, `got ${wrong}`);
  }
  random.setState({ seed: 2 ** 32 - 1, counter: -(2 ** 31) });
  assertEquals(random.getState(), { seed: -1, counter: -(2 ** 31) });
  random.getState().seed = 5;
  assertEquals(random.getState().seed, -1);
  random.setState({ seed: 1, counter: 2 });
});

Deno.test("the counter goes up by one a draw, or by one a compiled call, so that a run can be repeated", async () => {
  for (const backend of ["cpu", "tensorflow"] as const) {
    await startEngine({ backend });
    random.setState({ seed: 3, counter: 10 });
    tf.dispose([random.uniform([2]), random.normal([2])]);
    assertEquals(random.getState(), { seed: 3, counter: 12 }, backend);
  }
  const two = compile(() => [random.uniform([3]), random.uniform([3])]);
  random.setState({ seed: 3, counter: 10 });
  const [a, b] = two();
  assertEquals(random.getState().counter, 11);
  assert(a.dataSync().every((value, i) => value !== b.dataSync()[i]), "two draws of one call are the same");
  two.dispose();
});

Deno.test("drawTogether() cuts one draw for the batch, and shares what is not by example", async () => {
  await everywhere((draw, where) => {
    const together = (rows: number[]) => {
      random.setState({ seed: 6, counter: 1 });
      return draw(() =>
        tf.concat(
          drawTogether(rows, (shard) => [
            random.normal([rows[shard], 3]),
            random.uniform([rows[shard]]),
            tf.tile(random.uniform([1, 50]), [1, 1]),
          ]).map(([a, b, c]) =>
            tf.concat([tf.reshape(a, [-1, 3]), tf.tile(tf.expandDims(b, 1), [1, 3])], 1)
              .add(tf.slice(c, [0, 0], [1, 6]))
          ),
        )
      );
    };
    const whole = together([9]);
    assertEquals(whole.length, 54, where);
    for (const rows of [[4, 5], [3, 3, 3], [2, 7]]) assertEquals(together(rows), whole, `${where}: ${rows}`);
  });
});

Deno.test("drawTogether() has each shard draw its own part of many numbers, the same as one draw for all", async () => {
  await startEngine({ backend: "tensorflow" });
  const width = 1601,
    draws = [random.normal, random.uniform, (shape: number[]) => random.keepMask(shape, 0.3)];
  const drawn = (rows: readonly number[], run: (fn: () => tf.Tensor[]) => tf.Tensor[]) => {
    random.setState({ seed: 3, counter: 5 });
    const joined = run(() => {
      const parts = drawTogether(rows, (shard) => draws.map((draw) => draw([rows[shard], width])));
      return draws.map((_, i) => tf.concat(parts.map((part) => part[i]), 0));
    });
    const values = joined.map((tensor) => tensor.dataSync());
    tf.dispose(joined);
    return values;
  };
  const ways = {
    compiled: (fn: () => tf.Tensor[]) => compile(fn)(),
    plain: (fn: () => tf.Tensor[]) => tf.tidy(fn),
  };
  for (const [way, run] of Object.entries(ways)) {
    const whole = drawn([41], run);
    for (const rows of [[20, 21], [1, 40], [13, 14, 14]]) {
      drawn(rows, run).forEach((values, i) => assert(isSame(values, whole[i]), `${way}, ${rows}, draw ${i}`));
    }
  }
});

/** Whether two long lists are the same to the bit. */
function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => value === b[i]);
}

Deno.test("a worker of a step draws its rows of what one draws for all, whatever shards they are cut into", async () => {
  await startEngine({ backend: "tensorflow" });
  /** All kinds of draws for so many examples, [examples, 26]; the last column is one draw for all. */
  const draws = (rows: readonly number[]) => {
    const noise = random.uniform([rows.reduce((sum, count) => sum + count, 0), 2]); // before the batch is cut
    const parts = drawTogether(rows, (shard) => {
      const count = rows[shard], mask = tf.reshape(random.keepMask([count, 3, 5], 0.4), [count, 15]);
      const one = drawForAll(() => random.uniform([1, 1]));
      return tf.concat([
        random.normal([count, 7]),
        mask,
        random.uniform([count, 1]),
        tf.tile(one, [count, 1]),
      ], 1);
    });
    return tf.concat([noise, tf.concat(parts)], 1);
  };
  const drawn = (fn: () => tf.Tensor) => {
    random.setState({ seed: 6, counter: 1 });
    const compiled = compile(fn), values = [...compiled().dataSync()];
    compiled.dispose();
    return values;
  };
  const whole = drawn(() => draws([11])), width = whole.length / 11;
  const alone = drawn(() => draws([4, 7]));
  assertEquals(alone, whole);
  for (const workers of [2, 3, 13]) {
    const rows = evenParts(11, workers);
    const parts = rows.flatMap((own, rank) => {
      const held = Math.max(1, own), shards = held > 2 ? [2, held - 2] : [held];
      const step = { rank, rows, held, syncBatchNorm: true };
      const values = drawn(() => withStepRows(step, () => draws(shards)));
      assertEquals(values.length, held * width, `worker ${rank} of ${workers}`);
      return values.slice(0, own * width);
    });
    assertEquals(parts, whole, `${workers} workers`);
  }
});
