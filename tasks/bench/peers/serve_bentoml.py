"""A frame posted as PNG, scored by ONNX Runtime behind BentoML: MODEL=… bentoml serve serve_bentoml:Recoil"""
import os

import bentoml
import numpy as np
import onnxruntime as ort
from PIL.Image import Image


@bentoml.service(workers=2, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Recoil:
    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(os.environ["MODEL"], options)

    @bentoml.api
    def score(self, image: Image) -> dict:
        frame = np.asarray(image, np.float32)
        top, left = (frame.shape[0] - 128) // 2, (frame.shape[1] - 128) // 2
        crop = np.clip((frame[top : top + 128, left : left + 128] - 60) / 70, 0, 1)
        nuclear, energy = self.session.run(None, {"image": crop[None, :, :, None]})
        p = float(nuclear[0, 0])
        return {"kind": "NR" if p >= 0.5 else "ER", "probability": p, "energyKeV": 30 * float(energy[0, 0])}
