import { compile, startEngine, tf, withoutGradient } from "../../../../lib/engine/mod.ts";
import { gradientsOf } from "../../../../lib/train/mod.ts";
import { assertEquals, assertThrows } from "../../../assert.ts";

Deno.test("withoutGradient() cuts what is in front of it off from a loss, as it is or compiled", async () => {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    const [a, b] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(2))];
    const loss = () => tf.mul(b, withoutGradient(() => tf.square(a))) as tf.Scalar;
    let reached: boolean[] = [];
    const slopes = () => {
      const found = gradientsOf(loss, [a, b]);
      reached = found.reached;
      return found.gradients;
    };
    assertEquals(slopes().map((slope) => slope.dataSync()[0]), [0, 9], backend);
    assertEquals(reached, [false, true]);
    const compiled = compile(slopes);
    assertEquals(compiled().map((slope) => slope.dataSync()[0]), [0, 9], backend);
    const broken = () => {
      throw new TypeError("no");
    };
    assertThrows(() => withoutGradient(broken), TypeError, "no");
    assertEquals(
      tf.grad((x) => tf.square(x))(tf.scalar(3)).dataSync()[0],
      6,
      "what comes after is seen again",
    );
    tf.dispose([a, b]);
    compiled.dispose();
  }
});
