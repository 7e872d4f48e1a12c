#include "runtime/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
  int code;
  eager_status status;
} statuses[] = {
    {ENOENT, EAGER_NOT_FOUND},
    {EACCES, EAGER_PERMISSION_DENIED},
    {EPERM, EAGER_PERMISSION_DENIED},
    {EROFS, EAGER_PERMISSION_DENIED},
    {EISDIR, EAGER_INVALID_ARGUMENT},
    {ENOTDIR, EAGER_INVALID_ARGUMENT},
    {ELOOP, EAGER_INVALID_ARGUMENT},
    {ENAMETOOLONG, EAGER_INVALID_ARGUMENT},
    {ENOSPC, EAGER_RESOURCE_EXHAUSTED},
    {EFBIG, EAGER_RESOURCE_EXHAUSTED},
    {EMFILE, EAGER_RESOURCE_EXHAUSTED},
    {ENFILE, EAGER_RESOURCE_EXHAUSTED},
    {ENOMEM, EAGER_RESOURCE_EXHAUSTED},
    {EDQUOT, EAGER_RESOURCE_EXHAUSTED},
    {EIO, EAGER_DATA_LOSS},
};

eager_status eager__file_fail(const char *doing, const char *path, int code) {
  eager_status status = EAGER_UNKNOWN;
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].code == code) status = statuses[i].status;
  char reason[128];
  if (strerror_r(code, reason, sizeof reason) != 0)
    snprintf(reason, sizeof reason, "error %d", code);
  return eager__fail(status, "cannot %s %s: %s", doing, path, reason);
}

eager_status eager__file_name(eager_status status, const char *path) {
  return eager__fail(status, "%s: %s", path, eager_error_message());
}

/* --- Writing --- */

static bool write_all(int file, const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t done = write(file, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    at += done;
    size -= (size_t)done;
  }
  return true;
}

/* A new file beside `path`, so that renaming it is atomic. */
static int create_beside(const char *path, eager__strbuf *name) {
  static atomic_uint number;
  for (;;) {
    eager__strbuf_free(name);
    eager__strbuf_format(name, "%s.%ld.%u.tmp", path, (long)getpid(),
                         atomic_fetch_add(&number, 1));
    if (name->failed) {
      errno = ENOMEM;
      return -1;
    }
    int file = open(name->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) return file;
  }
}

eager_status eager__file_create(eager__file_writer *writer, const char *path) {
  struct stat there;
  *writer = (eager__file_writer){.path = path, .file = -1};
  EAGER__REQUIRE(stat(path, &there) != 0 || S_ISREG(there.st_mode), EAGER_INVALID_ARGUMENT,
                 "cannot write %s: it is no regular file", path);
  writer->file = create_beside(path, &writer->name);
  if (writer->file >= 0) return EAGER_OK;
  int code = errno;
  eager__strbuf_free(&writer->name);
  return eager__file_fail("write", path, code);
}

void eager__file_write(eager__file_writer *writer, const void *data, size_t size) {
  if (writer->code == 0 && !write_all(writer->file, data, size)) writer->code = errno;
}

eager_status eager__file_commit(eager__file_writer *writer, bool keep) {
  int code = writer->code;
  if (keep && code == 0 && fsync(writer->file) != 0) code = errno;
  if (close(writer->file) != 0 && code == 0) code = errno;
  if (keep && code == 0 && rename(writer->name.text, writer->path) != 0) code = errno;
  if (!keep || code != 0) unlink(writer->name.text);
  eager__strbuf_free(&writer->name);
  return keep && code != 0 ? eager__file_fail("write", writer->path, code) : EAGER_OK;
}

/* --- Reading --- */

ssize_t eager__file_read(int file, void *data, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t got = read(file, (char *)data + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += (size_t)got;
  }
  return (ssize_t)have;
}

ssize_t eager__file_read_at(int file, void *data, size_t size, uint64_t offset) {
  size_t have = 0;
  while (have < size) {
    ssize_t got = pread(file, (char *)data + have, size - have, (off_t)(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += (size_t)got;
  }
  return (ssize_t)have;
}

bool eager__file_may_hold(int file, uint64_t offset, uint64_t size) {
  struct stat about;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return true;
  uint64_t length = (uint64_t)about.st_size;
  return length >= offset && length - offset >= size;
}
