import { createRng } from "../../../lib/base/rng.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { buildCapsNet } from "../../../lib/models/capsnet.ts";
import { assert } from "../../assert.ts";

const tf = await startEngine();

Deno.test("buildCapsNet() of the published size begins where it can learn: lengths stand out of what keeps their root from 0", () => {
  const model = buildCapsNet({ seed: 1, decoder: false }), rng = createRng(1);
  const image = tf.tensor(Float32Array.from({ length: 4 * 784 }, rng), [4, 28, 28, 1]);
  const lengths = (model.predict(image) as ReturnType<typeof tf.tensor>).dataSync();
  // √1e-7 = 3.2e-4 is what a length of nothing reads; by fans of the kernel as a whole it was all they were.
  const most = Math.max(...lengths);
  assert(most > 1e-3 && most < 0.1, `lengths of ${most} at most`);
  image.dispose();
  model.dispose();
});
