/* SPDX-License-Identifier: MIT */
/* SMTP command lines; an address that may be written reads back as it was, and so does xtext. */
#include "fuzz.h"

#include "wire/smtp_dsn.h"
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

static void parameters(struct str value)
{
    struct buf plain = BUF_INIT(4096), wire = BUF_INIT(3 * 4096), again = BUF_INIT(4096);
    unsigned notify = 0;
    if (wire_notify_read(value, &notify) == 0) {
        unsigned back = 0;
        wire_notify_put(&wire, notify);
        FUZZ_CHECK(wire_notify_read(buf_str(&wire), &back) == 0 && back == notify);
        buf_clear(&wire);
    }
    if (value.n <= 4096 && wire_xtext_read(value, &plain) == 0) {
        FUZZ_CHECK(str_is_line(buf_str(&plain)));
        wire_xtext_put(&wire, buf_str(&plain));
        FUZZ_CHECK(wire_xtext_read(buf_str(&wire), &again) == 0);
        FUZZ_CHECK(str_eq(buf_str(&plain), buf_str(&again)));
    }
    FUZZ_CHECK(!wire_envid_ok(value) || str_is_line(value));
    FUZZ_CHECK(!wire_orcpt_ok(value, true) || str_is_line(value));
    buf_free(&plain);
    buf_free(&wire);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    line(in);
    address(in);
    parameters(in);
    return 0;
}
