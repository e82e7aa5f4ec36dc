"""A profile as a file for Perfetto and chrome://tracing.

The format: "Trace Event Format", Google, 2016; complete events ("ph": "X"), times in microseconds.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import IO

from tinygrad_ext.profiler.recording import KINDS, LABEL, MODULE, Recording


def export(recording: Recording, path: str | os.PathLike[str], record_shapes: bool) -> None:
    """Write the events to a JSON file, compressed if its name ends in .gz."""
    target = Path(path)
    if target.name.endswith(".gz"):
        with gzip.open(target, "wt", encoding="utf-8") as file:
            _write(recording, file, record_shapes)
    else:
        with open(target, "w", encoding="utf-8") as file:
            _write(recording, file, record_shapes)


def _write(r: Recording, file: IO[str], record_shapes: bool) -> None:
    process = os.getpid()
    heads = [{"name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": {"name": "tinygrad_ext"}}]
    heads += [
        {"name": "thread_name", "ph": "M", "pid": process, "tid": i, "args": {"name": name}}
        for i, name in enumerate(r.threads)
    ]
    file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
    file.write(",\n".join(json.dumps(head) for head in heads))
    columns = (r.begin, r.time, r.kind, r.backward, r.thread, r.module, r.site, r.own_flops, r.own_bytes)
    for i, (begin, time, kind, backward, thread, module, site, flops, size) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        args: dict[str, object] = {}
        if module and kind not in (MODULE, LABEL):
            args["module"] = str(r.modules[module])
        if flops:
            args["flops"] = flops
        if size:
            args["bytes"] = size
        if record_shapes and kind != MODULE and r.sites[site].inputs:
            args["input shapes"] = r.sites[site].inputs
        phase = "backward" if backward else "forward"
        event = {
            "name": r.name(i),
            "cat": f"{KINDS[kind]},{phase}",
            "ph": "X",
            "ts": begin / 1e3,
            "dur": time / 1e3,
            "pid": process,
            "tid": thread,
            "args": args,
        }
        file.write(",\n" + json.dumps(event))
    file.write("\n]}\n")
