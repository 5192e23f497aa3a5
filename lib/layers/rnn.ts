/** RNN: a cell, or several, run over a series. Input [batch, steps, in]. @module */
import type { tf } from "../engine/mod.ts";
import { Chain, emitChain } from "./_chain.ts";
import { withFirstState } from "./_first_state.ts";
import { numberedPaths } from "./keras_paths.ts";
import { type Applied, innerConfig, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition, WeightPart } from "./definition.ts";
import { Cell, type SeriesAsked, StackedRNNCells } from "./recurrent_cell.ts";

/** Settings of {@linkcode Rnn}. */
export interface RnnConfig extends LayerConfig, Partial<SeriesAsked> {
  cell: Cell;
}

/**
 * What a cell gives behind the last step, or behind each; of stacked cells what the last one gives.
 *
 * Shapes: [batch, units], or [batch, steps, units] with `returnSequences`; `returnState` adds the state of one cell.
 * Source: Keras 3's `RNN`. One cell is as its recurrent layer; stacked ones are as many layers, one on the other.
 */
export class Rnn extends Chain {
  static className = "RNN";
  readonly cell: Cell;
  readonly #asked: SeriesAsked;

  constructor(config: RnnConfig) {
    const { cell, returnSequences = false, returnState = false, goBackwards = false } = config;
    if (!(cell instanceof Cell)) throw new TypeError("its cell must be a cell, such as LSTMCell");
    const asked = { returnSequences, returnState, goBackwards };
    super(config, cell.over(asked));
    this.cell = cell;
    this.#asked = asked;
  }

  override apply(inputs: Applied, kwargs?: Record<string, unknown>): Applied {
    const [all, told] = withFirstState(inputs, kwargs);
    if (told.initialState !== undefined && this.cell instanceof StackedRNNCells) {
      throw new TypeError("a first state goes into an RNN of one cell only");
    }
    return super.apply(all, told as never);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#asked, cell: innerConfig(this.cell) };
  }
}

/** Where Keras keeps the weights of each recurrent layer in a chain. */
function parts(layer: tf.layers.Layer): WeightPart[] {
  const { chain, cell } = layer as Rnn;
  const paths = cell instanceof StackedRNNCells ? pathsOf(cell, "cell") : ["cell"];
  return chain.map((inner, i) => ({
    path: paths[i],
    owner: (inner as unknown as { cell: object }).cell,
    count: inner.getWeights().length || undefined,
  }));
}

/** Stacks may hold stacks. */
function pathsOf({ cells }: StackedRNNCells, path: string): string[] {
  const names = numberedPaths(cells.map((cell) => cell.getClassName()));
  return cells.flatMap((cell, i) => {
    const own = `${path}/cells/${names[i]}`;
    return cell instanceof StackedRNNCells ? pathsOf(cell, own) : [own];
  });
}

export const RNN: LayerDefinition = {
  className: "RNN",
  keras: {
    fields: {
      cell: "layer",
      returnSequences: "boolean",
      returnState: "boolean",
      goBackwards: "boolean",
    },
    fixed: { stateful: false },
    ignored: ["unroll", "zero_output_for_mask"], // no layer here makes a mask
    parts,
    create: (settings) => new Rnn(settings as unknown as RnnConfig),
  },
  onnx: emitChain,
};
