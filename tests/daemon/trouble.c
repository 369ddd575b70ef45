/* A disk in trouble, for the files below one folder (TROUBLE_FOLDER, an absolute path).
 *
 * Preloaded before libc. The file TROUBLE holds the word for what the disk is like now:
 *   hang   fsync does not return until the word is another one
 *   eio    fsync fails with EIO
 *   full   nothing more can be written: ENOSPC
 * Any other word, or none: it works.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is(const char *word) {
    const char *path = getenv("TROUBLE");
    char now[16] = "";
    int kept = errno, handle = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (handle >= 0) {
        ssize_t size = syscall(SYS_read, handle, now, sizeof now - 1);
        now[size > 0 ? size : 0] = 0;
        syscall(SYS_close, handle);
    }
    errno = kept;
    return !strcmp(now, word);
}

static int ours(int handle) {
    const char *folder = getenv("TROUBLE_FOLDER");
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = kept;
    return folder && size > 0 && (size_t)size > strlen(folder) && !strncmp(path, folder, strlen(folder));
}

static int synced(int handle, long call) {
    if (!ours(handle)) return (int)syscall(call, handle);
    while (is("hang")) usleep(5000);
    if (is("eio")) return errno = EIO, -1;
    return (int)syscall(call, handle);
}

int fsync(int handle) { return synced(handle, SYS_fsync); }
int fdatasync(int handle) { return synced(handle, SYS_fdatasync); }

static int full(int handle) { return is("full") && ours(handle); }

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int handle, const void *data, size_t size) {
    if (full(handle)) return errno = ENOSPC, -1;
    return NEXT(write)(handle, data, size);
}

ssize_t pwrite(int handle, const void *data, size_t size, off_t at) {
    if (full(handle)) return errno = ENOSPC, -1;
    return NEXT(pwrite)(handle, data, size, at);
}

ssize_t pwrite64(int handle, const void *data, size_t size, off64_t at) {
    if (full(handle)) return errno = ENOSPC, -1;
    return NEXT(pwrite64)(handle, data, size, at);
}
