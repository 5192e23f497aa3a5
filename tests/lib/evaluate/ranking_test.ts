import { areaOf, rank, type Ranking, resampler } from "../../../lib/evaluate/_ranking.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { generator, scoredEvents } from "./_sequence.ts";

Deno.test("rank() counts both classes at every distinct score, highest first", () => {
  assertEquals(rank("rank", [0.2, 0.9, 0.2, 0.5, 0.2, 0.9], [1, 1, 0, 0, 0, true]), {
    scores: Float64Array.of(0.9, 0.5, 0.2),
    signal: Float64Array.of(2, 0, 1),
    background: Float64Array.of(0, 1, 2),
    signalTotal: 3,
    backgroundTotal: 3,
  });
});

Deno.test("rank() takes infinite scores, and refuses what is no score, no label or one class", () => {
  assertEquals(rank("rank", [-Infinity, Infinity], [0, 1]).scores, Float64Array.of(Infinity, -Infinity));
  assertThrows(() => rank("rank", [1, NaN], [0, 1]), RangeError, "Cannot rank as score 1 is NaN");
  assertThrows(() => rank("rank", [1, 2], [0, 0.5]), RangeError, "label 1 is 0.5");
  assertThrows(() => rank("rank", [1, 2], [0, 0]), RangeError, "got 0 signal and 2 background");
  assertThrows(() => rank("rank", [1, 2], [1, 1]), RangeError, "got 2 signal and 0 background");
  assertThrows(() => rank("rank", [1, 2], [1]), RangeError, '"scores" has 2, "labels" has 1');
});

Deno.test("areaOf() is the share of pairs in order, ties counted half", () => {
  const { scores, labels } = scoredEvents();
  let inOrder = 0, pairs = 0;
  for (const [i, signal] of labels.entries()) {
    for (const [j, other] of labels.entries()) {
      if (signal === 0 || other === 1) continue;
      pairs++;
      inOrder += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  }
  assertEquals(areaOf(rank("rank", scores, labels)).toFixed(12), (inOrder / pairs).toFixed(12));
});

Deno.test("resampler() draws each class from itself, to its own size, every example alike", () => {
  const ranking = rank("rank", [4, 4, 3, 2, 2, 2, 1], [1, 0, 1, 0, 1, 0, 0]);
  const draw = resampler(ranking, generator(3));
  const draws = 3000,
    seen: Pick<Ranking, "signal" | "background"> = {
      signal: new Float64Array(4),
      background: new Float64Array(4),
    };
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  for (let i = 0; i < draws; i++) {
    const { signal, background, scores } = draw();
    assertEquals([sum(signal), sum(background), scores], [3, 4, ranking.scores]);
    signal.forEach((count, k) => seen.signal[k] += count);
    background.forEach((count, k) => seen.background[k] += count);
  }
  // Each is drawn once a resample on average; 5 standard deviations of 3000 binomial draws are below 400.
  ranking.signal.forEach((count, k) =>
    assert(Math.abs(seen.signal[k] - draws * count) < 400, `${seen.signal}`)
  );
  ranking.background.forEach((count, k) =>
    assert(Math.abs(seen.background[k] - draws * count) < 400, `${seen.background}`)
  );
});
