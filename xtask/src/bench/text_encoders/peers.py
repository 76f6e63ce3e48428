"""What `cargo xtask bench train` and `bench encode` do in Python: make the same data for all tools, train and encode with
sentence-transformers, encode with ONNX Runtime, and compare vectors. Each command takes one JSON object and prints one
as its last line. Times are of the work alone: without loading, without what the settings call warm-up."""

import json
import math
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"

ANCHOR = ["anchor", "query", "sentence1"]
POSITIVE = ["positive", "response", "sentence2"]


def rows(name):
    """The rows of a table as dictionaries."""
    if name.endswith(".parquet"):
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(name).iter_batches():
            yield from batch.to_pylist()
    else:
        with open(name, encoding="utf-8") as source:
            yield from (json.loads(line) for line in source if line.strip())


def write(name, objects):
    with open(name + ".unfinished", "w", encoding="utf-8") as target:
        for item in objects:
            target.write(json.dumps(item, ensure_ascii=False) + "\n")
    os.rename(name + ".unfinished", name)
    return {"rows": len(objects)}


def pairs(settings):
    """Anchors and positives as JSON Lines; without pairs of one text, which Sextant leaves out too."""
    made = []
    for row in rows(settings["file"]):
        anchor, positive = (next(row[name] for name in names if name in row) for names in (ANCHOR, POSITIVE))
        if anchor.strip() and positive.strip() and anchor != positive:
            made.append({"anchor": anchor, "positive": positive})
    return write(settings["out"], made)


