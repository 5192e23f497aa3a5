/** What a trace takes down in bfloat16: seen by the ops alone, so that it holds on every processor. */
import { MixedProducts } from "../../../../lib/engine/native/mixed_products.ts";
import {
  DataType,
  intAttribute,
  type OpAttribute,
  stringAttribute,
  type TensorRecord,
  typeAttribute,
} from "../../../../lib/engine/native/native_types.ts";
import { assertEquals } from "../../../assert.ts";

const T = typeAttribute("T", DataType.FLOAT);
const CONVOLUTION = [T, intAttribute("strides", [1, 1, 1, 1]), stringAttribute("padding", "SAME")];

/** A max-pooling with windows of 2 × 2. */
const pooling = (step: number): OpAttribute[] => [
  T,
  intAttribute("ksize", [1, 2, 2, 1]),
  intAttribute("strides", [1, step, step, 1]),
  stringAttribute("padding", "VALID"),
];

/** Takes ops down as lines such as `5 = Conv2D(3, 4) bfloat16`; tensors 0 to 9 come from outside. */
function notes() {
  const lines: string[] = [];
  const mixed = new MixedProducts((name, attributes, inputs) => {
    const id = 10 + lines.length,
      type = attributes.find(({ name }) => name === "T" || name === "DstT")!.value;
    lines.push(`${id} = ${name}(${inputs.join(", ")}) ${type === DataType.FLOAT ? "float32" : "bfloat16"}`);
    return [{ id, shape: [], dtype: type as number } as TensorRecord];
  });
  return { mixed, lines };
}

Deno.test("MixedProducts pools what a convolution gave before the cast back, forward and in the gradient", () => {
  const { mixed, lines } = notes();
  const [convolved] = mixed.take("Conv2D", CONVOLUTION, [0, 1])!;
  const [pooled] = mixed.take("MaxPool", pooling(2), [convolved.id])!;
  const [slope] = mixed.take("MaxPoolGrad", pooling(2), [convolved.id, pooled.id, 2])!;
  mixed.take("Conv2DBackpropFilter", CONVOLUTION, [0, 3, slope.id]);
  assertEquals(lines, [
    "10 = Cast(0) bfloat16",
    "11 = Cast(1) bfloat16",
    "12 = Conv2D(10, 11) bfloat16",
    "13 = Cast(12) float32",
    "14 = MaxPool(12) bfloat16",
    "15 = Cast(14) float32",
    "16 = Cast(2) bfloat16",
    "17 = MaxPoolGrad(12, 14, 16) bfloat16",
    "18 = Cast(17) float32",
    "19 = Conv2DBackpropFilter(10, 3, 17) bfloat16",
    "20 = Cast(19) float32",
  ]);
});

Deno.test("MixedProducts has bias and relu join their convolution, and gives the sum in float32 to whoever else asks", () => {
  const { mixed, lines } = notes();
  const [convolved] = mixed.take("Conv3D", CONVOLUTION, [0, 1])!;
  const [sum] = mixed.take("BiasAdd", [T], [convolved.id, 2])!;
  const [active] = mixed.take("Relu", [T], [sum.id])!;
  mixed.take("Conv3D", CONVOLUTION, [active.id, 3]);
  assertEquals(lines.slice(2), [
    "12 = Conv3D(10, 11) bfloat16",
    "13 = Cast(12) float32",
    "14 = BiasAdd(13, 2) float32",
    "15 = Cast(2) bfloat16",
    "16 = BiasAdd(12, 15) bfloat16",
    "17 = Relu(16) bfloat16",
    "18 = Cast(17) float32",
    "19 = Cast(3) bfloat16",
    "20 = Conv3D(17, 19) bfloat16",
    "21 = Cast(20) float32",
  ]);
  const [product] = mixed.take("MatMul", [T], [0, 1])!;
  assertEquals(mixed.take("BiasAdd", [T], [product.id, 2]), undefined, "of a product of matrices");
  assertEquals(mixed.take("Relu", [T], [convolved.id]), undefined, "without a bias");
});

Deno.test("MixedProducts leaves a pooling to float32 where its values are not rounded, or their gradients are summed", () => {
  const { mixed, lines } = notes();
  assertEquals(mixed.take("MaxPool", pooling(2), [0]), undefined, "of an input that no product gave");
  const [convolved] = mixed.take("Conv2D", CONVOLUTION, [0, 1])!, taken = lines.length;
  assertEquals(mixed.take("MaxPool", pooling(1), [convolved.id]), undefined, "with windows that overlap");
  assertEquals(mixed.take("MaxPoolGrad", pooling(2), [convolved.id, 5, 6]), undefined, "of another pooling");
  assertEquals(mixed.take("Tanh", [T], [convolved.id]), undefined, "nor is any other op rounded");
  assertEquals(lines.length, taken);
});
