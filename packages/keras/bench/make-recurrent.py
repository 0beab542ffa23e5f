"""Makes LSTM.keras and GRU.keras with random weights, and the ONNX files that Keras exports for them.

    KERAS_BACKEND=torch python make-recurrent.py FOLDER
"""

import pathlib
import sys

import keras
import numpy

FOLDER = pathlib.Path(sys.argv[1])
STEPS, FEATURES, UNITS = 100, 64, 128

keras.utils.set_random_seed(1)
for layer in (keras.layers.LSTM, keras.layers.GRU):
    model = keras.Sequential(
        [
            keras.Input((STEPS, FEATURES)),
            layer(UNITS, return_sequences=True),
            layer(UNITS),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model(numpy.zeros((2, STEPS, FEATURES), "float32"))
    model.save(FOLDER / f"{layer.__name__}.keras")
    model.export(FOLDER / f"{layer.__name__}.onnx", format="onnx", verbose=False)
