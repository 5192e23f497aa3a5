/**
 * Products and convolutions of a trace in bfloat16: their factors are cast, one cast a tensor, and the result is cast back; what
 * can be done before the cast without a rounding more is, such as max-pooling.
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

/** Convolutions, which TensorFlow joins with a bias and relu after them. */
const CONVOLUTIONS: ReadonlySet<string> = new Set(["Conv2D", "Conv3D"]);

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

/** A convolution with its bias, in float32. */
interface BiasedConvolution {
  attributes: readonly OpAttribute[];
  inputs: readonly number[];
}

/** What a trace knows of its tensors in bfloat16. */
export class MixedProducts {
  readonly #execute: Execute;
  /** From the number of a float32 tensor to that of its bfloat16 values. */
  readonly #rounded = new Map<number, number>();
  /** Float32 results of convolutions, and their sums with a bias. */
  readonly #convolved = new Set<number>();
  readonly #biased = new Map<number, BiasedConvolution>();

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /**
   * Takes a product of float32 tensors, or what follows it before the cast back, down in bfloat16; undefined for any other op.
   */
  take(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
  ): TensorRecord[] | undefined {
    if (!attributes.some(({ name, value }) => name === "T" && value === DataType.FLOAT)) return undefined;
    if (name === "BiasAdd" && this.#convolved.has(inputs[0])) return this.#addBias(attributes, inputs);
    if (name === "Relu" && this.#biased.has(inputs[0])) return [this.#activate(attributes, inputs[0])];
    if (!Object.hasOwn(SHAPE_INPUT, name) && !this.#isChoice(name, attributes, inputs)) return undefined;
    const shapeInput = SHAPE_INPUT[name];
    const wide = this.#widen(
      this.#narrow(name, attributes, inputs.map((id, i) => i === shapeInput ? id : this.#round(id))),
    );
    if (CONVOLUTIONS.has(name)) this.#convolved.add(wide.id);
    return [wide];
  }

  /** Adds a bias in float32; nothing runs it where relu is all that asks for the sum. */
  #addBias(attributes: readonly OpAttribute[], inputs: readonly number[]): TensorRecord[] {
    const [sum] = this.#execute("BiasAdd", attributes, inputs, 1);
    this.#biased.set(sum.id, { attributes, inputs });
    return [sum];
  }

  /** Relu of a convolution and its bias, which TensorFlow makes one op that rounds once: its sums are float32's. */
  #activate(attributes: readonly OpAttribute[], sum: number): TensorRecord {
    const { attributes: ofSum, inputs } = this.#biased.get(sum)!;
    const biased = this.#narrow("BiasAdd", ofSum, inputs.map((id) => this.#round(id)));
    return this.#widen(this.#narrow("Relu", attributes, [biased]));
  }

  #isChoice(name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): boolean {
    if (!Object.hasOwn(CHOSEN_FROM, name)) return false;
    return CHOSEN_FROM[name].every((place) => this.#rounded.has(inputs[place])) &&
      areWindowsApart(attributes);
  }

  /** Takes an op down by its name with bfloat16 tensors; the number of its result. */
  #narrow(name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): number {
    const typed = attributes.map((attribute) =>
      attribute.name === "T" ? typeAttribute("T", DataType.BFLOAT16) : attribute
    );
    return this.#execute(name, typed, inputs, 1)[0].id;
  }

  /** Casts back; rounding that again would give the same. */
  #widen(narrow: number): TensorRecord {
    const wide = this.#cast(narrow, DataType.BFLOAT16, DataType.FLOAT);
    this.#rounded.set(wide.id, narrow);
    return wide;
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
