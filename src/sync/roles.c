/* SPDX-License-Identifier: MIT */
#include "sync/roles.h"

#include "net/imap.h"
#include "wire/imap_name.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

static const struct {
    unsigned flag;
    enum cache_role role;
} special_use[] = {
    { LIST_DRAFTS, ROLE_DRAFTS },   { LIST_SENT, ROLE_SENT }, { LIST_TRASH, ROLE_TRASH },
    { LIST_ARCHIVE, ROLE_ARCHIVE }, { LIST_JUNK, ROLE_JUNK }, { LIST_ALL, ROLE_ALL },
};

/* What servers and other programs call them where SPECIAL-USE says nothing; the more usual name
 * first. */
static const struct {
    const char *name;
    enum cache_role role;
} common_names[] = {
    { "Sent", ROLE_SENT },
    { "Sent Items", ROLE_SENT },
    { "Sent Messages", ROLE_SENT },
    { "Sent Mail", ROLE_SENT },
    { "Drafts", ROLE_DRAFTS },
    { "Draft", ROLE_DRAFTS },
    { "Trash", ROLE_TRASH },
    { "Deleted Items", ROLE_TRASH },
    { "Deleted Messages", ROLE_TRASH },
    { "Bin", ROLE_TRASH },
    { "Archive", ROLE_ARCHIVE },
    { "Archives", ROLE_ARCHIVE },
    { "Junk", ROLE_JUNK },
    { "Spam", ROLE_JUNK },
    { "Junk E-mail", ROLE_JUNK },
    { "Junk Email", ROLE_JUNK },
    /* In other languages, as webmail and other programs make them. */
    { "Gesendet", ROLE_SENT },
    { "Gesendete Objekte", ROLE_SENT },
    { "Gesendete Elemente", ROLE_SENT },
    { "Envoyés", ROLE_SENT },
    { "Éléments envoyés", ROLE_SENT },
    { "Messages envoyés", ROLE_SENT },
    { "Enviados", ROLE_SENT },
    { "Elementos enviados", ROLE_SENT },
    { "Itens Enviados", ROLE_SENT },
    { "Inviati", ROLE_SENT },
    { "Posta inviata", ROLE_SENT },
    { "Verzonden", ROLE_SENT },
    { "Verzonden items", ROLE_SENT },
    { "Wysłane", ROLE_SENT },
    { "Elementy wysłane", ROLE_SENT },
    { "Odeslané", ROLE_SENT },
    { "Odeslaná pošta", ROLE_SENT },
    { "Skickat", ROLE_SENT },
    { "Skickade objekt", ROLE_SENT },
    { "Sendt", ROLE_SENT },
    { "Sendt post", ROLE_SENT },
    { "Sendte elementer", ROLE_SENT },
    { "Lähetetyt", ROLE_SENT },
    { "Lähetetyt viestit", ROLE_SENT },
    { "Elküldött", ROLE_SENT },
    { "Elküldött elemek", ROLE_SENT },
    { "Trimise", ROLE_SENT },
    { "Elemente trimise", ROLE_SENT },
    { "Gönderilmiş", ROLE_SENT },
    { "Gönderilmiş Öğeler", ROLE_SENT },
    { "Απεσταλμένα", ROLE_SENT },
    { "Отправленные", ROLE_SENT },
    { "Надіслані", ROLE_SENT },
    { "送信済み", ROLE_SENT },
    { "送信済みメール", ROLE_SENT },
    { "已发送", ROLE_SENT },
    { "已发送邮件", ROLE_SENT },
    { "보낸편지함", ROLE_SENT },
    { "Entwürfe", ROLE_DRAFTS },
    { "Brouillons", ROLE_DRAFTS },
    { "Borradores", ROLE_DRAFTS },
    { "Rascunhos", ROLE_DRAFTS },
    { "Bozze", ROLE_DRAFTS },
    { "Concepten", ROLE_DRAFTS },
    { "Szkice", ROLE_DRAFTS },
    { "Wersje robocze", ROLE_DRAFTS },
    { "Koncepty", ROLE_DRAFTS },
    { "Utkast", ROLE_DRAFTS },
    { "Kladder", ROLE_DRAFTS },
    { "Luonnokset", ROLE_DRAFTS },
    { "Piszkozatok", ROLE_DRAFTS },
    { "Ciorne", ROLE_DRAFTS },
    { "Taslaklar", ROLE_DRAFTS },
    { "Πρόχειρα", ROLE_DRAFTS },
    { "Черновики", ROLE_DRAFTS },
    { "Чернетки", ROLE_DRAFTS },
    { "下書き", ROLE_DRAFTS },
    { "草稿", ROLE_DRAFTS },
    { "草稿箱", ROLE_DRAFTS },
    { "임시보관함", ROLE_DRAFTS },
    { "Papierkorb", ROLE_TRASH },
    { "Gelöschte Objekte", ROLE_TRASH },
    { "Gelöschte Elemente", ROLE_TRASH },
    { "Corbeille", ROLE_TRASH },
    { "Éléments supprimés", ROLE_TRASH },
    { "Papelera", ROLE_TRASH },
    { "Elementos eliminados", ROLE_TRASH },
    { "Lixeira", ROLE_TRASH },
    { "Itens Excluídos", ROLE_TRASH },
    { "Cestino", ROLE_TRASH },
    { "Posta eliminata", ROLE_TRASH },
    { "Prullenbak", ROLE_TRASH },
    { "Verwijderde items", ROLE_TRASH },
    { "Kosz", ROLE_TRASH },
    { "Elementy usunięte", ROLE_TRASH },
    { "Koš", ROLE_TRASH },
    { "Odstraněná pošta", ROLE_TRASH },
    { "Papperskorg", ROLE_TRASH },
    { "Papperskorgen", ROLE_TRASH },
    { "Papirkurv", ROLE_TRASH },
    { "Slettet post", ROLE_TRASH },
    { "Slettede elementer", ROLE_TRASH },
    { "Roskakori", ROLE_TRASH },
    { "Poistetut", ROLE_TRASH },
    { "Lomtár", ROLE_TRASH },
    { "Törölt elemek", ROLE_TRASH },
    { "Coș de gunoi", ROLE_TRASH },
    { "Çöp Kutusu", ROLE_TRASH },
    { "Silinmiş Öğeler", ROLE_TRASH },
    { "Κάδος απορριμμάτων", ROLE_TRASH },
    { "Корзина", ROLE_TRASH },
    { "Удаленные", ROLE_TRASH },
    { "Кошик", ROLE_TRASH },
    { "ゴミ箱", ROLE_TRASH },
    { "已删除", ROLE_TRASH },
    { "已删除邮件", ROLE_TRASH },
    { "휴지통", ROLE_TRASH },
    { "Archiv", ROLE_ARCHIVE },
    { "Archivo", ROLE_ARCHIVE },
    { "Arquivo", ROLE_ARCHIVE },
    { "Archivio", ROLE_ARCHIVE },
    { "Archief", ROLE_ARCHIVE },
    { "Archiwum", ROLE_ARCHIVE },
    { "Arkiv", ROLE_ARCHIVE },
    { "Arkisto", ROLE_ARCHIVE },
    { "Archívum", ROLE_ARCHIVE },
    { "Arhivă", ROLE_ARCHIVE },
    { "Arşiv", ROLE_ARCHIVE },
    { "Αρχειοθήκη", ROLE_ARCHIVE },
    { "Архив", ROLE_ARCHIVE },
    { "Архів", ROLE_ARCHIVE },
    { "アーカイブ", ROLE_ARCHIVE },
    { "归档", ROLE_ARCHIVE },
    { "Spamverdacht", ROLE_JUNK },
    { "Junk-E-Mail", ROLE_JUNK },
    { "Indésirables", ROLE_JUNK },
    { "Courrier indésirable", ROLE_JUNK },
    { "Pourriel", ROLE_JUNK },
    { "Correo no deseado", ROLE_JUNK },
    { "Lixo Eletrônico", ROLE_JUNK },
    { "Posta indesiderata", ROLE_JUNK },
    { "Ongewenste e-mail", ROLE_JUNK },
    { "Wiadomości-śmieci", ROLE_JUNK },
    { "Nevyžádaná pošta", ROLE_JUNK },
    { "Skräppost", ROLE_JUNK },
    { "Uønsket mail", ROLE_JUNK },
    { "Søppelpost", ROLE_JUNK },
    { "Roskaposti", ROLE_JUNK },
    { "Levélszemét", ROLE_JUNK },
    { "Önemsiz", ROLE_JUNK },
    { "Ανεπιθύμητα", ROLE_JUNK },
    { "Спам", ROLE_JUNK },
    { "迷惑メール", ROLE_JUNK },
    { "垃圾邮件", ROLE_JUNK },
    { "스팸편지함", ROLE_JUNK },
};

