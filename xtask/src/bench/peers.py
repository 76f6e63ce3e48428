"""What `cargo xtask bench word2vec` does in Python: make one text for all tools, and train the Python ones. Each
command prints one JSON object as its last line."""

import json
import os
import re
import sys
import time


def text(out, *files):
    """Lower-cased words with a space between them, a line for each text: the same tokens for every tool."""
    words = re.compile(r"\w+")
    total = 0
    with open(out + ".unfinished", "w", encoding="utf-8") as target:
        for line in lines(files):
            found = words.findall(line.lower())
            total += len(found)
            if found:
                target.write(" ".join(found) + "\n")
    os.rename(out + ".unfinished", out)
    print(json.dumps({"words": total}))


def lines(files):
    for name in files:
        if name.endswith(".parquet"):
            import pyarrow.parquet

            for batch in pyarrow.parquet.ParquetFile(name).iter_batches(columns=["text"]):
                yield from (value or "" for value in batch.column(0).to_pylist())
        else:
            with open(name, encoding="utf-8") as source:
                yield from source


def rates(settings):
    """Start and end of gensim's learning rate in each epoch, so that it falls as all others' does.

    A worker of `corpus_file` counts its own sentences alone (`get_next_alpha` in word2vec_corpusfile.pyx): with n of them
    the rate falls by an n-th of what it should in an epoch. So each epoch gets an end that is n times as far away.
    """
    start, least = settings["learning_rate"], 0.0001
    step = (start - least) / settings["epochs"]
    for epoch in range(settings["epochs"]):
        begin = start - epoch * step
        yield begin, begin - settings["threads"] * step


def gensim(settings):
    from gensim.models import FastText, Word2Vec

    subwords = settings["subwords"]
    model = (FastText if subwords else Word2Vec)(
        vector_size=settings["dimension"],
        sg=int(settings["architecture"] == "skip-gram"),
        alpha=settings["learning_rate"],
        workers=settings["threads"],
        seed=settings["seed"],
        epochs=settings["epochs"],
        window=5,
        negative=5,
        sample=1e-4,
        min_count=5,
    )
    model.build_vocab(corpus_file=settings["text"])
    start = time.monotonic()
    for start_alpha, end_alpha in rates(settings):
        model.train(
            corpus_file=settings["text"],
            total_examples=model.corpus_count,
            total_words=model.corpus_total_words,
            epochs=1,
            start_alpha=start_alpha,
            end_alpha=end_alpha,
        )
    seconds = time.monotonic() - start
    model.wv.save_word2vec_format(settings["out"])
    print(json.dumps({"type": "learned", "seconds": seconds}))


def fasttext(settings):
    # It takes no seed; more than one thread make each training another.
    import fasttext

    model = fasttext.train_unsupervised(
        settings["text"],
        model="skipgram" if settings["architecture"] == "skip-gram" else "cbow",
        dim=settings["dimension"],
        lr=settings["learning_rate"],
        thread=settings["threads"],
        epoch=settings["epochs"],
        minn=3 if settings["subwords"] else 0,
        maxn=6 if settings["subwords"] else 0,
        ws=5,
        neg=5,
        t=1e-4,
        minCount=5,
        verbose=2,
    )
    words = model.get_words()
    with open(settings["out"], "w", encoding="utf-8") as target:
        target.write(f"{len(words)} {model.get_dimension()}\n")
        for word in words:
            target.write(word + " " + " ".join(map(str, model.get_word_vector(word))) + "\n")


def main(command, *arguments):
    match command:
        case "text":
            text(*arguments)
        case "gensim":
            gensim(json.loads(arguments[0]))
        case "fasttext":
            fasttext(json.loads(arguments[0]))


main(*sys.argv[1:])
