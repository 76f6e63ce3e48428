// Preloaded into `index`, this counts its calls that change files under one folder, or map or sync them, and lets one of
// them fail, or the process die before it. It calls the kernel itself, so it needs nothing of the C library that it
// stands in for. Calls that a program makes past the C library (rustix, for temporary files) are not seen.
//
// FAULT_ROOT   files under this folder count; absolute, without links
// FAULT_AT     which call fails, from 1 on; 0 for none
// FAULT_ERROR  the error's number; 0 to die by SIGKILL
// FAULT_AFTER  1: so do all later ones, as on a full disk
// FAULT_REPORT gets a line for the call that failed, and the number of calls at the end
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static void report(const char *line) {
    const char *path = getenv("FAULT_REPORT");
    if (!path) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, strlen(line));
    syscall(SYS_close, fd);
}

__attribute__((destructor)) static void at_end(void) {
    if (atomic_load(&calls) == 0) return;
    char line[64];
    snprintf(line, sizeof line, "calls %ld\n", atomic_load(&calls));
    report(line);
}

// Whether this call is to fail; `path` may lie anywhere.
static int fails(const char *what, const char *path) {
    const char *root = getenv("FAULT_ROOT");
    if (!root || !path || strncmp(path, root, strlen(root)) != 0) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    const char *at = getenv("FAULT_AT"), *error = getenv("FAULT_ERROR"), *after = getenv("FAULT_AFTER");
    long wanted = at ? atol(at) : 0;
    if (wanted == 0 || call < wanted || (call > wanted && !(after && *after == '1'))) return 0;
    if (call == wanted) {
        char line[PATH_MAX + 64];
        snprintf(line, sizeof line, "failed %s %s\n", what, path);
        report(line);
    }
    int number = error ? atoi(error) : EIO;
    if (number == 0) {
        raise(SIGKILL);
        for (;;) pause();
    }
    errno = number;
    return 1;
}

static int fails_fd(const char *what, int fd) {
    char link[32], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(what, path);
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & O_ACCMODE) != O_RDONLY && fails("open", path)) return -1;
    return syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE(flags, last)                                  \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {               \
        va_list list;                                      \
        va_start(list, last);                              \
        mode = va_arg(list, mode_t);                       \
        va_end(list);                                      \
    }

int open(const char *path, int flags, ...) { MODE(flags, flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags, flags) return open_any(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags, flags) return open_any(folder, path, flags, mode); }

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails_fd("write", fd) ? -1 : syscall(SYS_write, fd, bytes, count);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    return fails_fd("writev", fd) ? -1 : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails_fd("pwrite", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails_fd("pwrite", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *place, size_t count, unsigned flags) {
    return fails_fd("copy", to) ? -1 : syscall(SYS_copy_file_range, from, at, to, place, count, flags);
}
int fsync(int fd) { return fails_fd("fsync", fd) ? -1 : syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails_fd("fdatasync", fd) ? -1 : syscall(SYS_fdatasync, fd); }
int ftruncate(int fd, off_t length) { return fails_fd("truncate", fd) ? -1 : syscall(SYS_ftruncate, fd, length); }
int ftruncate64(int fd, off64_t length) { return fails_fd("truncate", fd) ? -1 : syscall(SYS_ftruncate, fd, length); }
int mkdir(const char *path, mode_t mode) {
    return fails("mkdir", path) ? -1 : syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
int rename(const char *from, const char *to) {
    return fails("rename", to) ? -1 : syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int folder, const char *from, int other, const char *to) {
    return fails("rename", to) ? -1 : syscall(SYS_renameat2, folder, from, other, to, 0);
}
int renameat2(int folder, const char *from, int other, const char *to, unsigned flags) {
    return fails("rename", to) ? -1 : syscall(SYS_renameat2, folder, from, other, to, flags);
}
int link(const char *from, const char *to) {
    return fails("link", to) ? -1 : syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
void *mmap(void *place, size_t length, int protection, int flags, int fd, off_t at) {
    if (fd >= 0 && fails_fd("mmap", fd)) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, place, length, protection, flags, fd, at);
}
void *mmap64(void *place, size_t length, int protection, int flags, int fd, off64_t at) {
    return mmap(place, length, protection, flags, fd, at);
}
