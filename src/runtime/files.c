/* .npy files, on top of the public doors: what they promise about modes, policies and
 * scopes holds here without a word. */
#include "eagercl/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "runtime/runtime.h"
#include "tensor/npy.h"

/* No header we accept is longer; most are 128 bytes. */
enum { FIRST_READ = 4096, LONGEST_HEADER = 1 << 20 };

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

/* `cannot read w.npy: No such file or directory`; `code` is errno's. */
static eager_status fail_file(const char *doing, const char *path, int code) {
  eager_status status = EAGER_UNKNOWN;
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].code == code) status = statuses[i].status;
  char reason[128];
  if (strerror_r(code, reason, sizeof reason) != 0)
    snprintf(reason, sizeof reason, "error %d", code);
  return eager__fail(status, "cannot %s %s: %s", doing, path, reason);
}

/* The failure just recorded, with the file it is about. */
static eager_status name_file(eager_status status, const char *path) {
  return eager__fail(status, "%s: %s", path, eager_error_message());
}

/* --- Saving --- */

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

/* A new file beside `path`, so that renaming it is atomic. `name` is the caller's. */
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

static eager_status write_file(const char *path, const eager__strbuf *header,
                               const void *data, size_t size) {
  struct stat there;
  EAGER__REQUIRE(stat(path, &there) != 0 || S_ISREG(there.st_mode), EAGER_INVALID_ARGUMENT,
                 "cannot write %s: it is no regular file", path);
  eager__strbuf name = {0};
  int file = create_beside(path, &name), code = file < 0 ? errno : 0;
  if (file >= 0) {
    bool ok = write_all(file, header->text, header->size) && write_all(file, data, size) &&
              fsync(file) == 0;
    if (!ok) code = errno;
    if (close(file) != 0 && ok) code = errno;
    if (code == 0 && rename(name.text, path) != 0) code = errno;
    if (code != 0) unlink(name.text);
  }
  eager__strbuf_free(&name);
  return code == 0 ? EAGER_OK : fail_file("write", path, code);
}

eager_status eager_npy_save(const char *path, const eager_tensor *t) {
  eager__runtime *runtime;
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager_dtype dtype = eager_tensor_dtype(t);
  size_t size = eager_tensor_byte_size(t);
  eager__shape shape;
  EAGER__TRY(eager__shape_make(dtype, eager_tensor_rank(t), eager_tensor_dims(t), &shape));
  void *data = eager__alloc(size + 1);
  if (!data) return eager__out_of_memory(size);
  eager__strbuf header = {0};
  eager_status status = eager_tensor_to_host(t, data, size);
  if (status == EAGER_OK) status = eager__npy_write_header(dtype, &shape, &header);
  if (status == EAGER_OK) status = write_file(path, &header, data, size);
  eager__strbuf_free(&header);
  eager__free(data);
  return status;
}

/* --- Loading --- */

/* Reads until `size` bytes are there or the file ends; -1 and errno on failure. */
static ssize_t read_all(int file, void *data, size_t size) {
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
    ssize_t got = read_all(file, begin->bytes + begin->size, wanted);
    if (got < 0) return fail_file("read", path, errno);
    begin->size += (size_t)got;
    eager_status status = eager__npy_read_header(begin->bytes, begin->size, out);
    if (status == EAGER_OK) return EAGER_OK;
    bool all_read = (size_t)got < wanted || goal >= LONGEST_HEADER;
    if (status != EAGER_DATA_LOSS || all_read) return name_file(status, path);
  }
}

/* Asked before so much memory is taken. What is no regular file tells by ending early. */
static bool may_hold(int file, size_t offset, size_t size) {
  struct stat about;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return true;
  uint64_t length = (uint64_t)about.st_size;
  return length >= offset && length - offset >= size;
}

static eager_status fail_short(const char *path, size_t size) {
  return eager__fail(EAGER_DATA_LOSS,
                     "%s: cut short: the header promises %zu bytes after it", path, size);
}

/* The elements as they stand in the file; *out is the caller's in any case. */
static eager_status read_elements(const char *path, int file, const beginning *begin,
                                  size_t offset, size_t size, void **out) {
  if (!may_hold(file, offset, size)) return fail_short(path, size);
  char *data = *out = eager__alloc(size + 1);
  if (!data) return eager__out_of_memory(size);
  size_t have = begin->size - offset < size ? begin->size - offset : size;
  memcpy(data, begin->bytes + offset, have);
  ssize_t got = read_all(file, data + have, size - have);
  if (got < 0) return fail_file("read", path, errno);
  return have + (size_t)got == size ? EAGER_OK : fail_short(path, size);
}

/* Row-major and in native order; *data may be another block afterwards. */
static eager_status normalize(const eager__npy_header *header, size_t size, void **data) {
  if (!header->fortran_order && !eager__npy_is_foreign(header)) return EAGER_OK;
  void *normal = eager__alloc(size + 1);
  if (!normal) return eager__out_of_memory(size);
  eager__npy_normalize(header, *data, normal);
  eager__free(*data);
  *data = normal;
  return EAGER_OK;
}

/* `dtype`: as what to read it; EAGER_DTYPE_INVALID: as what it is. */
static eager_status choose_dtype(const char *path, eager_dtype dtype,
                                 eager__npy_header *header) {
  if (dtype == EAGER_DTYPE_INVALID) {
    EAGER__REQUIRE(
        header->dtype != EAGER_BFLOAT16, EAGER_UNIMPLEMENTED,
        "%s: elements of dtype V2 may be anything of 2 bytes; say what they are: "
        "eager_npy_load_as(path, EAGER_BFLOAT16, ...)",
        path);
    return EAGER_OK;
  }
  size_t size = eager_dtype_size(header->dtype);
  EAGER__REQUIRE(eager_dtype_size(dtype) == size, EAGER_INVALID_ARGUMENT,
                 "%s: cannot read elements of %zu bytes as %s, which has %zu", path, size,
                 eager_dtype_name(dtype), eager_dtype_size(dtype));
  header->dtype = dtype;
  return EAGER_OK;
}

static eager_status load_from(const char *path, int file, eager_dtype dtype,
                              eager_tensor **out) {
  eager__npy_header header;
  beginning begin = {0};
  void *data = NULL;
  eager_status status = read_header(path, file, &begin, &header);
  if (status == EAGER_OK) status = choose_dtype(path, dtype, &header);
  if (status == EAGER_OK) {
    size_t size =
        (size_t)eager__shape_elements(&header.shape) * eager_dtype_size(header.dtype);
    status = read_elements(path, file, &begin, header.data_offset, size, &data);
    if (status == EAGER_OK) status = normalize(&header, size, &data);
  }
  eager__free(begin.bytes);
  if (status == EAGER_OK)
    status = eager_tensor_from_host(header.dtype, header.shape.rank, header.shape.dims,
                                    data, out);
  eager__free(data);
  return status;
}

static eager_status load(const char *path, eager_dtype dtype, eager_tensor **out) {
  eager__runtime *runtime;
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  EAGER__TRY(eager__runtime_require(&runtime));
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail_file("read", path, errno);
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
