"""Reads the batches that the TypeScript generator writes to its stdout."""

import json
import queue
import struct
import subprocess
import threading
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
TYPES = {"Uint8Array": np.uint8, "Float32Array": np.float32, "Int32Array": np.int32}


def batches(script, *arguments, ahead=4):
    """Yields dictionaries of tensors (and the header's other fields) from a generator process, endlessly."""
    tsx = HERE.parent.parent / "node_modules" / ".bin" / "tsx"
    process = subprocess.Popen([str(tsx), str(HERE / script), *map(str, arguments)], stdout=subprocess.PIPE)
    waiting = queue.Queue(maxsize=ahead)

    def read():
        while True:
            length = process.stdout.read(4)
            if len(length) < 4:
                waiting.put(None)
                return
            header = json.loads(process.stdout.read(struct.unpack("<I", length)[0]))
            batch = {key: value for key, value in header.items() if key != "arrays"}
            for array in header["arrays"]:
                kind = np.dtype(TYPES[array["type"]])
                count = int(np.prod(array["shape"]))
                batch[array["name"]] = torch.frombuffer(bytearray(process.stdout.read(count * kind.itemsize)), dtype=getattr(torch, kind.name)).view(array["shape"])
            waiting.put(batch)

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            batch = waiting.get()
            if batch is None:
                raise RuntimeError(f"{script} ended with {process.wait()}")
            yield batch
    finally:
        process.kill()
