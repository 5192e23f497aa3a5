/** Layers that only order values anew: Flatten, Reshape, Permute, RepeatVector. @module */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { pass, product, set, sizes } from "./onnx.ts";

/**
 * All values of an example in one row; a single number becomes a row of one. TensorFlow.js's layer refuses ranks 1 and 2.
 *
 * Shapes: [batch, …] to [batch, values].
 */
export class Flatten extends tf.layers.Layer {
  static className = "Flatten";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, ...sides] = onlyShape(inputShape);
    const size = sides.reduce<number | null>(
      (size, side) => size === null || side === null ? null : size * side,
      1,
    );
    return [batch, size];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), [batch, ...sides] = x.shape;
      return tf.reshape(x, [batch, product(sides)]);
    });
  }
}

const FLATTEN: LayerDefinition = {
  className: "Flatten",
  keras: { fields: {}, fixed: LAST, create: (settings) => new Flatten(settings) },
  onnx(site) {
    const { build, inputs: [input], output } = site;
    if (input.shape.length === 2) return pass(site);
    if (input.shape.length === 1) {
      const column = build.node("Unsqueeze", [build.as(input, "last"), build.integers([1])]);
      return set(site, "last", column);
    }
    if (input.names.last !== undefined || input.shape.slice(1).includes(null)) {
      return set(site, "last", build.node("Flatten", [build.as(input, "last")], { axis: 1 }));
    }
    // A dense layer behind can take it as it lies; anybody else has it turned.
    output.flattened = {
      name: build.node("Flatten", [input.names.first!], { axis: 1 }),
      shape: input.shape,
    };
  },
};

const Stock = (tf.layers.reshape({ targetShape: [1] }) as object).constructor as new (
  config: object,
) => tf.layers.Layer & { targetShape: (number | null)[] };

/** TensorFlow.js's layer, which leaves its one open side open although all others follow from the input. */
class Reshape extends Stock {
  static className = "Reshape";

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, ...sides] = onlyShape(inputShape), wanted = this.targetShape;
    const open = wanted.filter((side) => side === null).length;
    if (open !== 1 || sides.includes(null)) return [batch, ...wanted];
    const rest = product(sides as number[]) / product(wanted.filter((side) => side !== null));
    return [batch, ...wanted.map((side) => side ?? rest)];
  }
}

const RESHAPE: LayerDefinition = {
  className: "Reshape",
  keras: { fields: { targetShape: "shape" }, create: (settings) => new Reshape(settings) },
  onnx(site) {
    const { build, inputs: [input], output, settings } = site, wanted = sizes(output.shape);
    if (wanted.filter((side) => side < 0).length > 1) {
      throw site.fail(`shape ${JSON.stringify(settings.targetShape)} has several open sides`);
    }
    set(site, "last", build.node("Reshape", [build.as(input, "last"), build.integers(wanted)]));
  },
};

const PERMUTE: LayerDefinition = {
  className: "Permute",
  keras: { fields: { dims: "integers" }, create: stock("permute") },
  onnx(site) {
    const { build, inputs: [input], settings: { dims } } = site;
    set(site, "last", build.node("Transpose", [build.as(input, "last")], { perm: [0, ...dims] }));
  },
};

const REPEAT_VECTOR: LayerDefinition = {
  className: "RepeatVector",
  keras: { fields: { n: "integer" }, create: stock("repeatVector") },
  onnx(site) {
    const { build, inputs: [input], settings: { n } } = site;
    const row = build.node("Reshape", [build.as(input, "last"), build.integers([0, 1, -1])]);
    set(site, "last", build.node("Tile", [row, build.integers([1, n, 1])]));
  },
};

export const SHAPES: readonly LayerDefinition[] = [FLATTEN, RESHAPE, PERMUTE, REPEAT_VECTOR];
