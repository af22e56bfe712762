/* Faults between the daemon and its kernel, preloaded (LD_PRELOAD): failing writes, a jumping clock, death at a chosen call,
   and a log of what was written to the journal since the last sync, from which a power cut can be played back.

   The harness maps the same control file and changes it while the daemon runs. Only what lies under the journal's directory
   is touched. Everything the log holds was preceded by the write of the old content, so the log itself survives SIGKILL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int32_t write_error, sync_error, allocate_error;
    volatile int32_t calls_to_live; /* die at this many writes and syncs from now; 0 does not */
    volatile int64_t clock_offset;  /* nanoseconds that the wall clock is ahead */
    volatile int64_t failed;        /* calls that were made to fail */
};

struct undo { /* one write that no sync has covered yet, followed by what was there before */
    int64_t offset, size;
};

static struct control *control;
static char directory[PATH_MAX], undo_directory[PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_fallocate)(int, off_t, off_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);

__attribute__((constructor)) static void begin(void)
{
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate64");
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
    const char *path = getenv("FAULTS_CONTROL"), *journal = getenv("FAULTS_JOURNAL"), *undo = getenv("FAULTS_UNDO");
    if (!path || !journal || !undo)
        return;
    int file = open(path, O_RDWR);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        abort();
    snprintf(directory, sizeof directory, "%s/", journal);
    snprintf(undo_directory, sizeof undo_directory, "%s", undo);
    control = mapped;
}

static int of_journal(int file)
{
    char link[64], path[PATH_MAX];
    if (!control)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = 0;
    return !strncmp(path, directory, strlen(directory)) && !strstr(path, "-shm");
}

static int undo_file(int file, int flags)
{
    struct stat stat;
    char path[PATH_MAX + 32];
    if (fstat(file, &stat))
        abort();
    snprintf(path, sizeof path, "%s/%llu", undo_directory, (unsigned long long)stat.st_ino);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | flags, 0600);
}

static void remember(int file, size_t size, off_t offset)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int before = open(link, O_RDONLY), log = undo_file(file, 0);
    struct undo *entry = calloc(1, sizeof *entry + size);
    if (before < 0 || log < 0 || !entry)
        abort();
    entry->offset = offset;
    entry->size = (int64_t)size;
    if (pread(before, entry + 1, size, offset) < 0)
        abort();
    if (write(log, entry, sizeof *entry + size) != (ssize_t)(sizeof *entry + size))
        abort();
    free(entry);
    close(log);
    close(before);
}

static void count_down(void)
{
    if (control->calls_to_live > 0 && --control->calls_to_live == 0)
        kill(getpid(), SIGKILL);
}

static int fails(int32_t error)
{
    if (!error)
        return 0;
    control->failed++;
    errno = error;
    return 1;
}

ssize_t pwrite64(int file, const void *buffer, size_t size, off_t offset)
{
    if (!of_journal(file))
        return real_pwrite(file, buffer, size, offset);
    pthread_mutex_lock(&lock);
    count_down();
    ssize_t done = -1;
    if (!fails(control->write_error)) {
        remember(file, size, offset);
        done = real_pwrite(file, buffer, size, offset);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t pwrite(int file, const void *buffer, size_t size, off_t offset)
{
    return pwrite64(file, buffer, size, offset);
}

static int sync_with(int (*real)(int), int file)
{
    if (!of_journal(file))
        return real(file);
    pthread_mutex_lock(&lock);
    count_down();
    int done = -1;
    if (!fails(control->sync_error) && !(done = real(file)))
        close(undo_file(file, O_TRUNC));
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int fdatasync(int file)
{
    return sync_with(real_fdatasync, file);
}

int fsync(int file)
{
    return sync_with(real_fsync, file);
}

int posix_fallocate64(int file, off_t offset, off_t size)
{
    struct stat stat;
    int grows = !fstat(file, &stat) && offset + size > stat.st_size;
    if (of_journal(file) && grows && fails(control->allocate_error))
        return control->allocate_error;
    return real_fallocate(file, offset, size);
}

int posix_fallocate(int file, off_t offset, off_t size)
{
    return posix_fallocate64(file, offset, size);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int done = real_clock_gettime(clock, time);
    if (!done && clock == CLOCK_REALTIME && control) {
        int64_t now = time->tv_sec * 1000000000LL + time->tv_nsec + control->clock_offset;
        time->tv_sec = now / 1000000000LL;
        time->tv_nsec = now % 1000000000LL;
    }
    return done;
}

int gettimeofday(struct timeval *time, void *zone)
{
    int done = real_gettimeofday(time, zone);
    if (!done && control)
        time->tv_sec += control->clock_offset / 1000000000LL;
    return done;
}
