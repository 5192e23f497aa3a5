/** Handwritten digits: the tutorial's data set. @module */
import { readMnist } from "../../data/mnist.ts";
import { imageClasses } from "../image_classes.ts";

/** The experiment. */
export const mnist = imageClasses({
  name: "mnist",
  summary: "Handwritten digits, 28 × 28: which of ten",
  description: "Tells handwritten digits apart. Trained on MNIST (LeCun, Cortes, Burges): 60,000 images.",
  output: "digit",
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  side: 28,
  read: readMnist,
  augmentation: [{ op: "shift", most: 2 }, { op: "rotate", degrees: 10 }, { op: "zoom", most: 0.1 }],
  defaults: { epochs: 8, batch: 128 },
});
