/** The networks of the ECAL experiment, each with the steps that bring an image to it. @module */
import type { tf } from "../../engine/mod.ts";
import { parsePreprocessing, type PreprocessingStep, shapeAfter } from "../../image/preprocessing/mod.ts";
import { buildConv3dNet } from "../../models/conv3d_net.ts";
import { buildEcalNet } from "../../models/ecal_net.ts";
import { buildEcalResnet } from "../../models/ecal_resnet.ts";
import { ECAL_SHAPE } from "../../data/ecal.ts";

/** Names of the networks. */
export const NETWORKS = ["small", "resnet15", "conv3d"] as const;

/** What chooses a network and its steps. */
export interface NetworkOptions {
  model: (typeof NETWORKS)[number];
  /** Whether it sees times as well as energies. */
  time: boolean;
  /** Frames as the document makes them, or as they are meant. */
  like: "right" | "document";
  /** Dropout before batch normalisation, as the document has it, or after. */
  order: "document" | "fixed";
  seed: number;
}

/** Energies and times are linear up to this and logarithmic beyond: the noise of a crystal, and 5 ns; in the files' units. */
const LOG_ENERGY = 1e-3, LOG_TIME = 0.1;
/** Energies are nearly linear throughout: shares of the whole are told best so. */
const LINEAR_ENERGY = 0.5;

/** Energies on both scales, and times where they are seen. */
function bothScales(time: boolean): unknown[] {
  const bands = time ? [0, 0, 1] : [0, 0],
    scale = [LINEAR_ENERGY, LOG_ENERGY, LOG_TIME].slice(0, bands.length);
  return [{ op: "selectBands", bands }, { op: "asinh", scale }];
}

/** Energies on the logarithmic scale, and times where they are seen. */
function logScale(time: boolean): unknown[] {
  if (time) return [{ op: "asinh", scale: [LOG_ENERGY, LOG_TIME] }];
  return [{ op: "selectBands", bands: [0] }, { op: "asinh", scale: LOG_ENERGY }];
}

/**
 * The steps from an image of energies and times to a network's input.
 *
 * @throws {RangeError} If the network of frames is to see no times.
 */
export function stepsFor({ model, time, like }: NetworkOptions): PreprocessingStep[] {
  if (model === "conv3d") {
    if (!time) {
      throw new RangeError(
        "Cannot train conv3d on energy alone as its frames are of time: choose another model",
      );
    }
    const step = { op: "timeOrder", minTime: -0.1, maxTime: 0.1, cumulative: true, channels: "energy", like };
    return parsePreprocessing([step]);
  }
  if (model === "resnet15") return parsePreprocessing(logScale(time));
  // One more row and column put the seed, row and column 16 of 32, into the very middle, so that mirror images are alike.
  return parsePreprocessing([...bothScales(time), { op: "pad", height: 33, width: 33 }]);
}

/** Builds a network, its initial weights fixed by the seed. */
export function buildNetwork(options: NetworkOptions): tf.LayersModel {
  const { model, order, seed } = options, inputShape = shapeAfter(stepsFor(options), ECAL_SHAPE);
  if (model === "small") return buildEcalNet({ inputShape, seed });
  if (model === "resnet15") return buildEcalResnet({ inputShape, seed });
  return buildConv3dNet({ inputShape, order: order === "document" ? "dropout-norm" : "norm-dropout", seed });
}
