# SPDX-License-Identifier: MIT
"""Messages as random as they can be while everybody agrees on what they are: parts in parts and messages in messages, all kinds of
address lists and subjects, references to each other. Always the same for a seed."""
import random

WORDS = 'alpha beta gamma Re: Fwd: [x] (fwd) =?utf-8?q?gr=C3=BC?= =?iso-8859-1?b?6ek=?= é тест "q" (c) , ; : <a@b.c>'.split()
ADDRESSES = ('a%d@b.c', '"X, Y%d" <x@y.z>', '=?utf-8?q?J=C3=B6%d?= <j@k.l>', 'group%d: a@b, "c d" <c@d.e>;', '<p%d@q.r>', 'Name %d (comment) <n@o.p>',
             'x%d@y.z (Real Name)', 'First "Q" Last%d <f@l.m>', 'undisclosed%d:;')
TYPES = ('text/plain', 'text/plain; charset=utf-8', 'TEXT/html; charset="iso-8859-1"', 'image/png; name=x.png', 'application/pdf',
         'message/delivery-status', '')
DISPOSITIONS = ('inline', 'attachment', 'attachment; filename=a.b', 'attachment;\n filename="x \\"y\\" z"; size=3', 'ATTACHMENT; FileName=q')
LINES = ('line one', '', '=C3=BC x=', 'SGVsbG8=', 'needle', 'ünï')


class MixedMail:
    def __init__(self, seed):
        self.dice, self.boundaries = random.Random(seed), 0

    def chance(self, p):
        return self.dice.random() < p

    def words(self, most):
        return ' '.join(self.dice.choice(WORDS) for _ in range(self.dice.randrange(1, most)))

    def address(self):
        return self.dice.choice(ADDRESSES) % self.dice.randrange(9)

    def date(self):
        d = self.dice
        return (f'Date: {d.choice(["Mon, ", ""])}{d.randrange(1, 29)} {d.choice(["Jan", "Feb", "Nov"])} {d.choice(["2024", "24", "1999"])} '
                f'{d.randrange(24):02}:{d.randrange(60):02}{d.choice([":07", ""])} {d.choice(["+0100", "-0730", "GMT", "EST"])}')

    def ids(self, n):
        return self.dice.choice([' ', '\n ']).join(f'<m{self.dice.randrange(60)}@x>' for _ in range(n))

    def header(self):
        lines = ['MIME-Version: 1.0']
        for name in ('From', 'Sender', 'Reply-To', 'To', 'Cc', 'Bcc'):
            if self.chance(0.6):
                lines.append(f'{name}: ' + self.dice.choice([', ', ',\n ']).join(self.address() for _ in range(self.dice.randrange(1, 4))))
        if self.chance(0.9):
            lines.append('Subject: ' + self.dice.choice(['', '\n ']) + self.words(7))
        if self.chance(0.9):
            lines.append(self.date())
        if self.chance(0.9):
            lines.append('Message-ID: ' + self.ids(1))
        if self.chance(0.6):
            lines.append('References: ' + self.ids(self.dice.randrange(4)))
        elif self.chance(0.4):
            lines.append('In-Reply-To: ' + self.dice.choice(['', 'your mail ']) + self.ids(1))
        self.dice.shuffle(lines)
        return lines

    def fields(self):
        choices = (0.3, 'Content-Description: ' + self.words(4)), (0.3, 'Content-ID: <1@id>'), (0.2, 'Content-MD5: abc=='), \
            (0.4, 'Content-Disposition: ' + self.dice.choice(DISPOSITIONS)), (0.2, 'Content-Location: http://a/b'), \
            (0.2, 'Content-Language: ' + self.dice.choice(['en', 'en, de', 'de (x)']))
        return [line for p, line in choices if self.chance(p)]

    def part(self, depth):
        lines, kind = self.fields(), self.dice.random()
        if depth > 0 and kind < 0.35:
            self.boundaries += 1
            b = f'b{self.boundaries}'
            lines.append(self.dice.choice(['Content-Type: multipart/%s; boundary=%s', 'Content-Type: Multipart/%s;\n\tboundary="%s"'])
                         % (self.dice.choice(['mixed', 'alternative', 'x-y']), b))
            inner = ''.join(f'--{b}\n{joined(self.part(depth - 1))}\n' for _ in range(self.dice.randrange(1, 4)))
            return lines, self.dice.choice(['', 'pre\n']) + inner + f'--{b}--\n' + self.dice.choice(['', 'epi\n'])
        if depth > 0 and kind < 0.5:
            return lines + ['Content-Type: message/rfc822'], self.message(depth - 1)
        content, encoding = self.dice.choice(TYPES), self.dice.choice(['', '7bit', '8bit', 'quoted-printable', 'BASE64'])
        lines += [f'Content-Type: {content}'] * bool(content) + [f'Content-Transfer-Encoding: {encoding}'] * bool(encoding)
        return lines, '\n'.join(self.dice.choice(LINES) for _ in range(self.dice.randrange(5))) + self.dice.choice(['', '\n'])

    def message(self, depth=3):
        lines, body = self.part(depth)
        return joined((self.header() + lines, body))


def joined(part):
    return '\n'.join(part[0]) + ('\n' if part[0] else '') + '\n' + part[1]