def corpus(settings):
    """Every so many-th text, longest first."""
    texts = sorted((row["text"] for row in rows(settings["file"])), key=len, reverse=True)
    count = min(settings["texts"], len(texts))
    chosen = [texts[i * len(texts) // count] for i in range(count)]
    return write(settings["out"], [{"id": str(i), "text": text} for i, text in enumerate(chosen)])


def limit_threads(settings):
    os.environ["RAYON_NUM_THREADS"] = str(settings["threads"])
    import torch

    torch.set_num_threads(settings["threads"])
    return torch


def synchronize(torch, device):
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def open_model(settings):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(settings["model"], device=settings["device"], local_files_only=True)
    model.max_seq_length = settings["max_length"]
    return model


def train(settings):
    """Its own trainer, as its users have it. A step's time holds everything up to the next one, tokenization too."""
    torch = limit_threads(settings)
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer import losses
    from sentence_transformers.sentence_transformer.training_args import BatchSamplers
    from transformers import TrainerCallback

    model = open_model(settings)
    data = list(rows(settings["pairs"]))
    dataset = Dataset.from_dict({name: [row[name] for row in data] for name in ("anchor", "positive")})
    if settings["mini_batch"]:
        loss = losses.CachedMultipleNegativesRankingLoss(
            model, scale=20.0, mini_batch_size=settings["mini_batch"]
        )
    else:
        loss = losses.MultipleNegativesRankingLoss(model, scale=20.0)
    warm_up, steps = settings["warm_up"], settings["warm_up"] + settings["steps"]
    arguments = SentenceTransformerTrainingArguments(
        output_dir=settings["folder"],
        max_steps=steps,
        per_device_train_batch_size=settings["batch"],
        learning_rate=2e-5,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(steps * 0.1),
        weight_decay=0.01,
        max_grad_norm=1.0,
        seed=settings["seed"],
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        use_cpu=settings["device"] == "cpu",
        bf16=settings["precision"] == "bf16",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    moments, tokens = [], []

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step in (warm_up, steps):
                synchronize(torch, settings["device"])
            moments.append(time.monotonic())

    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=dataset, loss=loss, callbacks=[Clock()]
    )

    class Counting(type(trainer.data_collator)):
        def __call__(self, features):
            batch = super().__call__(features)
            masks = [mask for name, mask in batch.items() if name.endswith("attention_mask")]
            tokens.append(sum(int(mask.sum()) for mask in masks))
            return batch

    trainer.data_collator.__class__ = Counting
    trainer.train()
    if settings["save"]:
        model.save_pretrained(settings["folder"])
    seconds = moments[steps - 1] - moments[warm_up - 1]
    return {
        "seconds": seconds,
        "samples": settings["batch"] * settings["steps"],
        "tokens": sum(tokens[warm_up:steps]),
        "step_seconds": [later - moment for moment, later in zip(moments, moments[1:])],
    }


def encode(settings):
    """sentence-transformers' `encode`, which sorts by length itself."""
    torch = limit_threads(settings)
    import numpy

    model = open_model(settings)
    if settings["precision"] == "bf16":
        model.bfloat16()
    texts = [row["text"] for row in rows(settings["corpus"])]
    model.encode(texts[-settings["batch"] :], batch_size=settings["batch"], show_progress_bar=False)
    synchronize(torch, settings["device"])
    start = time.monotonic()
    vectors = model.encode(texts, batch_size=settings["batch"], show_progress_bar=False, convert_to_numpy=True)
    synchronize(torch, settings["device"])
    seconds = time.monotonic() - start
    numpy.save(settings["out"], vectors)
    return {"seconds": seconds, "samples": len(texts), "tokens": count_tokens(settings, texts)}


def open_tokenizer(settings):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(settings["model"], "tokenizer.json"))
    tokenizer.enable_truncation(settings["max_length"])
    tokenizer.no_padding()
    return tokenizer


def count_tokens(settings, texts):
    return sum(len(encoding.ids) for encoding in open_tokenizer(settings).encode_batch(texts))


def export(settings):
    """The model with its pooling as an ONNX file, in float32."""
    torch = limit_threads(settings)
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            # What ONNX Runtime knows to fuse is attention that is written out.
            self.model = AutoModel.from_pretrained(settings["model"], attn_implementation="eager").eval()

        def forward(self, ids, mask):
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(mean, dim=1)

    with open(os.path.join(settings["model"], "1_Pooling", "config.json"), encoding="utf-8") as file:
        if not json.load(file).get("pooling_mode_mean_tokens"):
            raise SystemExit("bench encode exports models with mean pooling to ONNX; leave ONNX Runtime out")
    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {name: {0: "rows", 1: "length"} for name in ("ids", "mask")} | {"vectors": {0: "rows"}}
    with torch.no_grad():
        torch.onnx.export(
            Pooled(),
            (example, example),
            settings["out"],
            input_names=["ids", "mask"],
            output_names=["vectors"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    return {}


def onnx(settings):
    """ONNX Runtime with all of its graph optimizations, texts of like length together."""
    os.environ["RAYON_NUM_THREADS"] = str(settings["threads"])
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings["threads"]
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    provider = "CUDAExecutionProvider" if settings["device"].startswith("cuda") else "CPUExecutionProvider"
    session = onnxruntime.InferenceSession(settings["onnx"], options, providers=[provider])
    if provider not in session.get_providers():
        raise SystemExit(f"this ONNX Runtime has no {provider}")
    tokenizer = open_tokenizer(settings)
    texts = [row["text"] for row in rows(settings["corpus"])]
    batch = settings["batch"]

    def run(texts):
        encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        order = sorted(range(len(texts)), key=lambda i: -len(encoded[i]))
        vectors = [None] * len(texts)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            ids = numpy.zeros((len(chosen), len(encoded[chosen[0]])), dtype=numpy.int64)
            mask = numpy.zeros_like(ids)
            for row, i in enumerate(chosen):
                ids[row, : len(encoded[i])] = encoded[i]
                mask[row, : len(encoded[i])] = 1
            for i, vector in zip(chosen, session.run(None, {"ids": ids, "mask": mask})[0]):
                vectors[i] = vector
        return numpy.stack(vectors), sum(map(len, encoded))

    run(texts[-batch:])
    start = time.monotonic()
    vectors, tokens = run(texts)
    seconds = time.monotonic() - start
    numpy.save(settings["out"], vectors)
    return {"seconds": seconds, "samples": len(texts), "tokens": tokens}


def vectors_of(name):
    """Unit rows of a NumPy file, or of an index's `vectors.bin` (indexer/src/vectors_file.rs)."""
    import numpy

    if name.endswith(".npy"):
        vectors = numpy.load(name)
    else:
        dimension, stride, count = numpy.fromfile(name, "<u4", 3, offset=12)
        vectors = numpy.fromfile(name, "<f4", offset=64).reshape(count, stride)[:, :dimension]
    vectors = vectors.astype(numpy.float64)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def difference(settings):
    """1 less the lowest cosine of a text's two vectors."""
    a, b = vectors_of(settings["a"]), vectors_of(settings["b"])
    return {"difference": max(0.0, float(1 - (a * b).sum(axis=1).min()))}


COMMANDS = [pairs, corpus, train, encode, export, onnx, difference]
name, settings = sys.argv[1], json.loads(sys.argv[2])
result = next(command for command in COMMANDS if command.__name__ == name)(settings)
print(json.dumps({"type": "measured"} | result))
