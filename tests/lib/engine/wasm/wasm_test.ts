import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { createRng } from "../_rng.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

await startEngine({ backend: "cpu" });
await startEngine({ backend: "wasm" });

type Shape = number[];

/** Shapes, weights and options of one trial. */
interface Trial {
  shapes: Shape[];
  run: (...tensors: tf.Tensor[]) => tf.Tensor;
}

/** Result and gradients of `run`, weighted by numbers that differ from place to place. */
async function evaluate(backend: string, { run }: Trial, data: Float32Array[], shapes: Shape[]) {
  await tf.setBackend(backend);
  const outputs = tf.tidy(() => {
    const inputs = data.map((values, i) => tf.tensor(values, shapes[i]));
    const weighted = (...tensors: tf.Tensor[]) => {
      const y = run(...tensors);
      const weights = Float32Array.from({ length: y.size }, (_, i) => Math.sin(i * 0.7 + 1));
      return tf.sum(tf.mul(y, tf.tensor(weights, y.shape)));
    };
    return [run(...inputs), ...tf.grads(weighted)(inputs)];
  });
  const values = outputs.map((output) => ({ shape: output.shape, values: output.dataSync().slice() }));
  tf.dispose(outputs);
  return values;
}

/** Both backends agree on `count` random trials, result and gradients. */
async function assertAgree(
  name: string,
  count: number,
  draw: (pick: (low: number, high: number) => number) => Trial,
) {
  const rng = createRng(42);
  const pick = (low: number, high: number) => low + Math.floor(rng() * (high - low + 1));
  for (let i = 0; i < count; i++) {
    const trial = draw(pick);
    const data = trial.shapes.map((shape) =>
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng() * 2 - 1)
    );
    const expected = await evaluate("cpu", trial, data, trial.shapes);
    const actual = await evaluate("wasm", trial, data, trial.shapes);
    actual.forEach((output, at) => {
      const message = `${name} trial ${i}, shapes ${JSON.stringify(trial.shapes)}, output ${at}`;
      assertEquals(output.shape, expected[at].shape, message);
      assertClose(output.values, expected[at].values, 1e-5, message, 1e-3);
    });
  }
}

const padOf = (pick: (low: number, high: number) => number) =>
  pick(0, 1) ? "same" as const : "valid" as const;

Deno.test("conv2d and its gradients on wasm equal those on cpu for any shape, stride and padding", () =>
  assertAgree("conv2d", 60, (pick) => {
    const filter = [pick(1, 5), pick(1, 5)], inputs = [pick(filter[0], 13), pick(filter[1], 13)];
    const channels = [pick(1, 9), pick(1, 14)],
      strides: [number, number] = [pick(1, 3), pick(1, 3)],
      pad = padOf(pick);
    return {
      shapes: [[pick(1, 3), ...inputs, channels[0]], [...filter, ...channels]],
      run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad),
    };
  }));

Deno.test("conv2d on wasm takes explicit paddings, filters smaller than the stride, and 1 × 1 filters", async () => {
  await assertAgree("explicit", 10, (pick) => {
    const pad = pick(0, 2);
    return {
      shapes: [[2, 7, 8, 3], [3, 3, 3, 5]],
      run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, pick(1, 1), pad, "NHWC", 1, "floor"),
    };
  });
  await assertAgree("sparse", 1, () => ({
    shapes: [[2, 10, 11, 3], [2, 1, 3, 4]],
    run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 4, "valid"),
  }));
  await assertAgree("single", 1, () => ({
    shapes: [[3, 19, 23, 21], [1, 1, 21, 17]],
    run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  }));
});

Deno.test("conv2d on wasm leaves dilated filters to the stock kernel", async () => {
  const x = tf.randomNormal([2, 9, 9, 3], 0, 1, "float32", 1),
    w = tf.randomNormal([3, 3, 3, 4], 0, 1, "float32", 2);
  const run = () => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same", "NHWC", 2).dataSync().slice();
  await tf.setBackend("wasm");
  const wasm = run();
  await tf.setBackend("cpu");
  assertClose(wasm, run(), 1e-5);
});

