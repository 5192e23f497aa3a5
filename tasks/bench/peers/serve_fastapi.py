"""A frame posted as PNG, scored by ONNX Runtime behind FastAPI: python serve_fastapi.py MODEL PORT"""
import io
import os
import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image

app = FastAPI()
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ.get("MODEL") or sys.argv[1], options)


@app.get("/health")
def health():
    return {"ok": True}


@app.post("/score")
async def score(request: Request):
    frame = np.asarray(Image.open(io.BytesIO(await request.body())), np.float32)
    top, left = (frame.shape[0] - 128) // 2, (frame.shape[1] - 128) // 2
    crop = np.clip((frame[top : top + 128, left : left + 128] - 60) / 70, 0, 1)
    nuclear, energy = session.run(None, {"image": crop[None, :, :, None]})
    p = float(nuclear[0, 0])
    return {"kind": "NR" if p >= 0.5 else "ER", "probability": p, "energyKeV": 30 * float(energy[0, 0])}


if __name__ == "__main__":
    os.environ["MODEL"] = sys.argv[1]
    uvicorn.run("serve_fastapi:app", port=int(sys.argv[2]), workers=2, log_level="error", access_log=False,
                app_dir=os.path.dirname(os.path.abspath(__file__)))
