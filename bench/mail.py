# SPDX-License-Identifier: MIT
"""Mail as it is in a working mailbox, from a seed: 10,000 messages are 168 MB. Two thirds are text of a few kB, some are HTML beside
text, one in eight has a base64 attachment; lengths are spread log-normally. CRLF line ends."""
import base64, random

VOWELS, CONSONANTS = "aeiou", "bcdfghklmnprstvwz"


def _words(dice):
    """A vocabulary whose frequent words are short."""
    return ["".join(dice.choice(CONSONANTS) + dice.choice(VOWELS) for _ in range(1 + min(i // 200, 3))) + dice.choice(["", "n", "s", "r"])
            for i in range(8000)]


class Corpus:
    def __init__(self, seed=1):
        dice = random.Random(seed)
        words = _words(dice)
        weights = [1 / (i + 5) for i in range(len(words))]
        self.pool = " ".join(dice.choices(words, weights, k=800000))  # text is cut out of it
        self.noise = dice.randbytes(8 << 20)
        self.seed = seed

    def _text(self, dice, n):
        at = dice.randrange(len(self.pool) - n)
        text, out, line = self.pool[at:at + n], [], 0
        while line < n:
            end = text.rfind(" ", line, line + 72)
            end = end if end > line else line + 72
            out.append(text[line:end])
            line = end + 1
        return "\r\n".join(out) + "\r\n"

    def _html(self, dice, n):
        cells = self._text(dice, n // 3).split("\r\n")
        return "<html><body><table>\r\n" + "".join(
            f'<tr><td style="font-family:Arial,sans-serif;font-size:14px;color:#33{i % 90:02}44;padding:4px {i % 7}px">{c}</td></tr>\r\n'
            for i, c in enumerate(cells)) + "</table></body></html>\r\n"

    def _attachment(self, dice, n):
        at = dice.randrange(len(self.noise) - n)
        return base64.encodebytes(self.noise[at:at + n]).replace(b"\n", b"\r\n").decode()

    def message(self, i):
        dice = random.Random(self.seed << 32 | i)
        size = int(min(40000, max(700, dice.lognormvariate(8.35, 0.6))))
        kind = dice.random()
        subject = " ".join(self._text(dice, 60)[:45].split())
        head = (f"Received: from mx{i % 9}.example.net (mx{i % 9}.example.net [192.0.2.{i % 250}])\r\n"
                f"\tby mail.example.org with ESMTPS id {dice.randrange(1 << 48):012X}\r\n\tfor <jane@example.org>\r\n"
                f"From: Sender Number {i % 300} <s{i % 300}@example.org>\r\nTo: Jane Roe <jane@example.org>\r\n"
                f"Subject: {subject}\r\n"
                f"Date: Mon, 05 Jan 2026 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000\r\nMessage-ID: <m{i}.{self.seed}@example.org>\r\n")
        if i > 40 and dice.random() < 0.6:
            up = i - 1 - dice.randrange(40)
            head += f"In-Reply-To: <m{up}.{self.seed}@example.org>\r\nReferences: <m{up}.{self.seed}@example.org>\r\n"
        head += "MIME-Version: 1.0\r\n"
        plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + self._text(dice, size)
        if kind < 0.65:
            return (head + plain).encode()
        if kind < 0.875:
            html = self._html(dice, int(min(150000, max(3000, dice.lognormvariate(9.3, 0.7)))))
            return (head + f'Content-Type: multipart/alternative; boundary="b{i}"\r\n\r\n--b{i}\r\n{plain}\r\n--b{i}\r\n'
                    f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b{i}--\r\n").encode()
        file = self._attachment(dice, int(min(4000000, max(2000, dice.lognormvariate(10.25, 1.0)))))
        return (head + f'Content-Type: multipart/mixed; boundary="b{i}"\r\n\r\n--b{i}\r\n{plain}\r\n--b{i}\r\n'
                f'Content-Type: application/pdf; name="file{i}.pdf"\r\nContent-Disposition: attachment; filename="file{i}.pdf"\r\n'
                f"Content-Transfer-Encoding: base64\r\n\r\n{file}\r\n--b{i}--\r\n").encode()