Deno.test("conv3d and its gradients on wasm equal those on cpu for any shape, stride and padding", () =>
  assertAgree("conv3d", 30, (pick) => {
    const filter = [pick(1, 3), pick(1, 3), pick(1, 4)], inputs = filter.map((side) => pick(side, 7));
    const channels = [pick(1, 5), pick(1, 9)], pad = padOf(pick);
    // With "same" padding and a stride beyond the filter, TensorFlow.js's cpu backend differs from TensorFlow.
    const most = (axis: number) => pad === "same" ? filter[axis] : 3;
    const strides: [number, number, number] = [pick(1, most(0)), pick(1, most(1)), pick(1, most(2))];
    return {
      shapes: [[pick(1, 2), ...inputs, channels[0]], [...filter, ...channels]],
      run: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, pad),
    };
  }));

Deno.test("conv1d and transposed convolutions on wasm equal those on cpu", async () => {
  await assertAgree("conv1d", 20, (pick) => {
    const filter = pick(1, 5), stride = pick(1, 3), pad = padOf(pick);
    return {
      shapes: [[pick(1, 3), pick(filter, 30), 3], [filter, 3, pick(1, 9)]],
      run: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, stride, pad),
    };
  });
  await assertAgree("conv2dTranspose", 20, (pick) => {
    const stride = pick(1, 3),
      [batch, height, width] = [pick(1, 3), pick(1, 6), pick(1, 6)],
      filters = pick(1, 9);
    return {
      shapes: [[batch, height, width, 3], [3, 3, filters, 3]],
      run: (x, w) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          [batch, height * stride, width * stride, filters],
          stride,
          "same",
        ),
    };
  });
  await assertAgree("conv3dTranspose", 8, (pick) => {
    const stride = pick(1, 2), side = pick(1, 4), filters = pick(1, 5);
    return {
      shapes: [[2, side, side, side, 3], [2, 2, 2, filters, 3]],
      run: (x, w) =>
        tf.conv3dTranspose(
          x as tf.Tensor5D,
          w as tf.Tensor5D,
          [2, side * stride, side * stride, side * stride, filters],
          stride,
          "same",
        ),
    };
  });
});

Deno.test("depthwise convolution and its gradients on wasm equal those on cpu", () =>
  assertAgree("depthwise", 30, (pick) => {
    const filter = [pick(1, 4), pick(1, 4)], stride = pick(1, 2), channels = pick(1, 5), pad = padOf(pick);
    return {
      shapes: [[pick(1, 2), pick(4, 9), pick(4, 9), channels], [...filter, channels, pick(1, 3)]],
      run: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad),
    };
  }));

Deno.test("matMul on wasm equals that on cpu, transposed or not, single or batched", () =>
  assertAgree("matMul", 60, (pick) => {
    const [m, n, k] = [pick(1, 20), pick(1, 20), pick(1, 30) * pick(1, 12)];
    const [transposeA, transposeB] = [pick(0, 1) === 1, pick(0, 1) === 1];
    const outer = [[], [3], [2, 3], [1]][pick(0, 3)];
    return {
      shapes: [[...outer, ...(transposeA ? [k, m] : [m, k])], [...outer, ...(transposeB ? [n, k] : [k, n])]],
      run: (a, b) => tf.matMul(a, b, transposeA, transposeB),
    };
  }));

Deno.test("matMul on wasm repeats a single matrix for a batch of others", async () => {
  const a = [1, 2, 3, 4, 5, 6, 7, 8], b = [1, 10, 100, 1000];
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    const y = tf.matMul(tf.tensor(a, [2, 2, 2]), tf.tensor(b, [1, 2, 2]));
    assertEquals([...y.dataSync()], [201, 2010, 403, 4030, 605, 6050, 807, 8070], backend);
  }
});

