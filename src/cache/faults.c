/* SPDX-License-Identifier: MIT */
#include "cache/faults.h"

#ifdef TMAIL_FAULTS
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/banned.h"

enum { METHODS_MAX = 4, FRAME_HEAD = 24 };

/* SQLite's own layer with some of its calls led through the points: sqlite3_vfs and the methods of
 * its files are copied and the copies changed. SQLite's xSetSystemCall would not do: it has no
 * fsync. */
struct methods {
    sqlite3_io_methods changed; /* what a file points to */
    const sqlite3_io_methods *own;
};
static struct {
    pthread_once_t once;
    sqlite3_vfs vfs;
    const sqlite3_vfs *own;
    pthread_mutex_t lock;
    struct methods methods[METHODS_MAX]; /* a log has others than the database */
} layer = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER };

static const sqlite3_io_methods *own(const sqlite3_file *f)
{
    return ((const struct methods *)f->pMethods)->own;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    if (sys_fault(FAULT_READ, "store read") != 0)
        return SQLITE_IOERR_READ;
    return own(f)->xRead(f, p, n, at);
}

/* So many pages this thread has written since it took a lock or had something brought to the disk.
 * Wherever such a run is broken, the transaction is not there: only its 1st, 2nd, 4th, 8th ... page
 * are points of their own. What comes after the last page is seen by the next point. */
static _Thread_local unsigned run;

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    /* The header of a frame in the log and its page are one write. */
    run += n != FRAME_HEAD;
    bool is_point = n != FRAME_HEAD && (run & (run - 1)) == 0;
    int half = is_point ? sys_fault_half("store write") : 0;
    if (half == 0)
        return own(f)->xWrite(f, p, n, at);
    if (half > 0)
        own(f)->xWrite(f, p, n / 2, at);
    if (half == 1)
        sys_fault_stop();
    return half == 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (sys_fault(FAULT_RENAME, "store truncate") != 0)
        return SQLITE_IOERR_TRUNCATE;
    return own(f)->xTruncate(f, size);
}

static int on_sync(sqlite3_file *f, int flags)
{
    run = 0;
    if (sys_fault(FAULT_FSYNC, "store fsync") != 0)
        return SQLITE_IOERR_FSYNC;
    return own(f)->xSync(f, flags);
}

static int on_map(sqlite3_file *f, int page, int size, int grow, void volatile **to)
{
    if (sys_fault(FAULT_OPEN, "store log index") != 0)
        return SQLITE_IOERR_SHMOPEN;
    return own(f)->xShmMap(f, page, size, grow, to);
}

static int on_lock(sqlite3_file *f, int offset, int n, int flags)
{
    run = 0;
    return own(f)->xShmLock(f, offset, n, flags);
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    if (sys_fault(FAULT_RENAME, "store unlink") != 0)
        return SQLITE_IOERR_DELETE;
    return layer.own->xDelete(vfs, name, sync_dir);
}

static void methods_change(sqlite3_file *f)
{
    size_t i = 0;
    pthread_mutex_lock(&layer.lock);
    while (i < METHODS_MAX && layer.methods[i].own != NULL && layer.methods[i].own != f->pMethods)
        i++;
    if (i < METHODS_MAX) {
        struct methods *m = &layer.methods[i];
        if (m->own == NULL) {
            m->own = f->pMethods;
            m->changed = *f->pMethods;
            m->changed.xRead = on_read;
            m->changed.xWrite = on_write;
            m->changed.xTruncate = on_truncate;
            m->changed.xSync = on_sync;
            m->changed.xShmMap = on_map;
            m->changed.xShmLock = on_lock;
        }
        f->pMethods = &m->changed;
    }
    pthread_mutex_unlock(&layer.lock);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    f->pMethods = NULL;
    if (sys_fault(FAULT_OPEN, "store open") != 0)
        return SQLITE_CANTOPEN;
    int rc = layer.own->xOpen(vfs, name, f, flags, out);
    if (rc == SQLITE_OK && f->pMethods != NULL)
        methods_change(f);
    return rc;
}

static void layer_make(void)
{
    layer.own = sqlite3_vfs_find(NULL);
    layer.vfs = *layer.own;
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
