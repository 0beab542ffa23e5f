"""Prints the files that keras.applications downloads, with their checksums, as the module published-weights.ts.

    pip install keras==3.15.1 tensorflow-cpu
    python published-weights.py > ../src/download/published-weights.ts

No weights are downloaded.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras import applications  # noqa: E402
from keras.src.utils import file_utils  # noqa: E402

ORIGIN = "https://storage.googleapis.com/"


class Asked(Exception):
    pass


def get_file(fname=None, origin=None, file_hash=None, **_):
    raise Asked(origin, file_hash)


def asked_by(make, include_top):
    try:
        make(weights="imagenet", include_top=include_top)
    except Asked as asked:
        origin, checksum = asked.args
        assert origin.startswith(ORIGIN)
        path = f"'{origin[len(ORIGIN):]}'"
        return f"[{path}]" if checksum is None else f"[{path}, '{checksum}']"


file_utils.get_file = get_file
names = sorted(n for n in dir(applications) if n[0].isupper() and callable(getattr(applications, n)))
print("// Made by tools/published-weights.py from Keras's source: do not edit.")
print("import type { ApplicationName } from '../applications/application.js';\n")
print("/** The address that the paths follow. */")
print(f"export const ORIGIN = '{ORIGIN}';\n")
print("/** The path of a file, and its MD5 (32 digits) or SHA-256 (64 digits), in hexadecimal. Keras checks not all of them. */")
print("export type PublishedFile = readonly [path: string, checksum?: string];\n")
print("/** The files of each model: with the layers that classify, and without. */")
print("export const PUBLISHED: Readonly<Record<ApplicationName, { top: PublishedFile; noTop: PublishedFile }>> = {")
for name in names:
    make = getattr(applications, name)
    print(f"  {name.lower()}: {{\n    top: {asked_by(make, True)},\n    noTop: {asked_by(make, False)},\n  }},")
print("};")
