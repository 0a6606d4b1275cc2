/* SPDX-License-Identifier: MIT */
#include "cache/schema.h"

#include "base/banned.h"

/* What each table is for, and who keeps it, stands in doc/store.md. */
#define TABLES                                                                                     \
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"              \
    "INSERT INTO meta VALUES('pulse', 0);"                                                         \
    "CREATE TABLE account(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"       \
    "CREATE TABLE folder(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"          \
    " name TEXT NOT NULL, wire BLOB NOT NULL, delim INTEGER NOT NULL, role INTEGER NOT NULL,"      \
    " flags INTEGER NOT NULL, uidvalidity INTEGER NOT NULL DEFAULT 0,"                             \
    " uidnext INTEGER NOT NULL DEFAULT 0, highestmodseq INTEGER NOT NULL DEFAULT 0,"               \
    " synced_at INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,"                     \
    " unread INTEGER NOT NULL DEFAULT 0, threads INTEGER NOT NULL DEFAULT 0,"                      \
    " threads_unread INTEGER NOT NULL DEFAULT 0, UNIQUE(account, name));"                          \
    "CREATE TABLE message(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"         \
    " thread INTEGER NOT NULL, date INTEGER NOT NULL, received INTEGER NOT NULL,"                  \
    " size INTEGER NOT NULL, flags INTEGER NOT NULL, body INTEGER NOT NULL,"                       \
    " topic INTEGER NOT NULL, orphan INTEGER NOT NULL,"                                            \
    " identity BLOB, head BLOB, sender TEXT NOT NULL, recipients TEXT NOT NULL,"                   \
    " subject TEXT NOT NULL, mid TEXT NOT NULL, parent TEXT NOT NULL, preview TEXT NOT NULL);"     \
    "CREATE INDEX message_identity ON message(identity) WHERE identity IS NOT NULL;"               \
    "CREATE INDEX message_head ON message(head) WHERE head IS NOT NULL;"                           \
    "CREATE INDEX message_thread ON message(thread, date);"                                        \
    "CREATE INDEX message_topic ON message(topic, date) WHERE topic > 0;"                          \
    "CREATE INDEX message_orphan ON message(topic, date) WHERE orphan = 1;"                        \
    "CREATE TABLE summary(message INTEGER PRIMARY KEY, flat BLOB NOT NULL);"                       \
    "CREATE TABLE reference(id INTEGER PRIMARY KEY, thread INTEGER NOT NULL);"                     \
    "CREATE INDEX reference_thread ON reference(thread);"                                          \
    "CREATE TABLE placement(folder INTEGER NOT NULL, date INTEGER NOT NULL,"                       \
    " message INTEGER NOT NULL, uid INTEGER NOT NULL, flags INTEGER NOT NULL,"                     \
    " server_flags INTEGER NOT NULL, modseq INTEGER NOT NULL, thread INTEGER NOT NULL,"            \
    " keywords TEXT NOT NULL, PRIMARY KEY(folder, date DESC, message DESC)) WITHOUT ROWID;"        \
    "CREATE UNIQUE INDEX placement_uid ON placement(folder, uid) WHERE uid > 0;"                   \
    "CREATE INDEX placement_pending ON placement(folder) WHERE uid = 0;"                           \
    "CREATE UNIQUE INDEX placement_message ON placement(message, folder);"                         \
    "CREATE INDEX placement_thread ON placement(folder, thread, date DESC, message DESC);"         \
    "CREATE INDEX placement_unread ON placement(folder, date DESC, message DESC)"                  \
    " WHERE (flags & 1) = 0;"                                                                      \
    "CREATE TABLE folder_thread(folder INTEGER NOT NULL, last INTEGER NOT NULL,"                   \
    " thread INTEGER NOT NULL, n INTEGER NOT NULL, unread INTEGER NOT NULL,"                       \
    " PRIMARY KEY(folder, last DESC, thread DESC)) WITHOUT ROWID;"                                 \
    "CREATE UNIQUE INDEX folder_thread_thread ON folder_thread(folder, thread);"                   \
    "CREATE INDEX folder_thread_unread ON folder_thread(folder, last DESC, thread DESC)"           \
    " WHERE unread > 0;"                                                                           \
    "CREATE TABLE body(id INTEGER PRIMARY KEY AUTOINCREMENT, identity BLOB,"                       \
    " size INTEGER NOT NULL, state INTEGER NOT NULL, started INTEGER NOT NULL);"                   \
    "CREATE INDEX body_identity ON body(identity) WHERE identity IS NOT NULL;"                     \
    "CREATE INDEX body_loose ON body(started) WHERE state < 2;"                                    \
    "CREATE TABLE frame(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"

#define PERSON_TABLES                                                                              \
    "CREATE TABLE journal(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"         \
    " message INTEGER NOT NULL, folder INTEGER NOT NULL, target INTEGER NOT NULL,"                 \
    " kind INTEGER NOT NULL, plus INTEGER NOT NULL, minus INTEGER NOT NULL,"                       \
    " begun INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,"                      \
    " retry_at INTEGER NOT NULL DEFAULT 0);"                                                       \
    "CREATE INDEX journal_message ON journal(message);"                                            \
    "CREATE TABLE ghost(op INTEGER PRIMARY KEY, folder INTEGER NOT NULL,"                          \
    " message INTEGER NOT NULL, uid INTEGER NOT NULL, flags INTEGER NOT NULL,"                     \
    " server_flags INTEGER NOT NULL, modseq INTEGER NOT NULL, keywords TEXT NOT NULL,"             \
    " gone INTEGER NOT NULL DEFAULT 0);"                                                           \
    "CREATE INDEX ghost_uid ON ghost(folder, uid);"                                                \
    "CREATE INDEX ghost_message ON ghost(message);"                                                \
    "CREATE TABLE failure(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"            \
    " message INTEGER NOT NULL, folder INTEGER NOT NULL, target INTEGER NOT NULL,"                 \
    " text TEXT NOT NULL);"                                                                        \
    "CREATE TABLE step(id INTEGER PRIMARY KEY AUTOINCREMENT);"                                     \
    "CREATE TABLE undo(step INTEGER NOT NULL, n INTEGER NOT NULL, kind INTEGER NOT NULL,"          \
    " message INTEGER NOT NULL, folder INTEGER NOT NULL, target INTEGER NOT NULL,"                 \
    " plus INTEGER NOT NULL, minus INTEGER NOT NULL, PRIMARY KEY(step, n)) WITHOUT ROWID;"         \
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"          \
    " body INTEGER NOT NULL, state INTEGER NOT NULL, dot_sent INTEGER NOT NULL,"                   \
    " created INTEGER NOT NULL, not_before INTEGER NOT NULL, attempts INTEGER NOT NULL,"           \
    " size INTEGER NOT NULL, eight_bit INTEGER NOT NULL, save_sent INTEGER NOT NULL,"              \
    " sender TEXT NOT NULL, subject TEXT NOT NULL, mid TEXT NOT NULL, reason TEXT NOT NULL);"      \
    "CREATE TABLE outbox_rcpt(entry INTEGER NOT NULL, n INTEGER NOT NULL,"                         \
    " address TEXT NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL,"                           \
    " PRIMARY KEY(entry, n)) WITHOUT ROWID;"                                                       \
    "CREATE TABLE draft(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"           \
    " outbox INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL, subject TEXT NOT NULL,"         \
    " recipients TEXT NOT NULL, blob BLOB NOT NULL);"

/* The counts of folders and of threads in folders follow every change of a placement, in its
 * transaction. place_insert does it for an insert: a trigger would have SQLite keep a copy of each
 * page touched, which took half of the time. */
#define PLACE_IN(row)                                                                              \
    "UPDATE folder_thread SET n = n + 1, unread = unread + ((" row ".flags & 1) = 0),"             \
    " last = max(last, " row ".date) WHERE folder = " row ".folder AND thread = " row ".thread;"   \
    "UPDATE folder SET total = total + 1, unread = unread + ((" row ".flags & 1) = 0),"            \
    " (threads, threads_unread) = (SELECT threads + (count(*) = 0), threads_unread +"              \
    " (count(*) = 0 AND (" row ".flags & 1) = 0) FROM folder_thread WHERE folder = " row           \
    ".folder AND thread = " row ".thread) WHERE id = " row ".folder;"                              \
    "INSERT INTO folder_thread SELECT " row ".folder, " row ".date, " row ".thread, 1,"            \
    " (" row ".flags & 1) = 0 WHERE NOT EXISTS (SELECT 1 FROM folder_thread"                       \
    " WHERE folder = " row ".folder AND thread = " row ".thread);"
#define PLACE_OUT(row)                                                                             \
    "UPDATE folder SET total = total - 1, unread = unread - ((" row ".flags & 1) = 0)"             \
    " WHERE id = " row ".folder;"                                                                  \
    "DELETE FROM folder_thread WHERE folder = " row ".folder AND thread = " row ".thread"          \
    " AND n = 1;"                                                                                  \
    "UPDATE folder_thread SET n = n - 1, unread = unread - ((" row ".flags & 1) = 0),"             \
    " last = (SELECT date FROM placement WHERE folder = " row ".folder AND thread = " row          \
    ".thread ORDER BY date DESC LIMIT 1)"                                                          \
    " WHERE folder = " row ".folder AND thread = " row ".thread;"

#define TRIGGERS                                                                                   \
    "CREATE TRIGGER placement_out AFTER DELETE ON placement BEGIN " PLACE_OUT(                     \
        "old") "END;"                                                                              \
               "CREATE TRIGGER placement_moved AFTER UPDATE OF date, thread ON "                   \
               "placement BEGIN " PLACE_OUT("old")                                                 \
                   PLACE_IN("new") "END;"                                                          \
                                   "CREATE TRIGGER placement_read AFTER UPDATE OF flags ON "       \
                                   "placement"                                                     \
                                   " WHEN (old.flags & 1) <> (new.flags & 1) BEGIN "               \
                                   "UPDATE folder SET unread = unread + ((new.flags & 1) = 0) "    \
                                   "- ((old.flags & 1) = 0)"                                       \
                                   " WHERE id = new.folder;"                                       \
                                   "UPDATE folder_thread SET unread = unread + ((new.flags & "     \
                                   "1) = 0) - ((old.flags & 1) = 0)"                               \
                                   " WHERE folder = new.folder AND thread = new.thread; END;"      \
                                   "CREATE TRIGGER thread_out AFTER DELETE ON folder_thread "      \
                                   "BEGIN "                                                        \
                                   "UPDATE folder SET threads = threads - 1, threads_unread = "    \
                                   "threads_unread - (old.unread > 0)"                             \
                                   " WHERE id = old.folder; END;"                                  \
                                   "CREATE TRIGGER thread_read AFTER UPDATE OF unread ON "         \
                                   "folder_thread"                                                 \
                                   " WHEN (old.unread > 0) <> (new.unread > 0) BEGIN "             \
                                   "UPDATE folder SET threads_unread = threads_unread + "          \
                                   "(new.unread > 0) - (old.unread > 0)"                           \
                                   " WHERE id = new.folder; END;"

#define POP_TABLE                                                                                  \
    "CREATE TABLE pop(account INTEGER NOT NULL, uid BLOB NOT NULL, message INTEGER NOT NULL,"      \
    " identity BLOB NOT NULL, fetched_at INTEGER NOT NULL, gone_at INTEGER NOT NULL DEFAULT 0,"    \
    " deleting INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(account, uid)) WITHOUT ROWID;"              \
    "CREATE INDEX pop_message ON pop(message) WHERE message > 0;"                                  \
    "CREATE INDEX pop_gone ON pop(account, identity) WHERE gone_at > 0;"

/* A message that has a body is found by it: bodies are numbered one after the other, so that their
 * index grows at its end, while an index of digests is written all over. */
#define BODY_INDEX                                                                                 \
    "DROP INDEX message_identity;"                                                                 \
    "CREATE INDEX message_body ON message(body) WHERE body > 0;"

/* What an IMAP server calls a message wherever it lies, what its folders were like when they were
 * last looked at, and what went out of one and may turn up in another. */
#define SERVER_VIEW                                                                                \
    "ALTER TABLE message ADD COLUMN objectid BLOB;"                                                \
    "CREATE UNIQUE INDEX message_objectid ON message(account, objectid)"                           \
    " WHERE objectid IS NOT NULL;"                                                                 \
    "ALTER TABLE folder ADD COLUMN there INTEGER NOT NULL DEFAULT -1;"                             \
    "ALTER TABLE folder ADD COLUMN there_unseen INTEGER NOT NULL DEFAULT -1;"                      \
    "ALTER TABLE folder ADD COLUMN compared_at INTEGER NOT NULL DEFAULT 0;"                        \
    "ALTER TABLE folder ADD COLUMN offline INTEGER NOT NULL DEFAULT -2;"                           \
    "CREATE TABLE limbo(message INTEGER PRIMARY KEY, account INTEGER NOT NULL,"                    \
    " since INTEGER NOT NULL);"                                                                    \
    "CREATE INDEX limbo_account ON limbo(account, since);"

/* A receipt is asked for. */
#define RECEIPTS "ALTER TABLE outbox ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;"

/* What other programs call a message of a local account in its folder: its file, or its text. */
#define SPOOL                                                                                      \
    "CREATE TABLE spool(folder INTEGER NOT NULL, name BLOB NOT NULL, uid INTEGER NOT NULL,"        \
    " place BLOB NOT NULL, PRIMARY KEY(folder, name)) WITHOUT ROWID;"                              \
    "CREATE UNIQUE INDEX spool_uid ON spool(folder, uid);"                                         \
    "CREATE TRIGGER spool_folder AFTER DELETE ON folder BEGIN"                                     \
    " DELETE FROM spool WHERE folder = old.id; END;"

/* Keywords as they are shown while the journal changes them (NULL: as the server has them), the words
 * and the names of operations, what a server's quota is (in units of 1,024 bytes; -1: none known). */
#define WORDS                                                                                      \
    "ALTER TABLE placement ADD COLUMN tags TEXT;"                                                  \
    "ALTER TABLE ghost ADD COLUMN tags TEXT;"                                                      \
    "ALTER TABLE journal ADD COLUMN plus_words TEXT NOT NULL DEFAULT '';"                          \
    "ALTER TABLE journal ADD COLUMN minus_words TEXT NOT NULL DEFAULT '';"                         \
    "ALTER TABLE journal ADD COLUMN name TEXT NOT NULL DEFAULT '';"                                \
    "ALTER TABLE undo ADD COLUMN plus_words TEXT NOT NULL DEFAULT '';"                             \
    "ALTER TABLE undo ADD COLUMN minus_words TEXT NOT NULL DEFAULT '';"                            \
    "ALTER TABLE account ADD COLUMN quota_used INTEGER NOT NULL DEFAULT -1;"                       \
    "ALTER TABLE account ADD COLUMN quota_limit INTEGER NOT NULL DEFAULT -1;"

/* A script that was given out is never changed again: stores made by it are there. */
const char *const schema_scripts[CACHE_SCHEMA] = {
    TABLES PERSON_TABLES TRIGGERS, POP_TABLE BODY_INDEX, SERVER_VIEW, RECEIPTS, SPOOL, WORDS
};
