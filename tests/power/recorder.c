/* Writes down, in order, everything that a program does to the files of one folder.
 *
 * Preloaded before libc. Each call goes through first; what it did is then appended to the log as
 * one record: kind (1 byte), inode (8), offset or length (8), size of the rest (4), the rest.
 * POWER_FOLDER is the folder (an absolute path), POWER_LOG the log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define WATCHED 4096

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int log_handle = -1;
static uint64_t inodes[WATCHED]; /* by descriptor; 0: not ours */

struct __attribute__((packed)) record {
    char kind;
    uint64_t inode, number;
    uint32_t size;
};

__attribute__((constructor)) static void begin(void) {
    folder = getenv("POWER_FOLDER");
    const char *log = getenv("POWER_LOG");
    if (folder && log)
        log_handle = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(char kind, uint64_t inode, uint64_t number, const void *rest, size_t size) {
    struct record record = {kind, inode, number, (uint32_t)size};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)rest, size}};
    int kept = errno;
    if (syscall(SYS_writev, log_handle, parts, 2) != (long)(sizeof record + size)) {
        static const char text[] = "recorder: the log cannot be written\n";
        syscall(SYS_write, 2, text, sizeof text - 1);
        abort();
    }
    errno = kept;
}

static int ours(const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    return log_handle >= 0 && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static uint64_t watched(int handle) { return handle >= 0 && handle < WATCHED ? inodes[handle] : 0; }

static int open_watched(int at, const char *path, int flags, mode_t mode) {
    int mine = ours(path), is_new = mine && (flags & O_CREAT) && syscall(SYS_faccessat, at, path, F_OK) != 0;
    int handle = (int)syscall(SYS_openat, at, path, flags, mode);
    if (handle < 0 || handle >= WATCHED) return handle;
    struct stat about;
    inodes[handle] = mine && !fstat(handle, &about) ? about.st_ino : 0;
    if (mine && is_new) note('C', about.st_ino, 0, path, strlen(path));
    if (mine && !is_new && (flags & O_TRUNC)) note('T', about.st_ino, 0, "", 0);
    return handle;
}

#define OPEN(name, at_parameter, at) \
    int name(at_parameter const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        pthread_mutex_lock(&turn); \
        int handle = open_watched(at, path, flags, mode); \
        pthread_mutex_unlock(&turn); \
        return handle; \
    }
#define COMMA ,
OPEN(open, , AT_FDCWD)
OPEN(open64, , AT_FDCWD)
OPEN(openat, int at COMMA, at)
OPEN(openat64, int at COMMA, at)

int close(int handle) {
    if (handle >= 0 && handle < WATCHED) inodes[handle] = 0;
    return (int)syscall(SYS_close, handle);
}

static ssize_t write_watched(int handle, const void *data, size_t size, off64_t offset, int at_offset) {
    pthread_mutex_lock(&turn);
    uint64_t inode = watched(handle);
    if (inode && !at_offset) offset = lseek64(handle, 0, SEEK_CUR);
    ssize_t done = at_offset ? syscall(SYS_pwrite64, handle, data, size, offset)
                             : syscall(SYS_write, handle, data, size);
    if (inode && done > 0) note('W', inode, (uint64_t)offset, data, (size_t)done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t write(int handle, const void *data, size_t size) { return write_watched(handle, data, size, 0, 0); }
ssize_t pwrite(int handle, const void *data, size_t size, off_t at) { return write_watched(handle, data, size, at, 1); }
ssize_t pwrite64(int handle, const void *data, size_t size, off64_t at) {
    return write_watched(handle, data, size, at, 1);
}

#define SYNC(name, number) \
    int name(int handle) { \
        pthread_mutex_lock(&turn); \
        int failed = (int)syscall(number, handle); \
        if (!failed && watched(handle)) note('S', watched(handle), 0, "", 0); \
        pthread_mutex_unlock(&turn); \
        return failed; \
    }
SYNC(fsync, SYS_fsync)
SYNC(fdatasync, SYS_fdatasync)

#define TRUNCATE(name, type) \
    int name(int handle, type length) { \
        pthread_mutex_lock(&turn); \
        int failed = (int)syscall(SYS_ftruncate, handle, length); \
        if (!failed && watched(handle)) note('T', watched(handle), (uint64_t)length, "", 0); \
        pthread_mutex_unlock(&turn); \
        return failed; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
    pthread_mutex_lock(&turn);
    int failed = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!failed && ours(path)) note('U', 0, 0, path, strlen(path));
    pthread_mutex_unlock(&turn);
    return failed;
}

int unlinkat(int at, const char *path, int flags) {
    return at == AT_FDCWD && !flags ? unlink(path) : (int)syscall(SYS_unlinkat, at, path, flags);
}

int rename(const char *from, const char *to) {
    char both[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int failed = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (!failed && (ours(from) || ours(to)))
        note('R', 0, 0, both, (size_t)snprintf(both, sizeof both, "%s%c%s", from, 0, to));
    pthread_mutex_unlock(&turn);
    return failed;
}

/* What lockd and SQLite do not do; were it done unseen, the proof would be worthless. */
#define REFUSE(name, parameters) \
    int name parameters { \
        static const char text[] = "recorder: " #name " is not recorded\n"; \
        syscall(SYS_write, 2, text, sizeof text - 1); \
        abort(); \
    }
REFUSE(renameat, (int from_at, const char *from, int to_at, const char *to))
REFUSE(truncate64, (const char *path, off64_t length))
REFUSE(truncate, (const char *path, off_t length))
REFUSE(creat64, (const char *path, mode_t mode))
REFUSE(creat, (const char *path, mode_t mode))
ssize_t pwritev(int handle, const struct iovec *parts, int count, off_t at) { abort(); }
ssize_t writev(int handle, const struct iovec *parts, int count) { abort(); }
