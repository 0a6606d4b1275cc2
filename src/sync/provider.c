/* SPDX-License-Identifier: MIT */
#include "sync/provider.h"

#include "base/i18n.h"
#include "base/banned.h"

#define ADDRESS "%EMAILADDRESS%"
#define LOCAL "%EMAILLOCALPART%"
#define MICROSOFT_HINT                                                                             \
    N_("Microsoft takes no passwords from mail programs, only access tokens (OAuth2)")

static const struct provider providers[] = {
    { "Gmail",
      "gmail.com googlemail.com",
      "google.com googlemail.com",
      SIGN_OAUTH_OR_APP,
      "google",
      N_("Google wants an app password here, not that of the account: turn on 2-step verification, "
         "then "
         "make one at https://myaccount.google.com/apppasswords"),
      { { NET_IMAP, TLS_DIRECT, 993, "imap.gmail.com", ADDRESS },
        { NET_POP3, TLS_DIRECT, 995, "pop.gmail.com", ADDRESS },
        { NET_SMTP, TLS_DIRECT, 465, "smtp.gmail.com", ADDRESS } } },
    { "Outlook.com",
      "outlook.com hotmail.com live.com msn.com",
      "olc.protection.outlook.com",
      SIGN_OAUTH,
      "microsoft",
      MICROSOFT_HINT,
      { { NET_IMAP, TLS_DIRECT, 993, "outlook.office365.com", ADDRESS },
        { NET_POP3, TLS_DIRECT, 995, "outlook.office365.com", ADDRESS },
        { NET_SMTP, TLS_STARTTLS, 587, "smtp-mail.outlook.com", ADDRESS } } },
    { "Microsoft 365",
      "",
      "mail.protection.outlook.com mx.microsoft",
      SIGN_OAUTH,
      "microsoft",
      MICROSOFT_HINT,
      { { NET_IMAP, TLS_DIRECT, 993, "outlook.office365.com", ADDRESS },
        { NET_POP3, TLS_DIRECT, 995, "outlook.office365.com", ADDRESS },
        { NET_SMTP, TLS_STARTTLS, 587, "smtp.office365.com", ADDRESS } } },
    { "Fastmail",
      "fastmail.com fastmail.fm",
      "messagingengine.com",
      SIGN_APP_PASSWORD,
      NULL,
      N_("Fastmail wants an app password here, not that of the account: make one in its settings "
         "under "
         "\"Privacy & Security\""),
      { { NET_IMAP, TLS_DIRECT, 993, "imap.fastmail.com", ADDRESS },
        { NET_POP3, TLS_DIRECT, 995, "pop.fastmail.com", ADDRESS },
        { NET_SMTP, TLS_DIRECT, 465, "smtp.fastmail.com", ADDRESS } } },
    { "iCloud",
      "icloud.com me.com mac.com",
      "mail.icloud.com",
      SIGN_APP_PASSWORD,
      NULL,
      N_("Apple wants an app-specific password here, not that of the account: make one at "
         "https://account.apple.com under \"Sign-In and Security\""),
      { { NET_IMAP, TLS_DIRECT, 993, "imap.mail.me.com", LOCAL },
        { NET_SMTP, TLS_STARTTLS, 587, "smtp.mail.me.com", ADDRESS } } },
    { "Proton Mail",
      "proton.me protonmail.com protonmail.ch pm.me",
      "protonmail.ch",
      SIGN_BRIDGE,
      NULL,
      N_("Proton's mail is read through Proton Mail Bridge, a program that must run on this "
         "machine: "
         "the password is the one that it shows"),
      { { NET_IMAP, TLS_STARTTLS, 1143, "127.0.0.1", ADDRESS },
        { NET_SMTP, TLS_STARTTLS, 1025, "127.0.0.1", ADDRESS } } },
    { "Yahoo",
      "yahoo.com ymail.com rocketmail.com",
      "yahoodns.net",
      SIGN_APP_PASSWORD,
      NULL,
      N_("Yahoo wants an app password here, not that of the account: make one in the account's "
         "security "
         "settings"),
      { { NET_IMAP, TLS_DIRECT, 993, "imap.mail.yahoo.com", ADDRESS },
        { NET_POP3, TLS_DIRECT, 995, "pop.mail.yahoo.com", ADDRESS },
        { NET_SMTP, TLS_DIRECT, 465, "smtp.mail.yahoo.com", ADDRESS } } },
};

/* word is one of the words of list, or (ends) is below one of them. */
static bool is_listed(struct str word, const char *list, bool below)
{
    struct str rest = str_c(list), one;
    while (str_word(&rest, &one)) {
        if (str_eq(word, one))
            return true;
        if (below && word.n > one.n + 1 && word.p[word.n - one.n - 1] == '.' &&
            str_eq(str_skip(word, word.n - one.n), one))
            return true;
    }
    return false;
}

const struct provider *provider_of_domain(struct str domain)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (is_listed(domain, providers[i].domains, false))
            return &providers[i];
    return NULL;
}

const struct provider *provider_of_mx(struct str host)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (is_listed(host, providers[i].mx, true))
            return &providers[i];
    return NULL;
}

const char *provider_sign_name(enum provider_sign sign)
{
    static const char *const names[] = { [SIGN_PASSWORD] = "password",
                                         [SIGN_APP_PASSWORD] = "app-password",
                                         [SIGN_OAUTH] = "oauth",
                                         [SIGN_OAUTH_OR_APP] = "oauth-or-app",
                                         [SIGN_BRIDGE] = "bridge" };
    return names[sign];
}
