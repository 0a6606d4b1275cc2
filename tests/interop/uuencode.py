# SPDX-License-Identifier: MIT
"""Files in the text of a message, as relays and people leave them: what is whole is saved as it was, what is not is called damaged
and stays to be read."""
import binascii, json, os, random, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, check, rc_for

# As it stands in an old article: wrapped anew.
ARTICLE = r"""begin 644 reports
M9W)E<" B<&P_ (B O=F%R+VQO9R]H='1P9"]W96 (V-C1F-
BYA8V-E<W,N; &]GM ('P@8W5T ("UF (# (+@60@ (C\B ('P@8W5T
("UF (#$@+60@ (B8B (#X@<V5A<F-HM+61A=&$M) # $*?B]C;
End
"""


def coded(name, data, end="end"):
    """With a blank for zero, and cut of the blanks at the ends of lines."""
    lines = [binascii.b2a_uu(data[i: i + 45]).decode().rstrip("\n").rstrip(" ") for i in range(0, len(data), 45)]
    return "\n".join([f"begin 644 {name}"] + lines + ["", end, ""] if end else [f"begin 644 {name}"] + lines + [""])


noise = random.Random(4).randbytes(1000)
files = {"cut.bin": bytes(7) + noise[:500] + bytes(40), "misspelt.bin": noise[:77], "endless.bin": noise[:200]}
text = ("Hello\n\n" + coded("cut.bin", files["cut.bin"]) + "\nand another:\n\n" + coded("misspelt.bin", files["misspelt.bin"], "End")
        + "\nthe old one:\n\n" + ARTICLE + "\nthe last:\n\n" + coded("endless.bin", files["endless.bin"], None) + "\nRegards\n")

with Place() as place:
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw")
    p = place.profile(rc_for(server))
    p.run("-s", "files", "jane@example.org", stdin=text.encode())
    p.run("sync")
    m = p.json("list", "-f", "INBOX")[0]
    check(m["attachments"], f"there are attachments: {m}")
    shown = p.run("show", str(m["id"])).stdout.decode()
    lines = shown.splitlines()
    for line in ("Hello", "and another:", "Regards", "[file cut.bin, 547 bytes, uuencoded]",
                 "[file misspelt.bin, 77 bytes, uuencoded, without its end line]",
                 "[file endless.bin, 200 bytes, uuencoded, without its end line]", *ARTICLE.splitlines()[1:]):
        check(line in lines, f"{line!r} is shown: {shown}")
    check("M" + binascii.b2a_uu(files["cut.bin"][45:90]).decode().strip()[1:] not in lines, "what is whole is not shown as text")
    check("reports, damaged, 45 bytes" in shown, f"the old one is called damaged: {shown}")
    check("misspelt.bin, whole, but without its end line, 77 bytes" in shown, f"the damage is told: {shown}")
    parts = json.loads(p.run("show", str(m["id"]), "--json").stdout)["attachments"]
    check({a["name"]: a["damaged"] for a in parts} ==
          {"cut.bin": False, "misspelt.bin": False, "endless.bin": False, "reports": True}, f"which are damaged: {parts}")

    out = os.path.join(place.path, "out")
    os.mkdir(out)
    saved = p.run("save", str(m["id"]), "-d", out).stdout.decode()
    check(f"{out}/reports (damaged)" in saved and f"{out}/cut.bin\n" in saved, f"what is saved is told: {saved}")
    for name, data in files.items():
        with open(os.path.join(out, name), "rb") as f:
            check(f.read() == data, f"{name} comes out as it was")
