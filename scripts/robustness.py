#!/usr/bin/env python3
"""Does the way a mail is written or sent change its verdict?

    scripts/robustness.py target/release/guichet models/corpus

Sends the corpus's test mails through `guichet classify` plain, and again with the subject in capitals, without accents,
wrapped at 60 columns, as HTML only, in ISO-8859-15, and above a thread quoted twelve levels deep, and prints the share
of mails whose verdict (intent, anger, reason, facts missing) stays the same.
"""
import html, json, pathlib, subprocess, sys, tempfile, textwrap, unicodedata
from email.message import EmailMessage
from email.policy import SMTP


def plain(subject, body, charset="utf-8"):
    message = EmailMessage(policy=SMTP)
    message["From"] = "Customer <customer@mail.example>"
    message["To"] = "support@shop.example"
    message["Subject"] = subject or " "
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    message["Message-ID"] = "<one@mail.example>"
    message.set_content(body, charset=charset, cte="quoted-printable")
    return message


def bare(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def wrapped(body):
    return "\n".join(textwrap.fill(line, 60, break_long_words=False, break_on_hyphens=False) for line in body.split("\n"))


def as_html(subject, body):
    message = plain(subject, "x")
    paragraphs = "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in body.split("\n\n"))
    message.set_content(f"<html><body>{paragraphs}</body></html>", subtype="html", charset="utf-8", cte="quoted-printable")
    return message


def in_latin(subject, body):
    # The apostrophes, quotes and dashes that ISO-8859-15 lacks are typed plain there.
    plainer = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u202f": " "})
    body = body.translate(plainer).encode("iso-8859-15", "ignore").decode("iso-8859-15")
    return plain(subject, body, "iso-8859-15")


def with_thread(subject, body):
    lines = [body, "", "Le lun. 2 mars 2026 à 09:00, Boutique <support@shop.example> a écrit :"]
    for level in range(1, 13):
        mark = ">" * level + " "
        lines += [f"{mark}Bonjour, votre demande numéro {level} a bien été reçue.", f"{mark}We refunded order 99{level:02d} on 1 March.", mark]
    return plain(subject, "\n".join(lines))


WAYS = {
    "subject in capitals": lambda s, b: plain(s.upper(), b),
    "without accents": lambda s, b: plain(bare(s), bare(b)),
    "wrapped at 60 columns": lambda s, b: plain(s, wrapped(b)),
    "HTML only": as_html,
    "ISO-8859-15": in_latin,
    "above a thread of 12 levels": with_thread,
}


def judge(guichet, rows, way):
    with tempfile.TemporaryDirectory() as folder:
        for number, row in enumerate(rows):
            pathlib.Path(folder, f"{number:05}.eml").write_bytes(bytes(way(row["subject"], row["body"])))
        printed = subprocess.run([guichet, "classify", "--json", folder], capture_output=True, text=True, check=True).stdout
    verdicts = [json.loads(line) for line in printed.splitlines()]
    return [{key: v[key] for key in ("intent", "anger", "reason", "missing_information")} for v in verdicts]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    guichet, folder = sys.argv[1:]
    lines = [line for path in sorted(pathlib.Path(folder).glob("*.jsonl")) for line in open(path, encoding="utf-8")]
    rows = [row for row in map(json.loads, lines) if row["split"] == "test" and not row.get("attachments")]
    usual = judge(guichet, rows, plain)
    print(f"{len(rows)} mails\n\n| sent | intent | anger | reason | facts missing | all |\n|---|---|---|---|---|---|")
    for name, way in WAYS.items():
        other = judge(guichet, rows, way)
        share = lambda test: f"{sum(map(test, usual, other)) / len(rows):.3f}"
        cells = [share(lambda a, b, key=key: a[key] == b[key]) for key in usual[0]]
        print(f"| {name} | " + " | ".join(cells) + f" | {share(lambda a, b: a == b)} |", flush=True)
