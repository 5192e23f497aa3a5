"""One score from a cold start, as a Keras user writes it. Usage: score_once.py MODEL.keras IMAGE.png"""

import sys

import keras
import numpy as np
from PIL import Image

model = keras.models.load_model(sys.argv[1])
image = np.asarray(Image.open(sys.argv[2]).convert("L"), np.float32)[None, :, :, None] / 255
print(np.argmax(model.predict(image, verbose=0)))
