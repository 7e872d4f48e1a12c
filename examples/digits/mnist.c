/* dataset_load_mnist: IDX files, as http://yann.lecun.com/exdb/mnist describes them: two
   zero bytes, a type (8: unsigned byte), the rank, each extent as 4 bytes big-endian, the
   values. */
#define _POSIX_C_SOURCE 200809L

#include "complain.h"
#include "dataset.h"
#include "file.h"
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  SIDE = 28,
  PIXELS = SIDE * SIDE,
  UNSIGNED_BYTE = 8,
  MAX_RANK = 3,
  LARGEST_COUNT = 1000000
};

typedef struct idx {
  unsigned char *bytes; /* the whole file */
  const unsigned char *values;
  int64_t dims[MAX_RANK];
} idx;

static int64_t read_extent(const unsigned char *b) {
  return (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
}

static bool check_idx(const char *path, size_t size, int rank, idx *file) {
  const unsigned char *b = file->bytes;
  size_t header_size = 4 + 4 * (size_t)rank;
  if (size < 4 || b[0] != 0 || b[1] != 0 || b[2] != UNSIGNED_BYTE || b[3] != rank) {
    return complain("%s: not an IDX file of unsigned bytes with %d dimensions", path, rank);
  }
  if (size < header_size) {
    return complain("%s: the IDX header is cut short", path);
  }
  for (int axis = 0; axis < rank; axis++) {
    file->dims[axis] = read_extent(b + 4 * ((size_t)axis + 1));
  }
  if (file->dims[0] < 1 || file->dims[0] > LARGEST_COUNT) {
    return complain("%s: %lld items, not 1 to %d", path, (long long)file->dims[0],
                    LARGEST_COUNT);
  }
  if (rank == 3 && (file->dims[1] != SIDE || file->dims[2] != SIDE)) {
    return complain("%s: images of %lld x %lld pixels, not %d x %d", path,
                    (long long)file->dims[1], (long long)file->dims[2], SIDE, SIDE);
  }
  size_t wanted = (size_t)file->dims[0] * (rank == 3 ? PIXELS : 1);
  if (size - header_size != wanted) {
    return complain("%s: the header promises %zu values, the file holds %zu", path, wanted,
                    size - header_size);
  }
  file->values = b + header_size;
  return true;
}

static bool read_idx(const char *path, int rank, idx *out) {
  size_t size;
  if (!file_read(path, &out->bytes, &size)) {
    return false;
  }
  if (!check_idx(path, size, rank, out)) {
    free(out->bytes);
    return false;
  }
  return true;
}

/* "folder/stem", or "folder/stem.gz" where only that exists. */
static bool load_idx(const char *folder, const char *stem, int rank, idx *out) {
  char packed[64];
  snprintf(packed, sizeof packed, "%s.gz", stem);
  char *plain_path = file_join(folder, stem), *packed_path = file_join(folder, packed);
  bool loaded = false;
  if (!plain_path || !packed_path) {
    complain("%s: out of memory", folder);
  } else if (access(plain_path, F_OK) == 0) {
    loaded = read_idx(plain_path, rank, out);
  } else if (access(packed_path, F_OK) == 0) {
    loaded = read_idx(packed_path, rank, out);
  } else {
    complain("%s: holds neither %s nor %s", folder, stem, packed);
  }
  free(plain_path);
  free(packed_path);
  return loaded;
}

static bool convert(const char *folder, const char *part, const idx *images,
                    const idx *labels, samples *out) {
  int64_t count = images->dims[0];
  if (labels->dims[0] != count) {
    return complain("%s: %lld %s images but %lld labels", folder, (long long)count, part,
                    (long long)labels->dims[0]);
  }
  for (int64_t i = 0; i < count; i++) {
    if (labels->values[i] >= CLASS_COUNT) {
      return complain("%s: the label of %s image %lld is %d, not 0 to %d", folder, part,
                      (long long)i, labels->values[i], CLASS_COUNT - 1);
    }
  }
  if (!samples_allocate(out, count, SIDE)) {
    return false;
  }
  for (int64_t i = 0; i < count * PIXELS; i++) {
    out->pixels[i] = (float)images->values[i] / 255.0f;
  }
  for (int64_t i = 0; i < count; i++) {
    out->labels[i] = labels->values[i];
  }
  return true;
}

static bool load_part(const char *folder, const char *part, samples *out) {
  char images_name[40], labels_name[40];
  snprintf(images_name, sizeof images_name, "%s-images-idx3-ubyte", part);
  snprintf(labels_name, sizeof labels_name, "%s-labels-idx1-ubyte", part);
  idx images, labels;
  if (!load_idx(folder, images_name, 3, &images)) {
    return false;
  }
  if (!load_idx(folder, labels_name, 1, &labels)) {
    free(images.bytes);
    return false;
  }
  bool loaded = convert(folder, part, &images, &labels, out);
  free(images.bytes);
  free(labels.bytes);
  return loaded;
}

bool dataset_load_mnist(const char *folder, dataset *out) {
  *out = (dataset){.side = SIDE};
  if (!file_is_folder(folder)) {
    return complain("%s: not a folder", folder);
  }
  if (!load_part(folder, "train", &out->train) || !load_part(folder, "t10k", &out->test)) {
    dataset_free(out);
    return false;
  }
  return true;
}
