/** Pieces of clothing: the tutorial's exercise. @module */
import { FASHION_CLASSES, readFashion } from "../../data/fashion.ts";
import { imageClasses } from "../image_classes.ts";

/** The experiment. */
export const fashion = imageClasses({
  name: "fashion",
  summary: "Pieces of clothing, 28 × 28: which of ten kinds",
  description: "Tells pieces of clothing apart. Trained on Fashion-MNIST (arXiv 1708.07747): 60,000 images.",
  output: "clothing",
  classNames: FASHION_CLASSES,
  side: 28,
  read: readFashion,
  augmentation: [
    { op: "flip", horizontal: true },
    { op: "shift", most: 1 },
    { op: "cutout", shape: "square", size: 8 },
  ],
  widths: [32, 64, 128], // 0.46 M parameters
  defaults: { epochs: 20, batch: 128 },
});
