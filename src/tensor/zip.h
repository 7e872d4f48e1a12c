/* The container of .npz files: PKWARE's ZIP, as its APPNOTE.TXT 6.3 describes it. Headers
 * only, on host memory; members are stored or deflated, and may be larger than 4 GiB. */
#ifndef EAGER_TENSOR_ZIP_H
#define EAGER_TENSOR_ZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct eager__zip_member {
  char *name;            /* owned */
  uint64_t offset;       /* of its local header in the file */
  uint64_t packed, size; /* bytes in the file, and of the data */
  uint32_t crc;          /* of the data */
  bool is_deflated;      /* else stored */
  bool is_unreadable;    /* packed or encrypted in another way */
} eager__zip_member;

enum {
  EAGER__ZIP_LOCAL_SIZE = 30,        /* of a local header before its name */
  EAGER__ZIP_TAIL = 65535 + 22 + 20, /* the file's end: it holds what find_end wants */
};

/* --- Writing --- */

/* The local header, and what stands behind all members. Failures stay in `out`. */
void eager__zip_write_local(const eager__zip_member *member, eager__strbuf *out);
void eager__zip_write_end(const eager__zip_member *members, size_t count, uint64_t offset,
                          eager__strbuf *out);

/* --- Reading: DATA_LOSS for what is cut or damaged, INVALID_ARGUMENT for no ZIP file ---
 */

typedef struct eager__zip_end {
  uint64_t count, offset, size; /* members; where their directory lies */
  uint64_t wide_offset;         /* where to read the 56 bytes of the ZIP64 record, or 0 */
} eager__zip_end;

/* In the last `size` bytes of a file of `file_size`. */
eager_status eager__zip_find_end(const void *tail, size_t size, uint64_t file_size,
                                 eager__zip_end *out);
enum { EAGER__ZIP_WIDE_SIZE = 56 };
eager_status eager__zip_read_wide_end(const void *bytes, eager__zip_end *end);

/* The directory's `count` members; *out is allocated, one at least. */
eager_status eager__zip_read_directory(const void *bytes, size_t size, uint64_t count,
                                       eager__zip_member **out);
void eager__zip_free_members(eager__zip_member *members, size_t count);

/* Bytes from the beginning of the local header to the member's data. */
eager_status eager__zip_local_length(const void *local_header, uint64_t *out);

#endif
