/* .npz files: named .npy files in one archive. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/handles.h"
#include "eagercl/npy.h"
#include "runtime/files.h"
#include "runtime/npy_elements.h"
#include "runtime/runtime.h"
#include "tensor/zip.h"

struct eager_npz {
  char *path;
  int file;
  eager__zip_member *members; /* those whose name ends in .npy, without it */
  size_t count;
};

enum {
  LONGEST_NAME = 65000,
  LONGEST_HEADER = 1 << 20,
  PIECE = 1 << 16,
  MOST_INFLATED = 1032 /* of one byte */
};
static const char ending[] = ".npy";

static uint32_t checksum(uint32_t crc, const void *data, size_t size) {
  return (uint32_t)crc32_z(crc, data, size);
}

/* --- Saving --- */

static eager_status check_names(const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    EAGER__REQUIRE(names[i] && *names[i], EAGER_INVALID_ARGUMENT,
                   "names[%zu] is NULL or empty", i);
    EAGER__REQUIRE(strlen(names[i]) <= LONGEST_NAME, EAGER_INVALID_ARGUMENT,
                   "names[%zu] is longer than %d bytes", i, LONGEST_NAME);
    for (size_t k = 0; k < i; k++)
      EAGER__REQUIRE(strcmp(names[i], names[k]) != 0, EAGER_INVALID_ARGUMENT,
                     "names[%zu] and names[%zu] are both '%s'", k, i, names[i]);
  }
  return EAGER_OK;
}

static eager_status write_member(eager__file_writer *writer, const char *name,
                                 const eager_tensor *t, uint64_t *offset,
                                 eager__zip_member *out) {
  void *data;
  size_t size;
  eager__strbuf header = {0}, local = {0}, full_name = {0};
  eager_status status = eager__npy_from_tensor(t, &header, &data, &size);
  if (status == EAGER_OK) {
    eager__strbuf_format(&full_name, "%s%s", name, ending);
    *out = (eager__zip_member){.name = eager__strbuf_take(&full_name), .offset = *offset};
    out->size = out->packed = (uint64_t)header.size + size;
    out->crc = checksum(checksum(0, header.text, header.size), data, size);
    if (out->name) eager__zip_write_local(out, &local);
    if (!out->name || local.failed) status = eager__out_of_memory(strlen(name));
  }
  if (status == EAGER_OK) {
    eager__file_write(writer, local.text, local.size);
    eager__file_write(writer, header.text, header.size);
    eager__file_write(writer, data, size);
    *offset += local.size + out->size;
  }
  eager__strbuf_free(&header);
  eager__strbuf_free(&local);
  eager__free(data);
  return status;
}

static eager_status write_end(eager__file_writer *writer, const eager__zip_member *members,
                              size_t count, uint64_t offset) {
  eager__strbuf end = {0};
  eager__zip_write_end(members, count, offset, &end);
  bool failed = end.failed;
  if (!failed) eager__file_write(writer, end.text, end.size);
  eager__strbuf_free(&end);
  return failed ? eager__out_of_memory(count) : EAGER_OK;
}

eager_status eager_npz_save(const char *path, const char *const *names,
                            eager_tensor *const *tensors, size_t count) {
  eager__runtime *runtime;
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  EAGER__REQUIRE((names && tensors) || count == 0, EAGER_INVALID_ARGUMENT,
                 "names or tensors is NULL");
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__TRY(check_names(names, count));
  eager__zip_member *members = eager__alloc((count + 1) * sizeof *members);
  if (!members) return eager__out_of_memory(count * sizeof *members);
  eager__file_writer writer;
  eager_status status = eager__file_create(&writer, path);
  uint64_t offset = 0;
  if (status == EAGER_OK) {
    for (size_t i = 0; i < count && status == EAGER_OK; i++)
      status = write_member(&writer, names[i], tensors[i], &offset, &members[i]);
    if (status == EAGER_OK) status = write_end(&writer, members, count, offset);
    eager_status written = eager__file_commit(&writer, status == EAGER_OK);
    if (status == EAGER_OK) status = written;
  }
  eager__zip_free_members(members, count);
  return status;
}

/* --- Opening --- */

static eager_status read_piece(const eager_npz *npz, void *data, uint64_t size,
                               uint64_t offset) {
  if (eager__file_may_hold(npz->file, offset, size)) { /* else off_t may not hold it */
    ssize_t got = eager__file_read_at(npz->file, data, (size_t)size, offset);
    if (got < 0) return eager__file_fail("read", npz->path, errno);
    if ((uint64_t)got == size) return EAGER_OK;
  }
  EAGER__FAIL(EAGER_DATA_LOSS, "%s: the archive is damaged or cut short", npz->path);
}

/* What the archive's headers are refused for does not say which archive. */
static eager_status name_archive(const eager_npz *npz, eager_status status) {
  return status == EAGER_OK ? status : eager__file_name(status, npz->path);
}

