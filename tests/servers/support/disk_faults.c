/* Makes the disk fail for one folder of one process, as long as a file says how.
 *
 * GUICHET_FAULT_DIR names the folder, GUICHET_FAULT the file; its first letter chooses:
 *   s  fsync and fdatasync fail with EIO
 *   r  everything that writes fails with EROFS
 *   f  a write stops half way, the next one fails with ENOSPC
 *   e  the read whose number GUICHET_FAULT_READ says (from 1) fails with EIO
 * Loaded with LD_PRELOAD; see disk.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char kind(void) {
    static int (*real_open)(const char *, int, ...);
    static ssize_t (*real_read)(int, void *, size_t);
    const char *path = getenv("GUICHET_FAULT");
    if (!path) return 0;
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open64");
    if (!real_read) real_read = dlsym(RTLD_NEXT, "read");
    int saved = errno;
    char letter = 0;
    int fd = real_open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (real_read(fd, &letter, 1) != 1) letter = 0;
        close(fd);
    }
    errno = saved;
    return letter;
}

static int below(const char *path) {
    const char *folder = getenv("GUICHET_FAULT_DIR");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static char fault(int fd) {
    struct stat stat;
    char link[64], path[4096];
    if (fstat(fd, &stat) != 0 || !(S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode))) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path) ? kind() : 0;
}

static int refuse(int error) {
    errno = error;
    return -1;
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    char letter = fault(fd);
    return letter == 's' ? refuse(EIO) : letter == 'r' ? refuse(EROFS) : real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    char letter = fault(fd);
    return letter == 's' ? refuse(EIO) : letter == 'r' ? refuse(EROFS) : real(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    char letter = fault(fd);
    if (letter == 'f') return count > 1 ? real(fd, bytes, count / 2) : refuse(ENOSPC);
    return letter == 'r' ? refuse(EROFS) : real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    char letter = fault(fd);
    if (letter == 'f') return count > 1 ? real(fd, bytes, count / 2, at) : refuse(ENOSPC);
    return letter == 'r' ? refuse(EROFS) : real(fd, bytes, count, at);
}

ssize_t read(int fd, void *bytes, size_t count) {
    static ssize_t (*real)(int, void *, size_t);
    static int reads;
    if (!real) real = dlsym(RTLD_NEXT, "read");
    const char *failing = getenv("GUICHET_FAULT_READ");
    if (failing && fault(fd) == 'e' && __sync_add_and_fetch(&reads, 1) == atoi(failing)) return refuse(EIO);
    return real(fd, bytes, count);
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = dlsym(RTLD_NEXT, "open64");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if ((flags & (O_WRONLY | O_RDWR)) && below(path) && kind() == 'r') return refuse(EROFS);
    return real(path, flags, mode);
}
