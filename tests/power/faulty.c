/* A storage that fails on command, for the files of one folder.
 *
 * Preloaded before libc. FAULTY_FOLDER is the folder (an absolute path), FAULTY_CONTROL a file whose
 * content says what is wrong now: EIO (syncs fail), ENOSPC (writes fail), HANG (syncs do not
 * return until it says something else). Absent or empty: nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is(const char *fault) {
    char content[16] = "";
    const char *control = getenv("FAULTY_CONTROL");
    int handle = control ? (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC) : -1;
    if (handle < 0) return 0;
    if (read(handle, content, sizeof content - 1) < 0) content[0] = 0;
    syscall(SYS_close, handle);
    return !strncmp(content, fault, strlen(fault));
}

static int ours(int handle) {
    char link[64], path[PATH_MAX];
    const char *folder = getenv("FAULTY_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = folder ? readlink(link, path, sizeof path) : -1;
    return length >= (ssize_t)(folder ? strlen(folder) : 0) && !strncmp(path, folder, strlen(folder));
}

static int sync_or_fail(int handle, long number) {
    int kept = errno;
    if (ours(handle)) {
        if (is("EIO")) {
            errno = EIO;
            return -1;
        }
        while (is("HANG")) nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    errno = kept;
    return (int)syscall(number, handle);
}

int fsync(int handle) { return sync_or_fail(handle, SYS_fsync); }
int fdatasync(int handle) { return sync_or_fail(handle, SYS_fdatasync); }

static int full(int handle) {
    int kept = errno, yes = ours(handle) && is("ENOSPC");
    errno = yes ? ENOSPC : kept;
    return yes;
}

ssize_t write(int handle, const void *data, size_t size) {
    return full(handle) ? -1 : syscall(SYS_write, handle, data, size);
}
ssize_t pwrite64(int handle, const void *data, size_t size, off64_t at) {
    return full(handle) ? -1 : syscall(SYS_pwrite64, handle, data, size, at);
}
ssize_t pwrite(int handle, const void *data, size_t size, off_t at) { return pwrite64(handle, data, size, at); }