void roles_name(struct arena *a, struct sync_listed *f)
{
    struct buf utf8 = BUF_INIT(4 * WIRE_NAME_MAX), out = BUF_INIT(8 * WIRE_NAME_MAX);
    imap_name_text(f->wire, &utf8);
    if (str_ieqc(buf_str(&utf8), "INBOX"))
        buf_adds(&out, "INBOX");
    else
        for (size_t i = 0; i < utf8.len; i++) {
            if (f->delim != 0 && utf8.data[i] == f->delim)
                buf_addc(&out, '/');
            else if (utf8.data[i] == '/')
                buf_adds(&out, "\xE2\x88\x95");
            else
                buf_addc(&out, utf8.data[i]);
        }
    f->name = arena_str(a, buf_str(&out));
    buf_free(&utf8);
    buf_free(&out);
}

static bool role_taken(const struct sync_listed *rows, size_t n, enum cache_role role)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].role == role)
            return true;
    return false;
}

/* Some servers keep all folders below INBOX. */
static bool is_called(const struct sync_listed *f, const char *name)
{
    struct str in = f->name;
    if (f->role != ROLE_NONE || f->foreign || (f->flags & (LIST_NOSELECT | LIST_NONEXISTENT)) != 0)
        return false;
    (void)str_lit(&in, "INBOX/");
    return str_ieqc(in, name);
}

void roles_assign(struct sync_listed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows[i].role = str_eqc(rows[i].name, "INBOX") ? ROLE_INBOX : ROLE_NONE;
    for (size_t s = 0; s < COUNT(special_use); s++)
        for (size_t i = 0; i < n; i++)
            if ((rows[i].flags & special_use[s].flag) != 0 && !rows[i].foreign &&
                rows[i].role == ROLE_NONE && !role_taken(rows, n, special_use[s].role))
                rows[i].role = special_use[s].role;
    for (size_t c = 0; c < COUNT(common_names); c++)
        for (size_t i = 0; i < n; i++)
            if (is_called(&rows[i], common_names[c].name) &&
                !role_taken(rows, n, common_names[c].role))
                rows[i].role = common_names[c].role;
}

void roles_archive_all(struct sync_listed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].role == ROLE_ARCHIVE && (rows[i].flags & LIST_ARCHIVE) == 0)
            rows[i].role = ROLE_NONE;
    for (size_t i = 0; i < n && !role_taken(rows, n, ROLE_ARCHIVE); i++)
        if (rows[i].role == ROLE_ALL)
            rows[i].role = ROLE_ARCHIVE;
}
