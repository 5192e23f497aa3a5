/** Preprocessing: steps as data, applied in JavaScript or told as primitive operations. @module */
export * from "./registry.ts";
export { type Pixels, sizeOf } from "./pixels.ts";
export type { PerChannel, PrimitiveOp } from "./primitive_op.ts";
export type { AsinhStep } from "./asinh.ts";
export type { BandLimitsStep } from "./band_limits.ts";
export type { ColorResidualStep } from "./color_residual.ts";
export type { CropCenterStep } from "./crop_center.ts";
export type { GreyStep } from "./grey.ts";
export type { InvertIfBrightStep } from "./invert_if_bright.ts";
export type { Log1pStep } from "./log1p.ts";
export type { PadStep } from "./pad.ts";
export type { RemoveHotPixelsStep } from "./remove_hot_pixels.ts";
export type { ResizeStep } from "./resize.ts";
export type { ScaleStep } from "./scale.ts";
export type { SelectBandsStep } from "./select_bands.ts";
export type { StandardizeStep } from "./standardize.ts";
export type { TimeOrderStep } from "./time_order.ts";
export type { WindowStep } from "./window.ts";
