/**
 * Products and convolutions of a trace in bfloat16: their factors are cast, one cast a tensor, and the result is cast back; where
 * max-pooling follows, only what it leaves is.
 * @module
 */
import { DataType, type OpAttribute, type TensorRecord, typeAttribute } from "./native_types.ts";

/** Ops that multiply, with the place of the input that is a shape, where one is. */
const SHAPE_INPUT: Readonly<Record<string, number | undefined>> = {
  BatchMatMul: undefined,
  BatchMatMulV2: undefined,
  Conv2D: undefined,
  Conv2DBackpropFilter: 1,
  Conv2DBackpropInput: 0,
  Conv3D: undefined,
  Conv3DBackpropFilterV2: 1,
  Conv3DBackpropInputV2: 0,
  MatMul: undefined,
};

/**
 * Ops that choose among values, with the places of those: the largest of rounded values is itself one, so that nothing is lost by
 * choosing before the cast back, which then has a quarter of the values to cast, and as many in the gradient.
 */
const CHOSEN_FROM: Readonly<Record<string, readonly number[]>> = { MaxPool: [0], MaxPoolGrad: [0, 1] };

/** Whether no value is in two windows: the gradients of those that are would be summed. */
function areWindowsApart(attributes: readonly OpAttribute[]): boolean {
  const [sides, steps] = ["ksize", "strides"].map((wanted) =>
    attributes.find(({ name }) => name === wanted)?.value as readonly number[]
  );
  return sides.every((side, axis) => side <= steps[axis]);
}

/** Takes an op down in a trace. */
type Execute = (
  name: string,
  attributes: readonly OpAttribute[],
  inputs: readonly number[],
  outputs: number,
) => TensorRecord[];

/** What a trace knows of its tensors in bfloat16. */
export class MixedProducts {
  readonly #execute: Execute;
  /** From the number of a float32 tensor to that of its bfloat16 values. */
  readonly #rounded = new Map<number, number>();

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** Takes a product of float32 tensors, or a choice among what products gave, down in bfloat16; undefined for any other op. */
  take(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
  ): TensorRecord[] | undefined {
    const type = attributes.findIndex(({ name }) => name === "T");
    const isNarrow = Object.hasOwn(SHAPE_INPUT, name) || this.#isChoice(name, attributes, inputs);
    if (!isNarrow || attributes[type]?.value !== DataType.FLOAT) return undefined;
    const shapeInput = SHAPE_INPUT[name];
    const factors = inputs.map((id, i) => i === shapeInput ? id : this.#round(id));
    const narrow = attributes.with(type, typeAttribute("T", DataType.BFLOAT16));
    const [result] = this.#execute(name, narrow, factors, 1);
    const wide = this.#cast(result.id, DataType.BFLOAT16, DataType.FLOAT);
    this.#rounded.set(wide.id, result.id); // rounding it again would give the same
    return [wide];
  }

  #isChoice(name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): boolean {
    if (!Object.hasOwn(CHOSEN_FROM, name)) return false;
    return CHOSEN_FROM[name].every((place) => this.#rounded.has(inputs[place])) &&
      areWindowsApart(attributes);
  }

  #round(id: number): number {
    let rounded = this.#rounded.get(id);
    if (rounded === undefined) {
      this.#rounded.set(id, rounded = this.#cast(id, DataType.FLOAT, DataType.BFLOAT16).id);
    }
    return rounded;
  }

  #cast(id: number, from: number, to: number): TensorRecord {
    return this.#execute("Cast", [typeAttribute("SrcT", from), typeAttribute("DstT", to)], [id], 1)[0];
  }
}