static eager_status find_directory(const eager_npz *npz, eager__zip_end *out) {
  struct stat about;
  if (fstat(npz->file, &about) != 0) return eager__file_fail("read", npz->path, errno);
  EAGER__REQUIRE(S_ISREG(about.st_mode), EAGER_INVALID_ARGUMENT,
                 "cannot read %s: it is no regular file", npz->path);
  uint64_t length = (uint64_t)about.st_size;
  uint64_t size = length < EAGER__ZIP_TAIL ? length : EAGER__ZIP_TAIL;
  unsigned char *tail = eager__alloc((size_t)size + 1);
  if (!tail) return eager__out_of_memory((size_t)size);
  eager_status status = read_piece(npz, tail, size, length - size);
  if (status == EAGER_OK)
    status = name_archive(npz, eager__zip_find_end(tail, (size_t)size, length, out));
  eager__free(tail);
  if (status != EAGER_OK || !out->wide_offset) return status;
  unsigned char wide[EAGER__ZIP_WIDE_SIZE];
  EAGER__TRY(read_piece(npz, wide, sizeof wide, out->wide_offset));
  return name_archive(npz, eager__zip_read_wide_end(wide, out));
}

static eager_status read_directory(eager_npz *npz) {
  eager__zip_end end;
  EAGER__TRY(find_directory(npz, &end));
  void *bytes = eager__alloc((size_t)end.size + 1);
  if (!bytes) return eager__out_of_memory((size_t)end.size);
  eager_status status = read_piece(npz, bytes, end.size, end.offset);
  if (status == EAGER_OK)
    status = name_archive(
        npz, eager__zip_read_directory(bytes, (size_t)end.size, end.count, &npz->members));
  eager__free(bytes);
  if (status == EAGER_OK) npz->count = (size_t)end.count;
  return status;
}

/* What is no array is not ours to read. */
static void keep_arrays(eager_npz *npz) {
  size_t kept = 0;
  for (size_t i = 0; i < npz->count; i++) {
    eager__zip_member member = npz->members[i];
    size_t size = strlen(member.name), tail = sizeof ending - 1;
    if (size > tail && strcmp(member.name + size - tail, ending) == 0) {
      member.name[size - tail] = '\0';
      npz->members[kept++] = member;
    } else {
      eager__free(member.name);
    }
  }
  npz->count = kept;
}

static void clear(eager_npz *npz) {
  if (npz->file >= 0) close(npz->file);
  eager__zip_free_members(npz->members, npz->count);
  eager__free(npz->path);
}

