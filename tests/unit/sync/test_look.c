/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/look.h"

static const struct {
    enum net_proto proto;
    const char *lines;
    unsigned mechs;
    bool plain_login;
} rows[] = {
    { NET_IMAP, "* CAPABILITY IMAP4rev1 AUTH=PLAIN auth=login\r\na OK done\r\n",
      MECH_PLAIN | MECH_LOGIN, true },
    { NET_IMAP, "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2 AUTH=NEW\r\na OK\r\n",
      MECH_XOAUTH2, false },
    { NET_IMAP, "* OK AUTH=PLAIN\r\na OK\r\n", 0, false }, /* text, no capability */
    { NET_IMAP, "", 0, false },
    { NET_POP3, "+OK\r\nUSER\r\nSASL PLAIN SCRAM-SHA-256\r\nTOP\r\n.\r\n",
      MECH_PLAIN | MECH_SCRAM_SHA_256, true },
    { NET_POP3, "+OK\r\nSASL XOAUTH2\r\n.\r\n", MECH_XOAUTH2, false },
    { NET_POP3, "-ERR what?\r\n", 0, true },
    { NET_SMTP, "250-mx\r\n250-AUTH PLAIN OAUTHBEARER\r\n250 SIZE\r\n",
      MECH_PLAIN | MECH_OAUTHBEARER, false },
    { NET_SMTP, "250-mx\r\n250-AUTH=LOGIN\r\n250 AUTH LOGIN\r\n", MECH_LOGIN, false },
    { NET_SMTP, "250-mx\r\n250-AUTHOR PLAIN\r\n250 OK\r\n", 0, false },
    { NET_SMTP, "250 mx\r\n", 0, false },
};

static void what_answers_offer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct look l;
        look_read(rows[i].proto, str_c(rows[i].lines), &l);
        if (l.mechs != rows[i].mechs || l.plain_login != rows[i].plain_login)
            fail_msg("row %zu: %x %d", i, l.mechs, l.plain_login);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_answers_offer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
