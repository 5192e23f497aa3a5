import { random, startEngine, tf } from "../../../lib/engine/mod.ts";
import { varyAffine, type VaryAffineOptions, varyCutout } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

const image = tf.tensor1d([0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]); // a 4 × 4 image, its border free

for (const backend of ["tensorflow", "cpu"] as const) {
  await startEngine({ backend });
  const images = (count: number) => tf.tile(tf.tensor(image.dataSync(), [1, 4, 4, 1]), [count, 1, 1, 1]);
  const varied = (count: number, options: VaryAffineOptions, seed = 1) => {
    random.setState({ seed, counter: 0 });
    const values = varyAffine(images(count), options).dataSync<"float32">();
    return Array.from({ length: count }, (_, i) => values.slice(i * 16, (i + 1) * 16));
  };

  Deno.test(`varyAffine() with nothing to vary changes nothing, on ${backend}`, async () => {
    await startEngine({ backend });
    for (const one of varied(3, {})) assertClose(one, image.dataSync());
  });

  Deno.test(`varyAffine() mirrors about half of the images, on ${backend}`, async () => {
    await startEngine({ backend });
    const straight = [...image.dataSync()];
    const mirrored = [0, 1, 2, 3].flatMap((row) => straight.slice(4 * row, 4 * row + 4).reverse());
    const close = (one: ArrayLike<number>, other: number[]) =>
      other.every((value, i) => Math.abs(value - one[i]) < 1e-5);
    const all = varied(400, { flip: true });
    const flips = all.filter((one) => close(one, mirrored)).length;
    assertEquals(all.filter((one) => close(one, straight)).length, 400 - flips);
    assert(Math.abs(flips - 200) < 50, `${flips} of 400 were mirrored`); // five standard deviations
  });

  Deno.test(`varyAffine() shifts by up to so many pixels and loses nothing inside, on ${backend}`, async () => {
    await startEngine({ backend });
    const centers = varied(300, { shift: 0.5 }).map((one) => {
      const total = one.reduce((sum, value) => sum + value, 0);
      assertClose(total, 10, 1e-4); // half a pixel leaves the bright part inside
      return one.reduce((sum, value, i) => sum + value * (i % 4), 0) / total;
    });
    const first = [...image.dataSync()].reduce((sum, value, i) => sum + value * (i % 4), 0) / 10;
    const moves = centers.map((center) => center - first);
    assert(Math.max(...moves) <= 0.5001 && Math.min(...moves) >= -0.5001);
    assert(Math.max(...moves) > 0.45 && Math.min(...moves) < -0.45, "the range is not used");
  });

  Deno.test(`varyAffine() shifts by whole pixels where nothing blends, each as often, on ${backend}`, async () => {
    await startEngine({ backend });
    const seen = new Map<string, number>();
    for (const one of varied(900, { shift: 1 })) {
      for (const value of one) assert(Math.abs(value - Math.round(value)) < 1e-5, `${value} is blended`);
      const key = one.map(Math.round).join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    assertEquals(seen.size, 9); // left, stay, right by up, stay, down
    for (const count of seen.values()) assert(Math.abs(count - 100) < 50, `${count} of 900`); // five deviations
  });

  Deno.test(`variations repeat from a seed and differ from image to image, on ${backend}`, async () => {
    await startEngine({ backend });
    const options = { shift: 1, turn: 20, zoom: 0.2, shear: 0.1, flip: true };
    assertEquals(varied(5, options, 3), varied(5, options, 3));
    assert(varied(5, options, 3)[0].some((value, i) => value !== varied(5, options, 4)[0][i]));
    const [one, other] = varied(2, options);
    assert(one.some((value, i) => value !== other[i]));
  });

  Deno.test(`varyCutout() blots out one square an image and nothing else, on ${backend}`, async () => {
    await startEngine({ backend });
    random.setState({ seed: 1, counter: 0 });
    const ones = varyCutout(tf.ones([200, 8, 8, 2]), 3).dataSync();
    const lost: number[] = [];
    for (let i = 0; i < 200; i++) {
      const rows = new Set<number>(), columns = new Set<number>();
      let zeros = 0;
      for (let pixel = 0; pixel < 64; pixel++) {
        const [a, b] = [ones[i * 128 + 2 * pixel], ones[i * 128 + 2 * pixel + 1]];
        assertEquals(a, b); // channels go together
        if (a !== 0) continue;
        zeros++;
        rows.add(Math.floor(pixel / 8));
        columns.add(pixel % 8);
      }
      assertEquals(zeros, rows.size * columns.size);
      assert(rows.size <= 4 && columns.size <= 4 && zeros > 0);
      lost.push(zeros);
    }
    assert(Math.max(...lost) >= 9 && Math.min(...lost) < 9, "squares are cut by the border at times");
  });
}
