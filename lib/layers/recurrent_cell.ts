/** Cells of recurrent layers, which RNN runs over a series: SimpleRNNCell, GRUCell, LSTMCell, StackedRNNCells. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, innerConfig, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import type { Site } from "./onnx.ts";
import { CELL_FIELDS, RECURRENT_LAYERS } from "./recurrent.ts";

/** What is asked of a recurrent layer besides its cell. */
export interface SeriesAsked {
  returnSequences: boolean;
  returnState: boolean;
  goBackwards: boolean;
}

/** One step of a recurrent layer; no layer by itself. */
export abstract class Cell extends tf.layers.Layer {
  /** Recurrent layers that run it over a series, one on what the one before gives. */
  abstract over(asked: SeriesAsked): tf.layers.Layer[];

  override computeOutputShape(): tf.Shape {
    throw new TypeError(
      `a ${this.getClassName()} is no layer by itself: RNN(${this.getClassName()}(…)) runs it`,
    );
  }
}

/** Settings of a cell: those of the recurrent layer that has it. */
export interface CellConfig extends LayerConfig {
  units: number;
  [setting: string]: unknown;
}

const ONE_ANSWER: SeriesAsked = { returnSequences: false, returnState: false, goBackwards: false };

/** The cell of a recurrent layer's class. */
function cellOf({ className, keras: { create } }: LayerDefinition): LayerDefinition {
  const OneCell = class extends Cell {
    static className = `${className}Cell`;
    readonly #settings: CellConfig;

    constructor(settings: CellConfig) {
      super(baseConfig(settings));
      this.#settings = settings;
    }

    override over(asked: SeriesAsked): tf.layers.Layer[] {
      return [create({ ...this.#settings, ...asked, name: this.name, trainable: this.trainable })];
    }

    override getConfig(): tf.serialization.ConfigDict {
      const [layer] = this.over(ONE_ANSWER);
      return { ...layer.getConfig(), ...super.getConfig() };
    }
  };
  return {
    className: `${className}Cell`,
    keras: {
      fields: CELL_FIELDS[className],
      ignored: ["seed"],
      create: (settings) => new OneCell(settings as CellConfig),
    },
    onnx: refuse,
  };
}

function refuse(site: Site): void {
  throw site.fail("a cell is written by the RNN that runs it");
}

/** Settings of {@linkcode StackedRNNCells}. */
export interface StackedRNNCellsConfig extends LayerConfig {
  cells: readonly Cell[];
}

/** Cells of which each takes what the one before gives, at every step. Source: Keras 3's `StackedRNNCells`. */
export class StackedRNNCells extends Cell {
  static className = "StackedRNNCells";
  readonly cells: readonly Cell[];

  constructor(config: StackedRNNCellsConfig) {
    super(baseConfig(config));
    const other = config.cells.find((cell) => !(cell instanceof Cell));
    if (other) throw new TypeError(`its cells must be cells: got ${other}`);
    this.cells = config.cells;
  }

  override over({ returnSequences, returnState, goBackwards }: SeriesAsked): tf.layers.Layer[] {
    if (returnState) throw new TypeError("the states of several cells cannot be returned");
    const last = this.cells.length - 1;
    return this.cells.flatMap((cell, i) =>
      cell.over({
        returnSequences: i < last || returnSequences,
        returnState: false,
        goBackwards: i === 0 && goBackwards,
      })
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), cells: this.cells.map(innerConfig) };
  }
}

export const RECURRENT_CELLS: readonly LayerDefinition[] = [
  ...RECURRENT_LAYERS.map(cellOf),
  {
    className: "StackedRNNCells",
    keras: {
      fields: { cells: "layers" },
      create: (settings) => new StackedRNNCells(settings as unknown as StackedRNNCellsConfig),
    },
    onnx: refuse,
  },
];
