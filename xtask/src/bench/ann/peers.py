"""What `cargo xtask bench ann` does in Python: make the sets of vectors, find the true neighbours, build and search with
hnswlib, FAISS and usearch. Each command takes one JSON object and prints one as its last line; `ann_bench` of the crate
indexer-ann takes and prints the same for `build` and `search`. Memory is what the process grew by, in MiB: input,
queries, truth and the library itself are there before."""

import json
import os
import re
import sys
import time

import numpy

# Neighbours that are asked for.
K = 10


def memory(name):
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith(name + ":"))
    return int(line.split()[1]) / 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def read(name, kind="<f4"):
    """`.fbin` and `.ibin`: two u32, the rows and the numbers in a row, then the numbers."""
    rows, columns = numpy.fromfile(name, "<u4", 2)
    return numpy.fromfile(name, kind, offset=8).reshape(rows, columns)


def write(name, rows):
    with open(name + ".unfinished", "wb") as target:
        numpy.array(rows.shape, "<u4").tofile(target)
        rows.tofile(target)
    os.rename(name + ".unfinished", name)


def unit(vectors):
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def sentences(settings):
    """Each sentence of three words or more once, in the order of the corpus. A sentence ends at a line's end, and at
    `.`, `!` or `?` where a space and a capital letter, digit or bracket follow."""
    import pyarrow.parquet

    texts = pyarrow.parquet.read_table(settings["file"], columns=["text"]).column("text").to_pylist()
    end = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(\[])|\n+")
    found = {}
    for text in texts:
        for sentence in end.split(text):
            words = sentence.split()
            if len(words) >= 3:
                found.setdefault(" ".join(words))
    # Part of a corpus is spread over all of it, as the whole is.
    chosen = list(found)
    count = min(settings["count"] or len(chosen), len(chosen))
    chosen = [chosen[i * len(chosen) // count] for i in range(count)]
    with open(settings["out"], "w", encoding="utf-8") as target:
        for number, text in enumerate(chosen):
            target.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")
    return {"rows": count}


def encoded(settings):
    """Vectors of sentences, as `index export` writes them."""
    return split(settings, numpy.load(settings["file"]), numpy.random.default_rng(settings["seed"]))


def random(settings):
    """A thousand clusters, whose points vary in 32 directions far more than in all others, as learned vectors do: a
    point of a normal mixture of 32 numbers, turned into `dimension` by a random matrix, and a little noise."""
    generator = numpy.random.default_rng(settings["seed"])
    dimension, count = settings["dimension"], settings["count"] + settings["queries"]
    turn = generator.standard_normal((32, dimension), numpy.float32) / numpy.float32(32**0.5)
    centres = generator.standard_normal((1000, 32), numpy.float32)
    vectors = numpy.empty((count, dimension), numpy.float32)
    for start in range(0, count, 1 << 16):
        rows = min(1 << 16, count - start)
        points = centres[generator.integers(1000, size=rows)]
        points = points + generator.standard_normal((rows, 32), numpy.float32)
        noise = generator.standard_normal((rows, dimension), numpy.float32)
        vectors[start : start + rows] = points @ turn + numpy.float32(0.2) * noise
    return split(settings, vectors, generator)


def split(settings, vectors, generator):
    """Different vectors in random order, the first of them as queries that are in no index; and the true neighbours."""
    if settings["metric"] == "cosine":
        vectors = unit(vectors).astype("<f4")
    same = numpy.ascontiguousarray(vectors).view([("", f"V{vectors.shape[1] * 4}")]).ravel()
    _, first = numpy.unique(same, return_index=True)
    order = generator.permutation(numpy.sort(first))
    queries = settings["queries"]
    if len(order) < queries + K:
        raise SystemExit(f"{len(order)} different vectors are too few for {queries} queries of {K} neighbours")
    folder = settings["folder"]
    query, base = vectors[order[:queries]], vectors[order[queries:]]
    write(os.path.join(folder, "truth.ibin"), exact(base, query, settings["metric"]))
    write(os.path.join(folder, "queries.fbin"), query)
    write(os.path.join(folder, "vectors.fbin"), base)
    return {"vectors": len(base), "dimension": vectors.shape[1]}


def exact(base, queries, metric):
    """The K nearest of each query, by all products, in blocks that fit in memory."""
    best = numpy.full((len(queries), K), -numpy.inf)
    ids = numpy.zeros((len(queries), K), "<i4")
    for start in range(0, len(base), 1 << 14):
        block = base[start : start + (1 << 14)]
        score = (queries @ block.T).astype(numpy.float64)
        if metric == "euclidean":
            score = 2 * score - numpy.square(block, dtype=numpy.float64).sum(1)
        score = numpy.concatenate([best, score], axis=1)
        names = numpy.broadcast_to(numpy.arange(start, start + len(block), dtype="<i4"), (len(queries), len(block)))
        names = numpy.concatenate([ids, names], axis=1)
        top = numpy.argsort(-score, axis=1, kind="stable")[:, :K]
        best, ids = numpy.take_along_axis(score, top, 1), numpy.take_along_axis(names, top, 1)
    return numpy.ascontiguousarray(ids)


class Hnswlib:
    def __init__(self, settings, dimension):
        import hnswlib

        self.index = hnswlib.Index({"cosine": "ip", "euclidean": "l2"}[settings["metric"]], dimension)

    def build(self, vectors, settings):
        m, ef = settings["m"], settings["ef_construction"]
        self.index.init_index(len(vectors), M=m, ef_construction=ef)
        self.index.add_items(vectors, num_threads=settings["threads"])

    def save(self, name):
        self.index.save_index(name)

    def open(self, name):
        self.index.load_index(name)

    def search(self, queries, ef, threads):
        self.index.set_ef(ef)
        return self.index.knn_query(queries, K, num_threads=threads)[0]


class Faiss:
    """`variant` is what a vector is stored as; after `+refine`, all hits of a wider search are compared once more
    with the vectors themselves."""

    def __init__(self, settings, dimension):
        import faiss

        self.faiss, self.dimension = faiss, dimension
        self.variant, _, self.refine = settings["variant"].partition("+")
        self.metric = {"cosine": faiss.METRIC_INNER_PRODUCT, "euclidean": faiss.METRIC_L2}[settings["metric"]]

    def build(self, vectors, settings):
        faiss = self.faiss
        faiss.omp_set_num_threads(settings["threads"])
        if self.variant == "flat":
            graph = faiss.IndexHNSWFlat(self.dimension, settings["m"], self.metric)
        else:
            kind = getattr(faiss.ScalarQuantizer, "QT_" + self.variant)
            graph = faiss.IndexHNSWSQ(self.dimension, kind, settings["m"], self.metric)
        graph.hnsw.efConstruction = settings["ef_construction"]
        self.index = faiss.IndexRefineFlat(graph) if self.refine else graph
        self.index.train(vectors)
        self.index.add(vectors)

    def save(self, name):
        self.faiss.write_index(self.index, name)

    def open(self, name):
        self.index = self.faiss.read_index(name)

    def map(self, name):
        self.index = self.faiss.read_index(name, self.faiss.IO_FLAG_MMAP_IFC)

    def search(self, queries, ef, threads):
        self.faiss.omp_set_num_threads(threads)
        graph = self.index
        if self.refine:
            self.index.k_factor = 2
            graph = self.faiss.downcast_index(self.index.base_index)
        graph.hnsw.efSearch = ef
        return self.index.search(queries, K)[1]


class Usearch:
    """`variant` is its data type."""

    def __init__(self, settings, dimension):
        from usearch.index import Index

        self.index = Index(
            ndim=dimension,
            metric={"cosine": "ip", "euclidean": "l2sq"}[settings["metric"]],
            dtype=settings["variant"],
            connectivity=settings["m"],
            expansion_add=settings["ef_construction"],
        )

    def build(self, vectors, settings):
        self.index.add(numpy.arange(len(vectors)), vectors, threads=settings["threads"])

    def save(self, name):
        self.index.save(name)

    def open(self, name):
        self.index.load(name)

    def map(self, name):
        self.index.view(name)

    def search(self, queries, ef, threads):
        self.index.expansion_search = ef
        return self.index.search(queries, K, threads=threads).keys


LIBRARIES = {"hnswlib": Hnswlib, "faiss": Faiss, "usearch": Usearch}


def build(settings):
    vectors = read(settings["vectors"])
    tool = LIBRARIES[settings["library"]](settings, vectors.shape[1])
    forget_peak()
    before = memory("VmRSS")
    start = time.monotonic()
    tool.build(vectors, settings)
    seconds = time.monotonic() - start
    peak = memory("VmHWM") - before
    tool.save(settings["index"])
    return {"build_seconds": seconds, "build_mib": peak, "bytes": os.path.getsize(settings["index"])}


def search(settings):
    queries, truth = read(settings["queries"]), read(settings["truth"], "<i4")
    tool = LIBRARIES[settings["library"]](settings, queries.shape[1])
    before = memory("VmRSS")
    start = time.monotonic()
    tool.open(settings["index"])
    opened = time.monotonic() - start
    points = []
    for ef in settings["ef"]:
        found = tool.search(queries, ef, 1)
        recall = float((found[:, :, None] == truth[:, None, :]).any(2).mean())
        rates = [rate(tool, queries, ef, threads) for threads in settings["threads"]]
        points.append({"ef": ef, "recall": recall, "queries_per_second": rates})
        if recall >= settings["enough"]:
            break
    held = memory("VmRSS") - before
    mapped = None
    if hasattr(tool, "map"):
        tool = LIBRARIES[settings["library"]](settings, queries.shape[1])
        start = time.monotonic()
        tool.map(settings["index"])
        mapped = time.monotonic() - start
    return {"open_seconds": opened, "map_seconds": mapped, "held_mib": held, "points": points}


def rate(tool, queries, ef, threads):
    """The best of three passes and more, until they have taken `0.3` seconds."""
    times = []
    while len(times) < 3 or sum(times) < 0.3:
        start = time.monotonic()
        tool.search(queries, ef, threads)
        times.append(time.monotonic() - start)
    return len(queries) / min(times)


COMMANDS = [sentences, encoded, random, build, search]
name, settings = sys.argv[1], json.loads(sys.argv[2])
result = next(command for command in COMMANDS if command.__name__ == name)(settings)
print(json.dumps({"type": "measured"} | result))
