"""A frame posted as PNG, scored by ONNX Runtime behind LitServe: python serve_litserve.py MODEL PORT"""
import sys

import litserve as ls
import numpy as np
import onnxruntime as ort
from fastapi import UploadFile
from PIL import Image


class Recoil(ls.LitAPI):
    def setup(self, device):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(sys.argv[1], options)

    def decode_request(self, request: UploadFile):
        frame = np.asarray(Image.open(request.file), np.float32)
        top, left = (frame.shape[0] - 128) // 2, (frame.shape[1] - 128) // 2
        return np.clip((frame[top : top + 128, left : left + 128] - 60) / 70, 0, 1)[None, :, :, None]

    def predict(self, image):
        return self.session.run(None, {"image": image})

    def encode_response(self, output):
        p = float(output[0][0, 0])
        return {"kind": "NR" if p >= 0.5 else "ER", "probability": p, "energyKeV": 30 * float(output[1][0, 0])}


if __name__ == "__main__":
    server = ls.LitServer(Recoil(), accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), num_api_servers=2, generate_client_file=False, log_level="error")