Deno.test("fused convolutions on wasm equal those on cpu, bias and activation included", () =>
  assertAgree("fused", 24, (pick) => {
    const depthwise = pick(0, 1) === 1,
      channels = pick(1, 5),
      filters = depthwise ? channels * 2 : pick(1, 9);
    const filter = [pick(1, 3), pick(1, 3)], stride = pick(1, 3), pad = padOf(pick);
    const activation =
      (["linear", "relu", "relu6", "elu", "leakyrelu", "sigmoid", "prelu"] as const)[pick(0, 6)];
    return {
      shapes: [[2, 7, 8, channels], [...filter, channels, depthwise ? 2 : filters], [filters], [filters]],
      run: (x, w, bias, slopes) => {
        // Gradients go by the parts, so the fused kernel itself is compared by what it gives.
        const attributes = {
          strides: [stride, stride],
          pad,
          dilations: [1, 1],
          dataFormat: "NHWC",
          activation,
        };
        const inputs = {
          x,
          filter: w,
          bias,
          preluActivationWeights: activation === "prelu" ? slopes : undefined,
        };
        const kernel = depthwise ? "FusedDepthwiseConv2D" : "FusedConv2D";
        return tf.customGrad((...saved: (tf.Tensor | tf.GradSaveFunc)[]) => ({
          value: tf.engine().runKernel(
            kernel,
            inputs as unknown as tf.NamedTensorMap,
            { ...attributes, leakyreluAlpha: 0.1 } as unknown as tf.NamedAttrMap,
          ) as tf.Tensor,
          gradFunc: () => (saved.slice(0, 4) as tf.Tensor[]).map((tensor) => tf.zerosLike(tensor)),
        }))(x, w, bias, slopes);
      },
    };
  }));

Deno.test("conv3d on wasm takes strides beyond the filter as TensorFlow does", async () => {
  // np.sin(np.arange(n) * 1.3); tf.nn.conv3d(x, w, [1, 1, 3, 1, 1], "SAME").numpy().ravel()[:8]
  const wave = (shape: Shape) =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * 1.3)),
      shape,
    );
  await tf.setBackend("wasm");
  const y = tf.conv3d(
    wave([1, 3, 2, 6, 5]) as tf.Tensor5D,
    wave([2, 1, 3, 5, 4]) as tf.Tensor5D,
    [1, 3, 1],
    "same",
  );
  assertClose(y.dataSync().subarray(0, 4), [-1.2616416, 6.4373946, 4.7056327, -3.9198918], 1e-5);
});

Deno.test("pooling gradients on wasm equal those on cpu", async () => {
  for (const kind of ["maxPool", "avgPool"] as const) {
    await assertAgree(kind, 25, (pick) => {
      const size: [number, number] = [pick(1, 4), pick(1, 4)],
        strides: [number, number] = [pick(1, 3), pick(1, 3)];
      const pad = padOf(pick);
      return {
        shapes: [[pick(1, 3), pick(4, 9), pick(4, 9), pick(1, 6)]],
        run: (x) => tf[kind](x as tf.Tensor4D, size, strides, pad),
      };
    });
  }
  await assertAgree("maxPool of windows that tile the image", 4, (pick) => {
    const size: [number, number] = [pick(1, 3), pick(1, 3)], channels = 4 * pick(1, 2);
    return {
      shapes: [[2, size[0] * pick(1, 3), size[1] * pick(2, 4), channels]],
      run: (x) => tf.maxPool(x as tf.Tensor4D, size, size, "same"),
    };
  });
  for (const kind of ["maxPool3d", "avgPool3d"] as const) {
    await assertAgree(kind, 10, (pick) => {
      const pad = padOf(pick), size = pick(1, 3), stride = pick(1, pad === "same" ? size : 2);
      return {
        shapes: [[2, pick(3, 5), pick(3, 5), pick(3, 5), pick(1, 4)]],
        run: (x) => tf[kind](x as tf.Tensor5D, size, stride, pad),
      };
    });
  }
});

