#!/usr/bin/env python3
"""Judges public one-line queries whose intent is known, each as the body of a mail.

    scripts/public_intents.py target/release/guichet FILE.jsonl...

FILE: one object a line with `body`, `intent` (or null: skipped) and `tier` (1 strict, 2 loose). Such queries come from other
trades (a bank's chat): they show where verdicts are brittle, and nothing is tuned on them.
"""
import collections, json, pathlib, subprocess, sys, tempfile
from email.message import EmailMessage
from email.policy import SMTP


def judge(guichet, texts):
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            message = EmailMessage(policy=SMTP)
            message["From"], message["To"] = "Customer <customer@mail.example>", "support@shop.example"
            message["Date"], message["Message-ID"] = "Mon, 02 Mar 2026 10:00:00 +0000", f"<{number}@mail.example>"
            message.set_content(text, cte="quoted-printable")
            pathlib.Path(folder, f"{number:05}.eml").write_bytes(bytes(message))
        printed = subprocess.run([guichet, "classify", "--json", folder], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for path in sys.argv[2:]:
        rows = [row for row in map(json.loads, open(path, encoding="utf-8")) if row.get("intent")]
        verdicts = judge(sys.argv[1], [row["body"] for row in rows])
        print(pathlib.Path(path).name)
        for tier in sorted({row["tier"] for row in rows}):
            pairs = [(row["intent"], v["intent"]) for row, v in zip(rows, verdicts) if row["tier"] == tier]
            right = sum(is_ == said for is_, said in pairs)
            print(f"  tier {tier}: {right} of {len(pairs)} right ({right / len(pairs):.3f})")
            for (is_, said), count in sorted(collections.Counter(pairs).items()):
                print(f"    {is_} judged {said}: {count}")
        wrong = [(row, v) for row, v in zip(rows, verdicts) if row["intent"] != v["intent"] and "intent" not in v["unsure"]]
        print(f"  wrong without being called unsure: {len(wrong)}")
