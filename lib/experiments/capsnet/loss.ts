/** What CapsNet learns by: margins of the lengths, and the image drawn again by the true class's capsule. @module */
import { tf } from "../../engine/mod.ts";
import { CAPSULE_SIZE, decodeCapsules } from "../../models/capsnet.ts";
import { type JointLoss, margin, type NamedTensors } from "../../train/mod.ts";

/**
 * The margin loss plus `weight` times the summed squared error of the image that the true class's capsule draws.
 *
 * @param modelOf The model in training, whose decoder draws.
 * @param weight Of the reconstruction; 0.0005 in the paper.
 */
export function capsuleLoss(modelOf: () => tf.LayersModel, weight: number): JointLoss {
  const lengths = margin();
  return {
    config: { name: "capsules", margin: lengths.config, reconstruction: weight },
    logits: [],
    parts: ["marginLoss", "reconstructionLoss"],
    together({ lengths: digit }: NamedTensors, outputs: NamedTensors, inputs: NamedTensors) {
      const marginLoss = lengths.perExample(digit, outputs.lengths, { logits: false });
      const [batch, classes] = outputs.lengths.shape as number[];
      const numbers = tf.cast(tf.reshape(digit, [batch]), "int32");
      const chosen = tf.oneHot(numbers, classes, 1, 0, "float32"); // [batch, classes]
      const capsules = tf.reshape(outputs.capsules, [batch, classes, CAPSULE_SIZE]);
      const own = tf.mul(capsules, tf.expandDims(chosen, 2));
      const drawn = decodeCapsules(modelOf(), tf.reshape(own, [batch, classes * CAPSULE_SIZE]));
      const image = tf.reshape(Object.values(inputs)[0], drawn.shape);
      const reconstructionLoss = tf.sum(tf.square(tf.sub(drawn, image)), 1);
      return {
        loss: tf.add(marginLoss, tf.mul(reconstructionLoss, weight)),
        parts: { marginLoss, reconstructionLoss },
      };
    },
  };
}