Deno.test("maximum pooling on wasm says where a window holds what is not a number", async () => {
  await tf.setBackend("wasm");
  for (const channels of [1, 4]) {
    const x = Float32Array.from({ length: 16 * channels }, (_, i) => i === 5 * channels ? NaN : i);
    const y = tf.maxPool(tf.tensor4d(x, [1, 4, 4, channels]), 2, 2, "valid").dataSync();
    const corner = Array.from({ length: channels }, (_, i) => 15 * channels + i);
    assertEquals([...y.subarray(3 * channels)], corner);
    if (channels === 4) assert(Number.isNaN(y[0]) && y[1] === 5 * channels + 1);
  }
});

Deno.test("average pooling's gradient counts only what lies inside, as TensorFlow does", async () => {
  // keras: x = ones((1, 3, 3, 1)); y = average_pool(x, 2, 2, "same"); d sum(y) / dx is 1 / (numbers in the window)
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    const gradient = tf.tidy(() =>
      tf.grad((x) => tf.sum(tf.avgPool(x as tf.Tensor4D, 2, 2, "same")))(tf.ones([1, 3, 3, 1])).dataSync()
    );
    assertEquals([...gradient], [0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5, 1], backend);
  }
});

Deno.test("sum and mean over leading and middle axes on wasm equal those on cpu", () =>
  assertAgree("reduce", 60, (pick) => {
    const rank = pick(2, 5), shape = Array.from({ length: rank }, () => pick(1, 6));
    const axes = shape.map((_, i) => i).filter(() => pick(0, 1)), keepDims = pick(0, 1) === 1;
    return {
      shapes: [shape],
      run: (x) => pick(0, 0) || keepDims ? tf.sum(x, axes, keepDims) : tf.mean(x, axes, keepDims),
    };
  }));

Deno.test("tile on wasm equals that on cpu, whatever is repeated", () =>
  assertAgree("tile", 40, (pick) => {
    const shape = Array.from({ length: pick(1, 4) }, () => pick(0, 1) ? 1 : pick(1, 5));
    const reps = shape.map(() => pick(0, 1) ? 1 : pick(1, 4));
    return { shapes: [shape], run: (x) => tf.tile(x, reps) };
  }));

Deno.test("gather trains on wasm: segment sums equal those on cpu", () =>
  assertAgree("gather", 12, (pick) => {
    const rows = pick(1, 9), ids = Array.from({ length: pick(1, 14) }, () => pick(0, rows - 1));
    return { shapes: [[rows, pick(1, 7), pick(1, 3)]], run: (x) => tf.gather(x, tf.tensor1d(ids, "int32")) };
  }));

Deno.test("wasm kernels give back every byte they take", async () => {
  await tf.setBackend("wasm");
  const x = tf.randomNormal([4, 12, 12, 8]) as tf.Tensor4D, w = tf.randomNormal([3, 3, 8, 16]) as tf.Tensor4D;
  const step = () =>
    tf.tidy(() => void tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, "same"))([x, w]));
  for (let i = 0; i < 5; i++) step();
  const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  const bytes = heap(), { numTensors } = tf.memory();
  for (let i = 0; i < 300; i++) step();
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals(heap(), bytes);
  assert(numTensors >= 2);
});

Deno.test("wasm kernels that the cpu backend runs leave nothing there", async () => {
  await tf.setBackend("wasm");
  const cpu = tf.findBackend("cpu") as unknown as { numDataIds(): number };
  const bools = tf.tensor2d([1, 0, 0, 1, 1, 1], [2, 3], "bool"), indices = tf.tensor1d([1, 0], "int32");
  const { numTensors } = tf.memory(), held = cpu.numDataIds();
  for (let i = 0; i < 3; i++) {
    tf.dispose([
      tf.reverse(bools, 1),
      tf.oneHot(indices, 3),
      tf.cast(indices, "bool"),
      tf.where(bools, bools, bools),
    ]);
  }
  assertEquals([tf.memory().numTensors, cpu.numDataIds()], [numTensors, held]);
  tf.dispose([bools, indices]);
});
