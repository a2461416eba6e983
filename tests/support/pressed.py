# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone keys as sound."""

from contextlib import suppress
from pathlib import Path

RATE = 8000
FREQUENCIES = {
    "1": (697, 1209),
    "5": (770, 1336),
    "9": (852, 1477),
    "#": (941, 1477),
    "D": (941, 1633),
}


def press(path: Path, keys: str) -> Path:
    """The tones of `keys`, 80 ms each, after a second of silence: made and coded by FFmpeg."""
    import av  # noqa: PLC0415 - 100 MB of libraries
    import av.filter  # noqa: PLC0415

    pressed = "+".join(
        f"0.2*(sin(2*PI*{low}*t)+sin(2*PI*{high}*t))*between(t,{start},{start + 0.08})"
        for start, (low, high) in ((1 + 0.16 * n, FREQUENCIES[key]) for n, key in enumerate(keys))
    )
    length_s = 2 + 0.16 * len(keys)
    graph = av.filter.Graph()
    source = graph.add("aevalsrc", f"exprs='{pressed}':s={RATE}:d={length_s}:n=160")
    form = graph.add("aformat", "sample_fmts=s16:channel_layouts=mono")
    sink = graph.add("abuffersink")
    source.link_to(form)
    form.link_to(sink)
    graph.configure()
    with av.open(str(path), "w", format="alaw") as file:
        stream = file.add_stream("pcm_alaw", rate=RATE, layout="mono")
        with suppress(EOFError, BlockingIOError):
            while True:
                frame = graph.pull()
                assert isinstance(frame, av.AudioFrame)
                file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path
