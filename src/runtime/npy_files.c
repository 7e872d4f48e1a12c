/* .npy files, on top of the public doors: what they promise about modes, policies and
 * scopes holds here without a word. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "eagercl/npy.h"
#include "runtime/files.h"
#include "runtime/npy_elements.h"
#include "runtime/runtime.h"

/* No header we accept is longer; most are 128 bytes. */
enum { FIRST_READ = 4096, LONGEST_HEADER = 1 << 20 };

/* --- Saving --- */

static eager_status write_file(const char *path, const eager__strbuf *header,
                               const void *data, size_t size) {
  eager__file_writer writer;
  EAGER__TRY(eager__file_create(&writer, path));
  eager__file_write(&writer, header->text, header->size);
  eager__file_write(&writer, data, size);
  return eager__file_commit(&writer, true);
}

eager_status eager_npy_save(const char *path, const eager_tensor *t) {
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  void *data;
  size_t size;
  eager__strbuf header = {0};
  eager_status status = eager__npy_from_tensor(t, &header, &data, &size);
  if (status == EAGER_OK) status = write_file(path, &header, data, size);
  eager__strbuf_free(&header);
  eager__free(data);
  return status;
}

/* --- Loading --- */

/* The beginning of the file: its header, and what came along behind it. */
typedef struct beginning {
  char *bytes;
  size_t capacity, size;
} beginning;

static eager_status read_header(const char *path, int file, beginning *begin,
                                eager__npy_header *out) {
  for (size_t goal = FIRST_READ;; goal *= 4) {
    EAGER__TRY(eager__reserve(&begin->bytes, &begin->capacity, goal, 1));
    size_t wanted = goal - begin->size;
    ssize_t got = eager__file_read(file, begin->bytes + begin->size, wanted);
    if (got < 0) return eager__file_fail("read", path, errno);
    begin->size += (size_t)got;
    eager_status status = eager__npy_read_header(begin->bytes, begin->size, out);
    if (status == EAGER_OK) return EAGER_OK;
    bool all_read = (size_t)got < wanted || goal >= LONGEST_HEADER;
    if (status != EAGER_DATA_LOSS || all_read) return eager__file_name(status, path);
  }
}

static eager_status fail_short(const char *path, size_t size) {
  return eager__fail(EAGER_DATA_LOSS,
                     "%s: cut short: the header promises %zu bytes after it", path, size);
}

/* The elements as they stand in the file; *out is the caller's in any case. */
static eager_status read_elements(const char *path, int file, const beginning *begin,
                                  size_t offset, size_t size, void **out) {
  if (!eager__file_may_hold(file, offset, size)) return fail_short(path, size);
  EAGER__TRY(eager__npy_check_room(path, size));
  char *data = *out = eager__alloc(size + 1);
  if (!data) return eager__out_of_memory(size);
  size_t have = begin->size - offset < size ? begin->size - offset : size;
  memcpy(data, begin->bytes + offset, have);
  ssize_t got = eager__file_read(file, data + have, size - have);
  if (got < 0) return eager__file_fail("read", path, errno);
  return have + (size_t)got == size ? EAGER_OK : fail_short(path, size);
}

static eager_status load_from(const char *path, int file, eager_dtype dtype,
                              eager_tensor **out) {
  eager__npy_header header;
  beginning begin = {0};
  void *data = NULL;
  eager_status status = read_header(path, file, &begin, &header);
  if (status == EAGER_OK)
    status = eager__npy_choose_dtype(path, "eager_npy_load_as(path", dtype, &header);
  if (status == EAGER_OK)
    status = read_elements(path, file, &begin, header.data_offset,
                           eager__npy_data_size(&header), &data);
  eager__free(begin.bytes);
  if (status == EAGER_OK) return eager__npy_to_tensor(&header, data, out);
  eager__free(data);
  return status;
}

static eager_status load(const char *path, eager_dtype dtype, eager_tensor **out) {
  eager__runtime *runtime;
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  EAGER__TRY(eager__runtime_require_any(&runtime));
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return eager__file_fail("read", path, errno);
  eager_status status = load_from(path, file, dtype, out);
  close(file);
  return status;
}

eager_status eager_npy_load(const char *path, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  return load(path, EAGER_DTYPE_INVALID, out);
}

eager_status eager_npy_load_as(const char *path, eager_dtype dtype, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(eager__dtype_is_valid(dtype), EAGER_INVALID_ARGUMENT,
                 "dtype must be one of enum eager_dtype, got %d", (int)dtype);
  return load(path, dtype, out);
}
