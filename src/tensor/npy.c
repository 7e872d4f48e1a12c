#include "tensor/npy.h"

#include <inttypes.h>
#include <string.h>

#include "base/dtype.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC_SIZE = 6, ALIGNMENT = 64, LONGEST_WORD = 32 };

/* The header is the text of a Python dict; `at` moves over [at, end). */
typedef struct parser {
  const char *at, *end;
  bool has_descr, has_order, has_shape;
} parser;

static bool host_is_big_endian(void) {
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 0;
}

eager_status eager__npy_write_header(eager_dtype dtype, const eager__shape *shape,
                                     eager__strbuf *out) {
  const eager__dtype_row *row = eager__dtype(dtype);
  const char *order = row->size == 1 ? "|" : host_is_big_endian() ? ">" : "<";
  eager__strbuf dict = {0};
  eager__strbuf_format(&dict, "{'descr': '%s%s', 'fortran_order': False, 'shape': (", order,
                       row->npy);
  for (int i = 0; i < shape->rank; i++)
    eager__strbuf_format(&dict, i ? ", %" PRId64 : "%" PRId64, shape->dims[i]);
  eager__strbuf_add(&dict, shape->rank == 1 ? ",), }" : "), }");
  while ((MAGIC_SIZE + 4 + dict.size + 1) % ALIGNMENT != 0 && !dict.failed)
    eager__strbuf_add(&dict, " ");
  eager__strbuf_add(&dict, "\n");

  const unsigned char prefix[] = {1, 0, (unsigned char)dict.size,
                                  (unsigned char)(dict.size >> 8)};
  eager__strbuf_add_bytes(out, magic, MAGIC_SIZE);
  eager__strbuf_add_bytes(out, (const char *)prefix, sizeof prefix);
  eager__strbuf_add_bytes(out, eager__strbuf_text(&dict), dict.size);
  bool failed = dict.failed || out->failed;
  eager__strbuf_free(&dict);
  EAGER__REQUIRE(!failed, EAGER_RESOURCE_EXHAUSTED, "out of host memory");
  return EAGER_OK;
}

/* --- The dict. Each reader tells whether what it wants stood there. --- */

static void skip_blanks(parser *p) {
  while (p->at < p->end && strchr(" \t\r\n\f", *p->at) && *p->at) p->at++;
}

static bool read_sign(parser *p, char sign) {
  skip_blanks(p);
  if (p->at == p->end || *p->at != sign) return false;
  p->at++;
  return true;
}

/* A string of either quotes, without escapes. */
static bool read_string(parser *p, char word[LONGEST_WORD]) {
  skip_blanks(p);
  if (p->at == p->end || (*p->at != '\'' && *p->at != '"')) return false;
  const char quote = *p->at++;
  size_t size = 0;
  while (p->at < p->end && *p->at != quote) {
    if (*p->at < ' ' || *p->at > '~' || *p->at == '\\') return false;
    if (size + 1 == LONGEST_WORD) return false;
    word[size++] = *p->at++;
  }
  word[size] = '\0';
  return read_sign(p, quote);
}

static bool read_bool(parser *p, bool *out) {
  static const char *const words[] = {"False", "True"};
  skip_blanks(p);
  for (int i = 0; i < 2; i++) {
    size_t size = strlen(words[i]);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, words[i], size) != 0) continue;
    p->at += size;
    *out = i == 1;
    return true;
  }
  return false;
}

/* Python 2 wrote its long integers as `3L`. */
static bool read_extent(parser *p, int64_t *out) {
  skip_blanks(p);
  const char *start = p->at;
  int64_t value = 0;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
    int next = *p->at - '0';
    if (value > (INT64_MAX - next) / 10) return false;
    value = value * 10 + next;
  }
  if (p->at == start || (*start == '0' && p->at - start > 1)) return false;
  if (p->at < p->end && *p->at == 'L') p->at++;
  *out = value;
  return true;
}

static bool is_supported_descr(const char *descr, eager__npy_header *out) {
  if (!descr[0] || !strchr("<>|=", descr[0])) return false;
  out->big_endian = descr[0] == '>' || (descr[0] != '<' && host_is_big_endian());
  for (int dtype = 0; dtype < EAGER__DTYPE_END; dtype++) {
    const eager__dtype_row *row = eager__dtype((eager_dtype)dtype);
    if (row->kind == EAGER__KIND_NONE || strcmp(row->npy, descr + 1) != 0) continue;
    out->dtype = (eager_dtype)dtype;
    return true;
  }
  return false;
}