eager_status eager_npz_load(const char *path, eager_npz **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(path, EAGER_INVALID_ARGUMENT, "path is NULL");
  eager_npz *npz = eager__alloc(sizeof *npz);
  if (!npz) return eager__out_of_memory(sizeof *npz);
  npz->file = -1;
  npz->path = eager__strdup(path);
  eager_status status = npz->path ? EAGER_OK : eager__out_of_memory(strlen(path));
  if (status == EAGER_OK && (npz->file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
    status = eager__file_fail("read", path, errno);
  if (status == EAGER_OK) status = read_directory(npz);
  if (status != EAGER_OK) {
    clear(npz);
    eager__free(npz);
    return status;
  }
  keep_arrays(npz);
  eager__handle_made(npz, EAGER__HANDLE_NPZ);
  *out = npz;
  return EAGER_OK;
}

void eager_npz_release(eager_npz *npz) {
  if (!npz) return;
  if (!eager__handle_is_live(npz, EAGER__HANDLE_NPZ)) {
    eager__handle_log(npz, "eager_npz_release: the archive");
    return;
  }
  clear(npz);
  eager__handle_free(npz, 0, "an archive", 0);
}

/* Getters answer for a released handle what they do for NULL. */
static bool is_usable(const eager_npz *npz) {
  if (!npz || eager__handle_is_live(npz, EAGER__HANDLE_NPZ)) return npz != NULL;
  (void)eager__handle_refuse(npz, "the archive");
  return false;
}

size_t eager_npz_count(const eager_npz *npz) {
  return is_usable(npz) ? npz->count : 0;
}

const char *eager_npz_name(const eager_npz *npz, size_t index) {
  return is_usable(npz) && index < npz->count ? npz->members[index].name : "";
}

/* --- Reading a member --- */

static eager_status damaged(const eager_npz *npz, const eager__zip_member *member) {
  EAGER__FAIL(EAGER_DATA_LOSS, "%s: member '%s' is damaged or cut short", npz->path,
              member->name);
}

static eager_status inflate_pieces(const eager_npz *npz, const eager__zip_member *member,
                                   uint64_t offset, z_stream *stream,
                                   unsigned char *piece) {
  uint64_t left = member->packed;
  for (int code = Z_OK; code != Z_STREAM_END;) {
    if (stream->avail_in == 0) {
      uint64_t size = left < PIECE ? left : PIECE;
      if (size == 0) return damaged(npz, member);
      EAGER__TRY(read_piece(npz, piece, size, offset + member->packed - left));
      stream->next_in = piece;
      stream->avail_in = (uInt)size;
      left -= size;
    }
    /* avail_out has 32 bits only. */
    uint64_t room = member->size - stream->total_out;
    stream->avail_out = room < UINT32_MAX ? (uInt)room : UINT32_MAX;
    code = inflate(stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return damaged(npz, member);
  }
  return stream->total_out == member->size ? EAGER_OK : damaged(npz, member);
}

static eager_status inflate_member(const eager_npz *npz, const eager__zip_member *member,
                                   uint64_t offset, unsigned char *out) {
  unsigned char *piece = eager__alloc(PIECE);
  if (!piece) return eager__out_of_memory(PIECE);
  z_stream stream = {.next_out = out};
  eager_status status = EAGER_OK;
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    status = eager__out_of_memory(PIECE);
  else
    status = inflate_pieces(npz, member, offset, &stream, piece);
  inflateEnd(&stream);
  eager__free(piece);
  return status;
}

/* The member's bytes, inflated and checked; *out is the caller's in any case. */
static eager_status read_member(const eager_npz *npz, const eager__zip_member *member,
                                unsigned char **out) {
  EAGER__REQUIRE(!member->is_unreadable, EAGER_UNIMPLEMENTED,
                 "%s: member '%s' is encrypted or neither stored nor deflated", npz->path,
                 member->name);
  unsigned char local[EAGER__ZIP_LOCAL_SIZE];
  uint64_t length;
  EAGER__TRY(read_piece(npz, local, sizeof local, member->offset));
  EAGER__TRY(name_archive(npz, eager__zip_local_length(local, &length)));
  uint64_t offset = member->offset + length;
  bool likely = member->is_deflated ? member->size / MOST_INFLATED <= member->packed
                                    : member->size == member->packed;
  if (!likely || !eager__file_may_hold(npz->file, offset, member->packed))
    return damaged(npz, member);
  if (member->size > LONGEST_HEADER) /* what no header is */
    EAGER__TRY(eager__npy_check_room(npz->path, member->size - LONGEST_HEADER));
  *out = eager__alloc((size_t)member->size + 1);
  if (!*out) return eager__out_of_memory((size_t)member->size);
  EAGER__TRY(member->is_deflated ? inflate_member(npz, member, offset, *out)
                                 : read_piece(npz, *out, member->size, offset));
  return checksum(0, *out, (size_t)member->size) == member->crc ? EAGER_OK
                                                                : damaged(npz, member);
}

static eager_status load_member(const eager_npz *npz, const eager__zip_member *member,
                                eager_dtype dtype, unsigned char **bytes,
                                eager_tensor **out) {
  eager__npy_header header;
  EAGER__TRY(read_member(npz, member, bytes));
  EAGER__TRY(
      name_archive(npz, eager__npy_read_header(*bytes, (size_t)member->size, &header)));
  EAGER__TRY(
      name_archive(npz, eager__npy_choose_dtype(member->name, "eager_npz_get_as(npz, name",
                                                dtype, &header)));
  size_t size = eager__npy_data_size(&header);
  if (size > member->size - header.data_offset) return damaged(npz, member);
  memmove(*bytes, *bytes + header.data_offset, size);
  void *data = *bytes;
  *bytes = NULL;
  return eager__npy_to_tensor(&header, data, out);
}

static eager_status get(const eager_npz *npz, const char *name, eager_dtype dtype,
                        eager_tensor **out) {
  eager__runtime *runtime;
  EAGER__REQUIRE(npz && name, EAGER_INVALID_ARGUMENT, "the archive or name is NULL");
  EAGER__TRY(eager__runtime_require_any(&runtime));
  if (!eager__handle_is_live(npz, EAGER__HANDLE_NPZ))
    return eager__handle_refuse(npz, "the archive");
  size_t i = npz->count; /* of equal names the last one written counts */
  while (i > 0 && strcmp(npz->members[i - 1].name, name) != 0) i--;
  EAGER__REQUIRE(i > 0, EAGER_NOT_FOUND, "%s has no array named '%s'", npz->path, name);
  unsigned char *bytes = NULL;
  eager_status status = load_member(npz, &npz->members[i - 1], dtype, &bytes, out);
  eager__free(bytes);
  return status;
}

eager_status eager_npz_get(const eager_npz *npz, const char *name, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  return get(npz, name, EAGER_DTYPE_INVALID, out);
}

eager_status eager_npz_get_as(const eager_npz *npz, const char *name, eager_dtype dtype,
                              eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(eager__dtype_is_valid(dtype), EAGER_INVALID_ARGUMENT,
                 "dtype must be one of enum eager_dtype, got %d", (int)dtype);
  return get(npz, name, dtype, out);
}
