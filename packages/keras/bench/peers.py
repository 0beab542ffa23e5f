"""Runs a model with Keras on TensorFlow, for peers.mjs: a line with an input is answered with the output, and a line
"turn" with the median time of a prediction of that input, in ms.

    python peers.py MODEL.keras THREADS SECONDS
"""

import json
import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy
import tensorflow as tf

path, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)

model = keras.saving.load_model(path, compile=False)
predict = tf.function(lambda x: model(x, training=False))
given = None


def turn():
    times = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 3:
        start = time.perf_counter()
        predict(given).numpy()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


for line in sys.stdin:
    request = json.loads(line)
    if request == "turn":
        answer = turn()
    else:
        data = numpy.array(request["data"], "float32").reshape(request["shape"])
        given = tf.constant(data)
        answer = predict(given).numpy().ravel().tolist()
    print(json.dumps(answer), flush=True)