static eager_status read_descr(parser *p, eager__npy_header *out) {
  char descr[LONGEST_WORD];
  skip_blanks(p);
  EAGER__REQUIRE(p->at == p->end || *p->at != '[', EAGER_UNIMPLEMENTED,
                 "not supported: a .npy file of records");
  EAGER__REQUIRE(read_string(p, descr), EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: 'descr' is not a string");
  EAGER__REQUIRE(is_supported_descr(descr, out), EAGER_UNIMPLEMENTED,
                 "not supported: a .npy file of dtype '%s'", descr);
  return EAGER_OK;
}

/* `()`, `(2,)`, `(2, 3)`; `(2)` is no tuple. */
static eager_status read_shape(parser *p, eager__shape *out) {
  bool ok = read_sign(p, '('), comma = true, closed = false;
  out->rank = 0;
  while (ok && !(closed = read_sign(p, ')'))) {
    EAGER__REQUIRE(out->rank < EAGER__MAX_RANK, EAGER_UNIMPLEMENTED,
                   "not supported: a .npy file of more than %d dimensions",
                   EAGER__MAX_RANK);
    ok = comma && read_extent(p, &out->dims[out->rank++]);
    comma = read_sign(p, ',');
  }
  EAGER__REQUIRE(ok && closed && (out->rank != 1 || comma), EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: 'shape' is not a tuple of extents");
  return EAGER_OK;
}

static eager_status read_entry(parser *p, eager__npy_header *out) {
  char key[LONGEST_WORD];
  EAGER__REQUIRE(read_string(p, key) && read_sign(p, ':'), EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: not a dict of strings");
  if (strcmp(key, "descr") == 0 && !p->has_descr) {
    p->has_descr = true;
    return read_descr(p, out);
  }
  if (strcmp(key, "shape") == 0 && !p->has_shape) {
    p->has_shape = true;
    return read_shape(p, &out->shape);
  }
  EAGER__REQUIRE(strcmp(key, "fortran_order") == 0 && !p->has_order, EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: unexpected key '%s'", key);
  p->has_order = true;
  EAGER__REQUIRE(read_bool(p, &out->fortran_order), EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: 'fortran_order' is neither True nor False");
  return EAGER_OK;
}

static eager_status read_dict(parser *p, eager__npy_header *out) {
  bool closed = false, comma = true;
  EAGER__REQUIRE(read_sign(p, '{'), EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: it does not begin with '{'");
  while (!(closed = read_sign(p, '}')) && comma) {
    EAGER__TRY(read_entry(p, out));
    comma = read_sign(p, ',');
  }
  skip_blanks(p);
  EAGER__REQUIRE(closed && p->at == p->end, EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: it does not end after its dict");
  EAGER__REQUIRE(p->has_descr && p->has_order && p->has_shape, EAGER_INVALID_ARGUMENT,
                 "malformed .npy header: '%s' is missing",
                 !p->has_descr   ? "descr"
                 : !p->has_order ? "fortran_order"
                                 : "shape");
  return eager__shape_make(out->dtype, out->shape.rank, out->shape.dims, &out->shape);
}

eager_status eager__npy_read_header(const void *bytes, size_t size,
                                    eager__npy_header *out) {
  const unsigned char *text = bytes;
  size_t known = size < MAGIC_SIZE ? size : MAGIC_SIZE;
  EAGER__REQUIRE(memcmp(text, magic, known) == 0, EAGER_INVALID_ARGUMENT,
                 "not a .npy file: it does not begin with \\x93NUMPY");
  EAGER__REQUIRE(size >= MAGIC_SIZE + 2, EAGER_DATA_LOSS,
                 "the .npy file ends inside its header");
  int version = text[MAGIC_SIZE], minor = text[MAGIC_SIZE + 1];
  EAGER__REQUIRE(version >= 1 && version <= 3 && minor == 0, EAGER_UNIMPLEMENTED,
                 "not supported: a .npy file of version %d.%d", version, minor);

  size_t start = MAGIC_SIZE + 2 + (version == 1 ? 2 : 4), length = 0;
  for (size_t i = MAGIC_SIZE + 2; i < start && i < size; i++)
    length |= (size_t)text[i] << 8 * (i - MAGIC_SIZE - 2);
  EAGER__REQUIRE(size >= start && length <= size - start, EAGER_DATA_LOSS,
                 "the .npy file ends inside its header");
  const char *dict = (const char *)text + start;
  parser p = {.at = dict, .end = dict + length};
  eager__npy_header header = {.data_offset = start + length};
  EAGER__TRY(read_dict(&p, &header));
  *out = header;
  return EAGER_OK;
}

/* --- The elements. --- */

bool eager__npy_is_foreign(const eager__npy_header *header) {
  return eager_dtype_size(header->dtype) > 1 && header->big_endian != host_is_big_endian();
}

static void put_element(unsigned char *out, const unsigned char *in, size_t size,
                        bool swap) {
  if (!swap) {
    memcpy(out, in, size);
    return;
  }
  for (size_t i = 0; i < size; i++) out[i] = in[size - 1 - i];
}

void eager__npy_normalize(const eager__npy_header *header, const void *file_data,
                          void *out) {
  const eager__shape *shape = &header->shape;
  size_t size = eager_dtype_size(header->dtype);
  bool swap = eager__npy_is_foreign(header);
  int64_t elements = eager__shape_elements(shape);
  if (elements == 0) return;
  if (!swap && !header->fortran_order) {
    memcpy(out, file_data, (size_t)elements * size);
    return;
  }
  int64_t strides[EAGER__MAX_RANK], index[EAGER__MAX_RANK] = {0};
  for (int i = 0; i < shape->rank; i++) {
    int begin = header->fortran_order ? 0 : i + 1;
    strides[i] =
        eager__shape_product(shape, begin, header->fortran_order ? i : shape->rank);
  }
  const unsigned char *in = file_data;
  unsigned char *to = out;
  int64_t at = 0;
  for (int64_t n = 0; n < elements; n++, to += size) {
    put_element(to, in + (size_t)at * size, size, swap);
    for (int axis = shape->rank - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape->dims[axis]) break;
      at -= strides[axis] * shape->dims[axis];
      index[axis] = 0;
    }
  }
}
