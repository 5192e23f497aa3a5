/** What the route through codes learns by: an autoencoder of events, and from the code of one to that of what is left of it. @module */
import { tf } from "../../engine/mod.ts";
import { decodeCodes, encodeMaps, routeCodes } from "../../models/supernemo_vae.ts";
import { binaryCrossEntropy, type JointLoss, type NamedTensors, stopGradient } from "../../train/mod.ts";
import { CELLS } from "../supernemo/maps.ts";

/**
 * Cross-entropy of the event and of what is to be left of it, each drawn of its code, summed over cells, and the squared distance between the code that the
 * route makes of the first and the code of the second.
 *
 * No gradient of that distance reaches the autoencoder: it learns as if it were alone, and both at once learn what the source has one learn after the
 * other. Nothing is dropped out.
 *
 * Source: the third proposal for clustering of github.com/amendl/SuperNEMO_ML_applications: "generate latent representation of event (r1), then latent
 * representation of event without one track (r2) and train model to go from (r1) to (r2)".
 *
 * @param modelOf The model in training.
 */
export function latentLoss(modelOf: () => tf.LayersModel): JointLoss {
  const crossEntropy = binaryCrossEntropy();
  return {
    config: { name: "latentRoute" },
    logits: [],
    parts: ["eventLoss", "restLoss", "routeLoss"],
    together({ mask }: NamedTensors, _outputs: NamedTensors, inputs: NamedTensors) {
      const event = tf.cast(Object.values(inputs)[0], "float32"), model = modelOf();
      const rest = tf.reshape(tf.cast(mask, "float32"), event.shape);
      const both = tf.concat([event, rest], 0), codes = encodeMaps(model, both); // [2 · batch, latent]
      const misses = tf.mul(
        crossEntropy.perExample(both, decodeCodes(model, codes), { logits: false }),
        CELLS,
      );
      const [ofEvent, ofRest] = tf.split(stopGradient(codes), 2, 0);
      const routeLoss = tf.sum(tf.squaredDifference(routeCodes(model, ofEvent), ofRest), 1);
      const [eventLoss, restLoss] = tf.split(misses, 2, 0);
      // Not a sum of three, which TensorFlow takes in whatever order they come: a resumed run is to have the same bits.
      const drawn = tf.sum(tf.reshape(misses, [2, -1]), 0);
      return { loss: tf.add(drawn, routeLoss), parts: { eventLoss, restLoss, routeLoss } };
    },
  };
}
