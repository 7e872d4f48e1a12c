/* Files: whole ones written beside their place and then renamed, and reads that go on after
 * an interruption. Failures have the path and the reason in their text. */
#ifndef EAGER_RUNTIME_FILES_H
#define EAGER_RUNTIME_FILES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"

/* `cannot read w.npy: No such file or directory`; `code` is errno's. */
eager_status eager__file_fail(const char *doing, const char *path, int code);

/* The failure just recorded, with the file it is about before it. */
eager_status eager__file_name(eager_status status, const char *path);

/* A file that replaces `path` only when all of it is written. The first failure sticks and
 * is what commit returns; then `path` is as it was. */
typedef struct eager__file_writer {
  const char *path;
  eager__strbuf name;
  int file, code;
} eager__file_writer;

eager_status eager__file_create(eager__file_writer *writer, const char *path);
void eager__file_write(eager__file_writer *writer, const void *data, size_t size);
/* Ends the writer; unless `keep`, what was written goes and nothing is recorded. */
eager_status eager__file_commit(eager__file_writer *writer, bool keep);

/* Reads until `size` bytes are there or the file ends; -1 and errno on failure. */
ssize_t eager__file_read(int file, void *data, size_t size);
ssize_t eager__file_read_at(int file, void *data, size_t size, uint64_t offset);

/* Whether a regular file is long enough: asked before so much memory is taken. What is no
 * regular file tells by ending early. */
bool eager__file_may_hold(int file, uint64_t offset, uint64_t size);

#endif
