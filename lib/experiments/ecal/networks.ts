/** The networks of the ECAL experiment, each with the steps that bring an image to it. @module */
import type { tf } from "../../engine/mod.ts";
import { parsePreprocessing, type PreprocessingStep, shapeAfter } from "../../image/preprocessing/mod.ts";
import { buildConv3dNet } from "../../models/conv3d_net.ts";
import { buildEcalInception } from "../../models/ecal_inception.ts";
import { buildEcalNet } from "../../models/ecal_net.ts";
import { buildEcalResnet } from "../../models/ecal_resnet.ts";
import { ECAL_SHAPE } from "../../data/ecal.ts";

/** Names of the networks. */
export const NETWORKS = ["small", "resnet15", "inception", "conv3d"] as const;

/** What chooses a network and its steps. */
export interface NetworkOptions extends FilmOptions {
  model: (typeof NETWORKS)[number];
  /** Whether it sees times as well as energies. */
  time: boolean;
  /** Dropout before batch normalisation, and this slow, as the document has it; or after, and this fast enough for short trainings. */
  order: "document" | "fixed";
  seed: number;
}

/** How an image becomes a film for the network of frames; energies and times in the files' units. */
export interface FilmOptions {
  /** Frames as the document makes them, or as they are meant. */
  like: "right" | "document";
  /** Hits of this energy and less are left out. */
  lowEnergy: number;
  /** From when. */
  minTime: number;
  /** To when. */
  maxTime: number;
  /** Length of a frame. */
  frame: number;
  /** Whether energies that came stay in all later frames. */
  cumulative: boolean;
  /** Hits outside the window left out, or in the first and last frame. */
  outside: "drop" | "clamp";
}

/** The document's film. */
export const DOCUMENT_FILM: FilmOptions = {
  like: "document",
  lowEnergy: 0.005,
  minTime: -0.1,
  maxTime: 0.1,
  frame: 0.0099,
  cumulative: true,
  outside: "drop",
};

/** Energies and times are linear up to this and logarithmic beyond: the noise of a crystal, and 5 ns; in the files' units. */
const LOG_ENERGY = 1e-3, LOG_TIME = 0.1;
/** Energies are nearly linear throughout: shares of the whole are told best so. */
const LINEAR_ENERGY = 0.5;
/** What ResNet-15's authors divide energies and times by, as if they were the shades of a picture. */
const SHADES = 255;

/** Later than any hit, in the files' 50 ns: the step takes hits of less alone. */
const AFTER_ALL = 100;

/**
 * The film that a network of frames sees. Without times it stands still, and is as long: every hit is there from the first frame on, so
 * that the same network learns from energies alone.
 */
function filmSteps(
  { like, lowEnergy, minTime, maxTime, frame, cumulative, outside }: FilmOptions,
  time: boolean,
): unknown[] {
  const film = { minTime, maxTime, step: frame, lowEnergy, cumulative, outside, like };
  const moving = { op: "timeOrder", ...film, channels: "energy" };
  if (time) return [moving];
  const [frames] = shapeAfter(parsePreprocessing([moving]), ECAL_SHAPE);
  const still = { minTime: AFTER_ALL, maxTime: AFTER_ALL + frames, step: 1 };
  return [{ ...moving, ...still, cumulative: true, outside: "clamp", like: "right" }];
}

/** The small network's: energies on both scales, and times where they are seen. */
function smallSteps(time: boolean): unknown[] {
  const bands = time ? [0, 0, 1] : [0, 0];
  const scale = [LINEAR_ENERGY, LOG_ENERGY, LOG_TIME].slice(0, bands.length);
  // One more row and column put the seed, row and column 16 of 32, into the very middle, so that mirror images are alike.
  return [{ op: "selectBands", bands }, { op: "asinh", scale }, { op: "pad", height: 33, width: 33 }];
}

/**
 * The steps from an image of energies and times to a network's input.
 *
 * @throws {TypeError} If a film cannot be made so.
 */
export function stepsFor(options: NetworkOptions): PreprocessingStep[] {
  const { model, time } = options;
  const select = time ? [] : [{ op: "selectBands", bands: [0] }];
  const steps = {
    small: () => smallSteps(time),
    resnet15: () => [...select, { op: "scale", factor: 1 / SHADES }],
    inception: () => time ? [{ op: "selectBands", bands: [0, 1] }] : select,
    conv3d: () => filmSteps(options, time),
  };
  return parsePreprocessing(steps[model]());
}

/** Options that only the network of frames has, with what they are unless said. */
const OF_CONV3D = { ...DOCUMENT_FILM, like: "right", order: "fixed" } as const;

/**
 * Refuses options that would do nothing or make no film, before anything is simulated or read.
 *
 * @param given Names of the options that were given.
 * @throws {RangeError} If an option is of another network.
 * @throws {TypeError} If a film cannot be made so.
 */
export function checkNetwork(options: NetworkOptions, given: ReadonlySet<string>): void {
  const { model } = options;
  const isIdle = (name: keyof typeof OF_CONV3D) => given.has(name) && options[name] !== OF_CONV3D[name];
  const idle = (Object.keys(OF_CONV3D) as (keyof typeof OF_CONV3D)[]).find(isIdle);
  if (model !== "conv3d" && idle !== undefined) {
    throw new RangeError(
      `Cannot set "${idle}" of "${model}": only conv3d has frames and that order of layers`,
    );
  }
  stepsFor(options);
}

/** Builds a network, its initial weights fixed by the seed. */
export function buildNetwork(options: NetworkOptions): tf.LayersModel {
  const { model, order, seed } = options, inputShape = shapeAfter(stepsFor(options), ECAL_SHAPE);
  if (model === "small") return buildEcalNet({ inputShape, seed });
  if (model === "resnet15") return buildEcalResnet({ inputShape, seed });
  if (model === "inception") return buildEcalInception({ inputShape, seed });
  if (order === "document") return buildConv3dNet({ inputShape, seed });
  return buildConv3dNet({ inputShape, order: "norm-dropout", momentum: 0.9, seed });
}
