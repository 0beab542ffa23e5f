"""Prints the configurations of all models of keras.applications as one JSON object, without what a prediction ignores.

    pip install keras==3.15.1 tensorflow-cpu
    python applications.py | node pack-applications.mjs

No weights are downloaded.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras import applications  # noqa: E402

IGNORED = ("_initializer", "_regularizer", "_constraint")
IGNORED_KEYS = {
    "build_config",
    "compile_config",
    "registered_name",
    "synchronized",
    "momentum",
    "renorm_clipping",
    "renorm_momentum",
    "seed",
    "noise_shape",
    "sparse",
    "ragged",
    "optional",
    "lora_rank",
    "lora_alpha",
    "quantization_config",
}


def plain(value):
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return {"class_name": "__keras_tensor__", "config": {"keras_history": value["config"]["keras_history"]}}
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        return {k: plain(v) for k, v in value.items() if k not in IGNORED_KEYS and not k.endswith(IGNORED)}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def main():
    names = sorted(n for n in dir(applications) if n[0].isupper() and callable(getattr(applications, n)))
    models = {}
    for name in names:
        model = getattr(applications, name)(weights=None)
        models[name.lower()] = plain(json.loads(model.to_json()))
        print(name, file=sys.stderr)
    json.dump(models, sys.stdout, separators=(",", ":"))


main()
