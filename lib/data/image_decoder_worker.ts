/** The thread behind {@link "./image_decoder.ts"}. @module */
import { decodeImage } from "../io/decode_image.ts";
import type { Image } from "../io/image.ts";
import type { DecodeOrder, DecoderSetup } from "./image_decoder.ts";
import { answerTasks } from "../base/worker_pool.ts";

answerTasks<DecodeOrder, Image, DecoderSetup>(({ bytes, name }, { maxPixels }) => {
  const result = decodeImage(bytes, { name, maxPixels });
  return { result, transfer: [result.data.buffer as ArrayBuffer] };
});
