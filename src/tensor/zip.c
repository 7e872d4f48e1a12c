#include "tensor/zip.h"

#include <string.h>

#include "base/alloc.h"

enum {
  LOCAL = 0x04034b50,
  ENTRY = 0x02014b50,
  END = 0x06054b50,
  WIDE_END = 0x06064b50,
  WIDE_LOCATOR = 0x07064b50,
  WIDE_FIELD = 1, /* the extra field with the sizes that 32 bits cannot hold */
  STORED = 0,
  DEFLATED = 8,
  FLAG_ENCRYPTED = 1,
  FLAG_UTF8 = 0x800,
  VERSION = 20,
  VERSION_WIDE = 45,
  ENTRY_SIZE = 46,
  END_SIZE = 22,
  LOCATOR_SIZE = 20,
  DATE = 1 << 5 | 1, /* 1980-01-01: the same tensors give the same file */
};
static const uint32_t too_wide = 0xffffffff;

/* --- Writing, little-endian whatever the machine --- */

static void put(eager__strbuf *out, uint64_t value, int bytes) {
  char text[8];
  for (int i = 0; i < bytes; i++) text[i] = (char)(value >> 8 * i & 0xff);
  eager__strbuf_add_bytes(out, text, (size_t)bytes);
}

static uint64_t narrow(uint64_t value) {
  return value < too_wide ? value : too_wide;
}

static int extra_size(uint64_t a, uint64_t b, uint64_t c) {
  int wide = (a >= too_wide) + (b >= too_wide) + (c >= too_wide);
  return wide ? 4 + 8 * wide : 0;
}

static void put_extra(eager__strbuf *out, uint64_t a, uint64_t b, uint64_t c) {
  int size = extra_size(a, b, c);
  if (!size) return;
  put(out, WIDE_FIELD, 2);
  put(out, (uint64_t)size - 4, 2);
  if (a >= too_wide) put(out, a, 8);
  if (b >= too_wide) put(out, b, 8);
  if (c >= too_wide) put(out, c, 8);
}

/* What local headers and the directory's entries have alike. */
static void put_common(eager__strbuf *out, const eager__zip_member *m, int extra) {
  put(out, extra ? VERSION_WIDE : VERSION, 2);
  put(out, FLAG_UTF8, 2);
  put(out, STORED, 2);
  put(out, 0, 2);
  put(out, DATE, 2);
  put(out, m->crc, 4);
  put(out, narrow(m->packed), 4);
  put(out, narrow(m->size), 4);
  put(out, strlen(m->name), 2);
  put(out, (uint64_t)extra, 2);
}

void eager__zip_write_local(const eager__zip_member *m, eager__strbuf *out) {
  bool wide = m->size >= too_wide; /* both sizes then: they are one field */
  put(out, LOCAL, 4);
  put_common(out, m, wide ? extra_size(m->size, m->packed, 0) : 0);
  eager__strbuf_add(out, m->name);
  if (wide) put_extra(out, m->size, m->packed, 0);
}

static void put_entry(eager__strbuf *out, const eager__zip_member *m) {
  put(out, ENTRY, 4);
  put(out, VERSION_WIDE, 2);
  put_common(out, m, extra_size(m->size, m->packed, m->offset));
  put(out, 0, 2); /* comment */
  put(out, 0, 2); /* disk */
  put(out, 0, 2); /* attributes, inner and outer */
  put(out, 0, 4);
  put(out, narrow(m->offset), 4);
  eager__strbuf_add(out, m->name);
  put_extra(out, m->size, m->packed, m->offset);
}

static void put_wide_end(eager__strbuf *out, size_t count, uint64_t offset, uint64_t size) {
  put(out, WIDE_END, 4);
  put(out, EAGER__ZIP_WIDE_SIZE - 12, 8);
  put(out, VERSION_WIDE, 2);
  put(out, VERSION_WIDE, 2);
  put(out, 0, 4);
  put(out, 0, 4);
  put(out, count, 8);
  put(out, count, 8);
  put(out, size, 8);
  put(out, offset, 8);
  put(out, WIDE_LOCATOR, 4);
  put(out, 0, 4);
  put(out, offset + size, 8);
  put(out, 1, 4);
}

void eager__zip_write_end(const eager__zip_member *members, size_t count, uint64_t offset,
                          eager__strbuf *out) {
  size_t begin = out->size;
  for (size_t i = 0; i < count; i++) put_entry(out, &members[i]);
  uint64_t size = out->size - begin;
  if (count >= 0xffff || offset + size >= too_wide) put_wide_end(out, count, offset, size);
  put(out, END, 4);
  put(out, 0, 4);
  put(out, count < 0xffff ? count : 0xffff, 2);
  put(out, count < 0xffff ? count : 0xffff, 2);
  put(out, narrow(size), 4);
  put(out, narrow(offset), 4);
  put(out, 0, 2);
}

/* --- Reading --- */

