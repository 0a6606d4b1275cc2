/* SPDX-License-Identifier: MIT */
/* SMTP command lines; an address that may be written reads back as it was. */
#include "fuzz.h"

#include "wire/smtp_cmd.h"
#include "base/banned.h"

static bool within(struct str outer, struct str s)
{
    return s.n == 0 || (s.p >= outer.p && s.p + s.n <= outer.p + outer.n);
}

static void line(struct str in)
{
    struct smtp_cmd cmd;
    struct error err;
    if (wire_smtp_cmd(in, &cmd, &err) != 0) {
        FUZZ_CHECK(err.sys == 500 || err.sys == 501 || err.sys == 553);
        return;
    }
    FUZZ_CHECK(within(in, cmd.arg) && within(in, cmd.local) && within(in, cmd.domain));
    FUZZ_CHECK(cmd.params_n <= SMTP_PARAMS_MAX);
    for (size_t i = 0; i < cmd.params_n; i++)
        FUZZ_CHECK(within(in, cmd.params[i].name) && within(in, cmd.params[i].value));
    if (cmd.verb == SMTP_MAIL || cmd.verb == SMTP_RCPT)
        FUZZ_CHECK(str_is_line(cmd.local) && str_is_line(cmd.domain));
}

static void address(struct str addr)
{
    struct buf out = BUF_INIT(4096);
    struct smtp_cmd cmd;
    struct error err;
    if (!wire_smtp_addr_ok(addr, true))
        return;
    FUZZ_CHECK(str_is_line(addr));
    buf_adds(&out, "RCPT TO:<");
    buf_add_str(&out, addr);
    buf_adds(&out, ">");
    FUZZ_CHECK(wire_smtp_cmd(buf_str(&out), &cmd, &err) == 0);
    FUZZ_CHECK(cmd.verb == SMTP_RCPT && cmd.params_n == 0);
    FUZZ_CHECK(cmd.local.n + (cmd.domain.n > 0) + cmd.domain.n == addr.n);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    line(in);
    address(in);
    return 0;
}
