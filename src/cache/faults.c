/* SPDX-License-Identifier: MIT */
#include "cache/faults.h"

#ifdef TMAIL_FAULTS
#include <pthread.h>
#include <sqlite3.h>

#include "base/fault.h"
#include "base/banned.h"

/* SQLite's own layer with some of its calls led through the points: sqlite3_vfs and the methods of
 * its files are copied and the copies changed. SQLite's xSetSystemCall would not do: it has no
 * fsync. */
static struct {
    pthread_once_t once;
    sqlite3_vfs vfs;
    const sqlite3_vfs *own_vfs;
    sqlite3_io_methods file;
    const sqlite3_io_methods *own_file;
} layer = { .once = PTHREAD_ONCE_INIT };

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    if (sys_fault(FAULT_READ, "store read") != 0)
        return SQLITE_IOERR_READ;
    return layer.own_file->xRead(f, p, n, at);
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int half = sys_fault_half("store write");
    if (half == 0)
        return layer.own_file->xWrite(f, p, n, at);
    if (half > 0)
        layer.own_file->xWrite(f, p, n / 2, at);
    if (half == 1)
        sys_fault_stop();
    return half == 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (sys_fault(FAULT_RENAME, "store truncate") != 0)
        return SQLITE_IOERR_TRUNCATE;
    return layer.own_file->xTruncate(f, size);
}

static int on_sync(sqlite3_file *f, int flags)
{
    if (sys_fault(FAULT_FSYNC, "store fsync") != 0)
        return SQLITE_IOERR_FSYNC;
    return layer.own_file->xSync(f, flags);
}

static int on_map(sqlite3_file *f, int page, int size, int grow, void volatile **to)
{
    if (sys_fault(FAULT_OPEN, "store log index") != 0)
        return SQLITE_IOERR_SHMOPEN;
    return layer.own_file->xShmMap(f, page, size, grow, to);
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    if (sys_fault(FAULT_RENAME, "store unlink") != 0)
        return SQLITE_IOERR_DELETE;
    return layer.own_vfs->xDelete(vfs, name, sync_dir);
}

/* All files of a process have the same methods: those of POSIX locks. */
static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    f->pMethods = NULL;
    if (sys_fault(FAULT_OPEN, "store open") != 0)
        return SQLITE_CANTOPEN;
    int rc = layer.own_vfs->xOpen(vfs, name, f, flags, out);
    if (rc == SQLITE_OK && f->pMethods == layer.own_file)
        f->pMethods = &layer.file;
    return rc;
}

/* The methods are only to be had from an open file. */
static void methods_find(void)
{
    sqlite3 *db = NULL;
    sqlite3_file *f = NULL;
    if (sqlite3_open("/dev/null", &db) == SQLITE_OK &&
        sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &f) == SQLITE_OK)
        layer.own_file = f->pMethods;
    sqlite3_close(db);
}

static void layer_make(void)
{
    layer.own_vfs = sqlite3_vfs_find(NULL);
    methods_find();
    layer.file = *layer.own_file;
    layer.file.xRead = on_read;
    layer.file.xWrite = on_write;
    layer.file.xTruncate = on_truncate;
    layer.file.xSync = on_sync;
    layer.file.xShmMap = on_map;
    layer.vfs = *layer.own_vfs;
    layer.vfs.zName = "tmail-faults";
    layer.vfs.pNext = NULL;
    layer.vfs.xOpen = on_open;
    layer.vfs.xDelete = on_delete;
    sqlite3_vfs_register(&layer.vfs, 0);
}

const char *cache_faults(void)
{
    pthread_once(&layer.once, layer_make);
    return layer.vfs.zName;
}
#endif