static uint64_t get(const unsigned char *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

static eager_status damaged(void) {
  return eager__fail(EAGER_DATA_LOSS, "the archive is damaged or cut short");
}

static bool fits(uint64_t offset, uint64_t size, uint64_t in) {
  return offset <= in && size <= in - offset;
}

eager_status eager__zip_find_end(const void *tail, size_t size, uint64_t file_size,
                                 eager__zip_end *out) {
  const unsigned char *bytes = tail;
  size_t at = size >= END_SIZE ? size - END_SIZE + 1 : 0;
  do {
    EAGER__REQUIRE(at > 0, EAGER_INVALID_ARGUMENT, "this is no .npz file");
    at--;
  } while (get(bytes + at, 4) != END || at + END_SIZE + get(bytes + at + 20, 2) != size);
  out->count = get(bytes + at + 10, 2);
  out->size = get(bytes + at + 12, 4);
  out->offset = get(bytes + at + 16, 4);
  out->wide_offset = 0;
  if (at >= LOCATOR_SIZE && get(bytes + at - LOCATOR_SIZE, 4) == WIDE_LOCATOR) {
    out->wide_offset = get(bytes + at - LOCATOR_SIZE + 8, 8);
    return fits(out->wide_offset, EAGER__ZIP_WIDE_SIZE, file_size) ? EAGER_OK : damaged();
  }
  return fits(out->offset, out->size, file_size) ? EAGER_OK : damaged();
}

eager_status eager__zip_read_wide_end(const void *bytes, eager__zip_end *end) {
  const unsigned char *at = bytes;
  if (get(at, 4) != WIDE_END) return damaged();
  end->count = get(at + 32, 8);
  end->size = get(at + 40, 8);
  end->offset = get(at + 48, 8);
  return end->offset <= end->wide_offset && end->size <= end->wide_offset - end->offset
             ? EAGER_OK
             : damaged();
}

/* Replaces what the 32-bit fields left out, in the order of the field. */
static eager_status read_extra(const unsigned char *extra, size_t size,
                               eager__zip_member *m) {
  uint64_t *wide[] = {&m->size, &m->packed, &m->offset};
  while (size >= 4) {
    size_t length = get(extra + 2, 2);
    if (length > size - 4) return damaged();
    const unsigned char *at = extra + 4, *end = at + length;
    for (int i = 0; i < 3 && get(extra, 2) == WIDE_FIELD; i++) {
      if (*wide[i] != too_wide) continue;
      if (end - at < 8) return damaged();
      *wide[i] = get(at, 8);
      at += 8;
    }
    size -= 4 + length;
    extra += 4 + length;
  }
  return EAGER_OK;
}

static eager_status read_entry(const unsigned char *at, size_t room, eager__zip_member *m,
                               size_t *out_length) {
  if (room < ENTRY_SIZE || get(at, 4) != ENTRY) return damaged();
  size_t name = get(at + 28, 2), extra = get(at + 30, 2), comment = get(at + 32, 2);
  *out_length = ENTRY_SIZE + name + extra + comment;
  if (*out_length > room) return damaged();
  uint64_t method = get(at + 10, 2);
  m->is_deflated = method == DEFLATED;
  m->is_unreadable =
      (method != STORED && method != DEFLATED) || (get(at + 8, 2) & FLAG_ENCRYPTED);
  m->crc = (uint32_t)get(at + 16, 4);
  m->packed = get(at + 20, 4);
  m->size = get(at + 24, 4);
  m->offset = get(at + 42, 4);
  m->name = eager__alloc(name + 1);
  if (!m->name) return eager__out_of_memory(name + 1);
  memcpy(m->name, at + ENTRY_SIZE, name);
  return read_extra(at + ENTRY_SIZE + name, extra, m);
}

eager_status eager__zip_read_directory(const void *bytes, size_t size, uint64_t count,
                                       eager__zip_member **out) {
  *out = NULL;
  if (count > size / ENTRY_SIZE) return damaged();
  size_t room = (size_t)(count ? count : 1) * sizeof **out, at = 0;
  eager__zip_member *members = eager__alloc(room);
  if (!members) return eager__out_of_memory(room);
  for (uint64_t i = 0; i < count; i++) {
    size_t length;
    eager_status status =
        read_entry((const unsigned char *)bytes + at, size - at, &members[i], &length);
    if (status != EAGER_OK) {
      eager__zip_free_members(members, (size_t)count);
      return status;
    }
    at += length;
  }
  *out = members;
  return EAGER_OK;
}

void eager__zip_free_members(eager__zip_member *members, size_t count) {
  for (size_t i = 0; members && i < count; i++) eager__free(members[i].name);
  eager__free(members);
}

eager_status eager__zip_local_length(const void *local_header, uint64_t *out) {
  const unsigned char *at = local_header;
  if (get(at, 4) != LOCAL) return damaged();
  *out = EAGER__ZIP_LOCAL_SIZE + get(at + 26, 2) + get(at + 28, 2);
  return EAGER_OK;
}
