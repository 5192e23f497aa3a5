/** Recurrent layers: SimpleRNN, GRU, LSTM. Input [batch, steps, in], kernel [in, gates · units]. @module */
import { BIASED, type Fields, QUIET, stock, trained } from "./_fields.ts";
import { activationName } from "./activations.ts";
import type { KerasForm, LayerDefinition } from "./definition.ts";
import { Gru } from "./gru.ts";
import { type Attribute, constant, type Emit, set, transpose, type Weight } from "./onnx.ts";

/** Activations inside ONNX's recurrent operations. */
const RECURRENT: Readonly<Record<string, { name: string; alpha: number; beta: number }>> = {
  tanh: { name: "Tanh", alpha: 0, beta: 0 },
  sigmoid: { name: "Sigmoid", alpha: 0, beta: 0 },
  relu: { name: "Relu", alpha: 0, beta: 0 },
  softsign: { name: "Softsign", alpha: 0, beta: 0 },
  hardSigmoid: { name: "HardSigmoid", alpha: 0.2, beta: 0.5 },
  hardSigmoid6: { name: "HardSigmoid", alpha: 1 / 6, beta: 0.5 },
};

/** How a class is written. */
interface Operation {
  type: "RNN" | "GRU" | "LSTM";
  /** Where ONNX's gates are among TensorFlow's. */
  gates: readonly number[];
  /** How often the activation itself is named, behind the recurrent one; 0 where there is no recurrent one. */
  activations: number;
}

function recur({ type, gates, activations }: Operation): Emit {
  return (site) => {
    const { build, settings, weights: [kernel, recurrent, bias], inputs: [input] } = site;
    const { units, goBackwards, returnSequences } = settings, { key } = site;
    if (settings.stateful) throw site.fail("a state that lasts from batch to batch has no counterpart");
    const named = (activation: string) => {
      if (!Object.hasOwn(RECURRENT, activation)) {
        throw site.fail(`activation "${activation}" has no counterpart`);
      }
      return RECURRENT[activation];
    };
    const inner = named(activationName(settings.activation));
    const functions = activations === 0 ? [inner] : [
      named(activationName(settings.recurrentActivation)),
      ...Array<typeof inner>(activations).fill(inner),
    ];
    // [inputs, gates · units] to [1, gates · units, inputs], gates in ONNX's order.
    const turned = ({ data, shape: [rows] }: Weight): Weight => {
      const all = transpose(data, [rows, gates.length, units], [1, 2, 0]), size = units * rows;
      const out = new Float32Array(data.length);
      gates.forEach((gate, i) => out.set(all.subarray(gate * size, (gate + 1) * size), i * size));
      return { data: out, shape: [1, gates.length * units, rows] };
    };
    let steps = build.node("Transpose", [build.as(input, "last")], { perm: [1, 0, 2] });
    if (goBackwards) {
      const parts = [[-1], [-0x7fffffff], [0], [-1]].map((list) => build.integers(list));
      steps = build.node("Slice", [steps, ...parts]);
    }
    const inputs = [
      steps,
      constant(site, "kernel", turned(kernel)),
      constant(site, "recurrent", turned(recurrent)),
    ];
    if (bias) {
      // The second half belongs to the recurrent product; only a GRU that resets behind it has one.
      const count = gates.length * units, data = new Float32Array(2 * count);
      for (let half = 0; half * count < bias.data.length; half++) {
        gates.forEach((gate, i) => {
          const from = half * count + gate * units;
          data.set(bias.data.subarray(from, from + units), half * count + i * units);
        });
      }
      inputs.push(build.floats(data, [1, data.length], `${key} bias`));
    }
    const states = site.inputs.slice(1); // [batch, units] to [1, batch, units]
    if (states.length > 0) {
      if (!bias) inputs.push("");
      inputs.push(""); // all sequences have the same length
      for (const state of states) {
        inputs.push(build.node("Unsqueeze", [build.as(state, "last"), build.integers([0])]));
      }
    }
    const attributes: Record<string, Attribute> = {
      hidden_size: units,
      activations: { strings: functions.map(({ name }) => name) },
    };
    if (settings.resetAfter) attributes.linear_before_reset = 1;
    const sloped = functions.filter(({ alpha }) => alpha !== 0); // only these take numbers
    if (sloped.length > 0) {
      attributes.activation_alpha = { floats: sloped.map(({ alpha }) => alpha) };
      attributes.activation_beta = { floats: sloped.map(({ beta }) => beta) };
    }
    const [all, ...last] = build.nodes(type, inputs, attributes, type === "LSTM" ? 3 : 2);
    const final = last.map((name) => build.node("Squeeze", [name, build.integers([0])])); // [batch, units]
    site.outputs.slice(1).forEach((output, i) => output.names.last = final[i]);
    if (!returnSequences) return set(site, "last", final[0]);
    const sequence = build.node("Squeeze", [all, build.integers([1])]); // [steps, 1, batch, units]
    set(site, "last", build.node("Transpose", [sequence], { perm: [1, 0, 2] }));
  };
}

/** What every cell is told. */
const SHARED: Fields = {
  units: "integer",
  ...BIASED,
  ...trained("kernel", "recurrent"),
  dropout: "number",
  recurrentDropout: "number",
};

/** What is told of a layer's cell, by the layer's class. */
export const CELL_FIELDS: Readonly<Record<string, Fields>> = {
  SimpleRNN: SHARED,
  GRU: { ...SHARED, recurrentActivation: "activation", resetAfter: "boolean" },
  LSTM: { ...SHARED, recurrentActivation: "activation", unitForgetBias: "boolean" },
};

function recurrentForm(className: string, create: KerasForm["create"]): KerasForm {
  return {
    fields: {
      ...CELL_FIELDS[className],
      returnSequences: "boolean",
      returnState: "boolean",
      goBackwards: "boolean",
    },
    fixed: { ...QUIET, stateful: false },
    ignored: ["seed", "unroll", "zero_output_for_mask"], // no layer here makes a mask
    parts: (layer) => [{ path: "cell", owner: (layer as unknown as { cell: object }).cell }],
    create,
  };
}

export const RECURRENT_LAYERS: readonly LayerDefinition[] = [
  {
    className: "SimpleRNN",
    keras: recurrentForm("SimpleRNN", stock("simpleRNN")),
    onnx: recur({ type: "RNN", gates: [0], activations: 0 }),
  },
  {
    className: "GRU",
    keras: recurrentForm("GRU", (settings) => new Gru(settings)),
    onnx: recur({ type: "GRU", gates: [0, 1, 2], activations: 1 }), // update, reset, new: the same order
  },
  {
    className: "LSTM",
    keras: recurrentForm("LSTM", stock("lstm")),
    // Input, output, forget, cell from input, forget, cell, output.
    onnx: recur({ type: "LSTM", gates: [0, 3, 1, 2], activations: 2 }),
  },
];
